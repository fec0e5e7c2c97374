"""The feature levels of this cluster (KIP-584): what could be finalized, and what is, as far as it is served."""

from __future__ import annotations

from typing import NamedTuple


class Feature(NamedTuple):
    name: str
    first: int
    last: int


# Apache Kafka 4.3.1 has transaction.version, group.version, share.version and streams.version too: they are listed
# once the APIs behind them are served, for clients choose their protocol by them.
FEATURES = (
    Feature("eligible.leader.replicas.version", 0, 1),
    Feature("kraft.version", 0, 1),
    Feature("metadata.version", 7, 30),
)
FINALIZED = {"eligible.leader.replicas.version": 1, "metadata.version": 30}
