"""Every setting of a group as of Kafka 4.3.1, and the broker settings that give its defaults."""

from __future__ import annotations

from kpybroker.config.values import Row

# The broker setting that gives a group its default.
SYNONYMS: dict[str, str] = {
    "consumer.assignment.interval.ms": "group.consumer.assignment.interval.ms",
    "consumer.heartbeat.interval.ms": "group.consumer.heartbeat.interval.ms",
    "consumer.session.timeout.ms": "group.consumer.session.timeout.ms",
    "share.assignment.interval.ms": "group.share.assignment.interval.ms",
    "share.delivery.count.limit": "group.share.delivery.count.limit",
    "share.heartbeat.interval.ms": "group.share.heartbeat.interval.ms",
    "share.partition.max.record.locks": "group.share.partition.max.record.locks",
    "share.record.lock.duration.ms": "group.share.record.lock.duration.ms",
    "share.session.timeout.ms": "group.share.session.timeout.ms",
    "streams.assignment.interval.ms": "group.streams.assignment.interval.ms",
    "streams.heartbeat.interval.ms": "group.streams.heartbeat.interval.ms",
    "streams.initial.rebalance.delay.ms": "group.streams.initial.rebalance.delay.ms",
    "streams.num.standby.replicas": "group.streams.num.standby.replicas",
    "streams.session.timeout.ms": "group.streams.session.timeout.ms",
}

SETTINGS: dict[str, Row] = {
    "consumer.assignment.interval.ms": ("int", "1000", "cluster-wide", ("range", 0, None)),
    "consumer.heartbeat.interval.ms": ("int", "5000", "cluster-wide", ("range", 1, None)),
    "consumer.session.timeout.ms": ("int", "45000", "cluster-wide", ("range", 1, None)),
    "share.assignment.interval.ms": ("int", "1000", "cluster-wide", ("range", 0, None)),
    "share.auto.offset.reset": ("string", "latest", "cluster-wide", ("offset reset",)),
    "share.delivery.count.limit": ("int", "5", "cluster-wide", ("range", 2, None)),
    "share.heartbeat.interval.ms": ("int", "5000", "cluster-wide", ("range", 1, None)),
    "share.isolation.level": (
        "string",
        "read_uncommitted",
        "cluster-wide",
        ("one of", "read_committed", "read_uncommitted"),
    ),
    "share.partition.max.record.locks": ("int", "2000", "cluster-wide", ("range", 100, None)),
    "share.record.lock.duration.ms": ("int", "30000", "cluster-wide", ("range", 1000, None)),
    "share.renew.acknowledge.enable": ("boolean", "true", "cluster-wide", None),
    "share.session.timeout.ms": ("int", "45000", "cluster-wide", ("range", 1, None)),
    "streams.assignment.interval.ms": ("int", "1000", "cluster-wide", ("range", 0, None)),
    "streams.heartbeat.interval.ms": ("int", "5000", "cluster-wide", ("range", 1, None)),
    "streams.initial.rebalance.delay.ms": ("int", "3000", "cluster-wide", ("range", 0, None)),
    "streams.num.standby.replicas": ("int", "0", "cluster-wide", ("range", 0, None)),
    "streams.session.timeout.ms": ("int", "45000", "cluster-wide", ("range", 1, None)),
}
