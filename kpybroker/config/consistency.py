"""What settings must hold between each other, as a broker of Kafka 4.3.1 demands at its start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kpybroker.config.values import SettingError, Value, host_counts, refusal

_GROUP_KINDS = ("consumer", "share", "streams")
_INTERVALS = ("heartbeat.interval", "session.timeout", "assignment.interval")


def _between(kind: str, setting: str) -> tuple[tuple[str, str], ...]:
    """A setting of groups stays between its least and its most."""
    least, mine, most = f"group.{kind}.min.{setting}", f"group.{kind}.{setting}", f"group.{kind}.max.{setting}"
    return (least, most), (least, mine), (mine, most)


# The first is at most the second.
_AT_MOST = (
    *(pair for kind in _GROUP_KINDS for interval in _INTERVALS for pair in _between(kind, f"{interval}.ms")),
    *(
        pair
        for limit in ("record.lock.duration.ms", "delivery.count.limit", "partition.max.record.locks")
        for pair in _between("share", limit)
    ),
    ("group.streams.num.standby.replicas", "group.streams.max.standby.replicas"),
    ("group.share.max.size", "group.share.max.share.sessions"),
    ("log.cleaner.min.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms"),
    ("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
)
_LESS = (
    *((f"group.{kind}.heartbeat.interval.ms", f"group.{kind}.session.timeout.ms") for kind in _GROUP_KINDS),
    ("connection.failed.authentication.delay.ms", "connections.max.idle.ms"),
)
# Bounds that stand in no definition: they come up when what was read is put to use.
_BOUNDS: dict[str, tuple[int, int]] = {
    "log.roll.ms": (1, 2**63 - 1),
    "log.roll.jitter.ms": (0, 2**63 - 1),
    "log.flush.interval.ms": (0, 2**63 - 1),
    "log.flush.scheduler.interval.ms": (0, 2**63 - 1),
    "log.cleaner.threads": (1, 2**31 - 1),
    "offsets.topic.compression.codec": (0, 4),
    "share.coordinator.state.topic.compression.codec": (0, 4),
}
_ASSIGNORS = {"group.consumer.assignors": ("uniform", "range"), "group.share.assignors": ("simple",)}
_RETENTIONS = ("log.retention.ms", "log.retention.minutes", "log.retention.hours")


def hold_together(value: Callable[[str], Value], given: Mapping[str, str]) -> None:
    """SettingError for the first that does not hold among the settings that were given."""
    for small, large in _AT_MOST:
        if (small in given or large in given) and _number(value, small) > _number(value, large):
            raise _conflict(value, given, small, large)
    for small, large in _LESS:
        if (small in given or large in given) and 0 <= _number(value, large) <= _number(value, small):
            raise refusal(small, value(small), f"Value must be less than {large}, {value(large)}")
    for name, (least, most) in _BOUNDS.items():
        if name in given and not least <= _number(value, name) <= most:
            raise refusal(name, value(name), f"Value must be at least {least}, and no more than {most}")
    retention = next((name for name in _RETENTIONS if name in given), None)
    if retention is not None and value(retention) == 0:
        raise refusal(retention, 0, "Value must be at least 1, or -1 for no limit")
    if value("node.id") != value("broker.id"):
        raise refusal("node.id", value("node.id"), f"Value must be that of broker.id, {value('broker.id')}")
    if "group.coordinator.rebalance.protocols" in given:
        protocols = value("group.coordinator.rebalance.protocols")
        if isinstance(protocols, tuple) and "classic" not in protocols:
            raise refusal("group.coordinator.rebalance.protocols", protocols, "classic cannot be left out")
    _buffers(value, given)
    _membership(value, given)


def _buffers(value: Callable[[str], Value], given: Mapping[str, str]) -> None:
    queued, largest = "queued.max.request.bytes", "socket.request.max.bytes"
    if (queued in given or largest in given) and 0 < _number(value, queued) < _number(value, largest):
        raise _conflict(value, given, largest, queued)
    buffer, threads = "log.cleaner.dedupe.buffer.size", "log.cleaner.threads"
    each = int(_number(value, buffer)) // int(_number(value, threads))
    if (buffer in given or threads in given) and each <= 1 << 20:
        raise refusal(buffer, value(buffer), "Value must be more than 1 MiB for each of log.cleaner.threads")
    per_address, exceptions = "max.connections.per.ip", "max.connections.per.ip.overrides"
    counts = host_counts(exceptions, str(value(exceptions))) if exceptions in given else {}
    if per_address in given and value(per_address) == 0 and not counts:
        raise refusal(per_address, 0, f"Value can be 0 only where {exceptions} is set")


def _membership(value: Callable[[str], Value], given: Mapping[str, str]) -> None:
    """What may name only what there is: assignors, log directories, this node among the voters."""
    for name, known in _ASSIGNORS.items():
        for assignor in _words(value, name) if name in given else ():
            if assignor not in known and "." not in assignor:  # with dots it may be a class of the user's own
                raise refusal(name, assignor, f"Assignor must be one of: {', '.join(known)}, or the name of a class")
    if "group.share.assignors" in given and len(_words(value, "group.share.assignors")) > 1:
        raise refusal("group.share.assignors", value("group.share.assignors"), "There can be one assignor only")
    cordoned = _words(value, "cordoned.log.dirs") if "cordoned.log.dirs" in given else ()
    directories = _words(value, "log.dirs") or _words(value, "log.dir")
    if cordoned != ("*",):
        for directory in cordoned:
            if directory not in directories:
                raise refusal("cordoned.log.dirs", directory, "Directory is not in log.dirs, and * stands alone")
    voters = [int(voter.partition("@")[0]) for voter in _words(value, "controller.quorum.voters")]
    if voters and "controller" in _words(value, "process.roles") and int(_number(value, "node.id")) not in voters:
        raise refusal("node.id", value("node.id"), "A controller must be one of controller.quorum.voters")


def _words(value: Callable[[str], Value], name: str) -> tuple[str, ...]:
    words = value(name)
    return words if isinstance(words, tuple) else ()


def _number(value: Callable[[str], Value], name: str) -> int | float:
    number = value(name)
    assert isinstance(number, int | float), name
    return number


def _conflict(value: Callable[[str], Value], given: Mapping[str, str], small: str, large: str) -> SettingError:
    """The setting to name is one that was given."""
    if small in given:
        return refusal(small, value(small), f"Value must be no more than {large}, {value(large)}")
    return refusal(large, value(large), f"Value must be at least {small}, {value(small)}")
