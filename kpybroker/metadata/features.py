"""The feature levels of this cluster (KIP-584): what could be finalized, and what is, as far as it is served."""

from __future__ import annotations

from typing import NamedTuple


class Feature(NamedTuple):
    name: str
    first: int
    last: int


METADATA_VERSION, KRAFT_VERSION = "metadata.version", "kraft.version"
OLDEST_LEVEL = 7  # of metadata.version: Kafka 3.3 (MetadataVersion.MINIMUM_VERSION)
ELIGIBLE_LEADERS = "eligible.leader.replicas.version"
# Apache Kafka 4.3.1 has transaction.version, group.version, share.version and streams.version too: they are listed
# once the APIs behind them are served, for clients choose their protocol by them.
FEATURES = (
    Feature(ELIGIBLE_LEADERS, 0, 1),
    Feature(KRAFT_VERSION, 0, 1),
    Feature(METADATA_VERSION, OLDEST_LEVEL, 30),
)
FINALIZED = {ELIGIBLE_LEADERS: 1, METADATA_VERSION: 30}
# The levels of metadata.version that came with new records: no way leads back over one (MetadataVersion).
NEW_RECORDS = (8, 11, 13, 14, 15, 17, 23, 30)
