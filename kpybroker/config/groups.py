"""A group's settings: its own over the broker's, held within the bounds that the broker sets (Kafka's GroupConfig)."""

from __future__ import annotations

from collections.abc import Mapping

from kpybroker.config.settings import Settings
from kpybroker.config.tables import group
from kpybroker.config.values import SettingError, Value, default, parse, refusal

_KINDS = ("consumer", "share", "streams")
_BOUNDED = (
    *((kind, setting) for kind in _KINDS for setting in ("heartbeat.interval.ms", "session.timeout.ms")),
    ("share", "record.lock.duration.ms"),
    ("share", "delivery.count.limit"),
    ("share", "partition.max.record.locks"),
)
_STANDBY, _MOST_STANDBY = "streams.num.standby.replicas", "group.streams.max.standby.replicas"


def check_group(settings: Settings, overrides: Mapping[str, str]) -> None:
    """SettingError if Kafka refuses a group these settings of its own."""
    for name in overrides:
        if name not in group.SETTINGS:
            raise SettingError(f"Unknown group config name: {name}")
    values = {name: _value(settings, overrides, name) for name in group.SETTINGS}
    for kind, setting in _BOUNDED:
        _within(settings, values, kind, setting)
    for kind in _KINDS:
        if f"{kind}.assignment.interval.ms" in overrides:
            _within(settings, values, kind, "assignment.interval.ms")
    standby, most = _number(values[_STANDBY]), settings.int(_MOST_STANDBY)
    if standby > most:
        raise refusal(_STANDBY, standby, f"Value must be no more than {_MOST_STANDBY}, {most}")
    for kind in _KINDS:
        beat, session = f"{kind}.heartbeat.interval.ms", f"{kind}.session.timeout.ms"
        if _number(values[session]) <= _number(values[beat]):
            raise refusal(session, values[session], f"Value must be more than {beat}, {values[beat]}")


def _value(settings: Settings, overrides: Mapping[str, str], name: str) -> Value:
    row = group.SETTINGS[name]
    if name in overrides:
        return parse(name, row, overrides[name])
    broker_name = group.SYNONYMS.get(name)
    return settings.value(broker_name) if broker_name else default(name, row)


def _within(settings: Settings, values: Mapping[str, Value], kind: str, setting: str) -> None:
    name = f"{kind}.{setting}"
    least, most = settings.int(f"group.{kind}.min.{setting}"), settings.int(f"group.{kind}.max.{setting}")
    if not least <= _number(values[name]) <= most:
        raise refusal(name, values[name], f"Value must be between the broker's bounds, {least} and {most}")


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value
