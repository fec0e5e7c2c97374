"""Every setting of a client metrics subscription as of Kafka 4.3.1."""

from __future__ import annotations

from kpybroker.config.values import Row

SETTINGS: dict[str, Row] = {
    "interval.ms": ("int", "300000", "cluster-wide", None),
    "match": ("list", "", "cluster-wide", ("list", True)),
    "metrics": ("list", "", "cluster-wide", ("list", True)),
}
