"""What DescribeConfigs tells of a resource: every setting with its value, where that comes from, and its synonyms.

The documentation that an answer may carry is Kafka's own text, so it is null here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from kpybroker.config.loggers import Loggers
from kpybroker.config.settings import DEFAULT, DYNAMIC_DEFAULT, Settings, Synonym, row_of
from kpybroker.config.tables import broker, client_metrics, group, topic
from kpybroker.config.topics import topic_values
from kpybroker.config.values import CONFIG_TYPES, Row, default, parse, render

TOPIC, LOGGER, CLIENT_METRICS, GROUP = (
    1,
    6,
    7,
    8,
)  # Kafka's numbers for where a value comes from, beside those of a broker's
_UNKNOWN_TYPE = 0
_READ_ONLY = "read-only"


class Entry(NamedTuple):
    """One setting of an answer; the fields and numbers are DescribeConfigs'."""

    name: str
    value: str | None  # None where it is not set, and where it is not to be told
    read_only: bool
    config_source: int
    is_sensitive: bool
    synonyms: tuple[Synonym, ...]
    config_type: int
    documentation: str | None = None


def describe_topic(
    settings: Settings, overrides: Mapping[str, str], names: Collection[str] | None = None
) -> list[Entry]:
    """A topic that was given `overrides`; all of its settings, or those of `names`."""
    values = topic_values(settings, overrides)
    entries = []
    for name in _asked(topic.SETTINGS, names):
        if name in topic.INTERNAL and name not in overrides:
            continue
        broker_names = topic.SYNONYMS.get(name)
        inherited = settings.synonyms(broker_names[0][0]) if broker_names else []
        shown = overrides[name] if name in topic.INTERNAL else render(values[name])
        own = [(name, shown, TOPIC)] if name in overrides else []
        entries.append(_entry(name, topic.SETTINGS[name], shown, own + inherited))
    return entries


def describe_broker(settings: Settings, names: Collection[str] | None = None) -> list[Entry]:
    """A broker: all of Kafka's settings, and whatever else it was told."""
    told = [
        name
        for layer in (settings.static, settings.dynamic_default, settings.dynamic)
        for name in layer
        if name not in broker.SETTINGS or name in broker.INTERNAL
    ]
    known = [name for name in broker.SETTINGS if name not in broker.INTERNAL]
    return [_broker_entry(settings, name) for name in _asked(dict.fromkeys(known + told), names)]


def describe_brokers(settings: Settings, names: Collection[str] | None = None) -> list[Entry]:
    """What was set for every broker while they ran: the resource without a name."""
    entries = []
    for name in _asked(settings.dynamic_default, names):
        synonyms = [each for each in settings.synonyms(name) if each[2] == DYNAMIC_DEFAULT]
        entries.append(
            _entry(name, row_of(name), settings.dynamic_default[name], synonyms, settable=_is_settable(name))
        )
    return entries


def describe_group(
    settings: Settings, overrides: Mapping[str, str], names: Collection[str] | None = None
) -> list[Entry]:
    """A group that was given `overrides`."""
    entries = []
    for name in _asked(group.SETTINGS, names):
        row = group.SETTINGS[name]
        broker_name = group.SYNONYMS.get(name)
        inherited = settings.synonyms(broker_name) if broker_name else [(name, row[1], DEFAULT)]
        if name in overrides:
            entries.append(_own(name, row, overrides[name], GROUP, inherited))
        else:
            value = settings.value(broker_name) if broker_name else default(name, row)
            entries.append(_entry(name, row, render(value), inherited))
    return entries


def describe_client_metrics(overrides: Mapping[str, str], names: Collection[str] | None = None) -> list[Entry]:
    """A subscription to clients' metrics that was given `overrides`."""
    entries = []
    for name in _asked(client_metrics.SETTINGS, names):
        row = client_metrics.SETTINGS[name]
        if name in overrides:
            entries.append(_own(name, row, overrides[name], CLIENT_METRICS, []))
        else:
            entries.append(_entry(name, row, render(default(name, row)), []))
    return entries


def describe_loggers(loggers: Loggers, names: Collection[str] | None = None) -> list[Entry]:
    """The levels of a broker's loggers."""
    return [
        Entry(name, loggers.levels[name], False, LOGGER, False, (), _UNKNOWN_TYPE, documentation="")
        for name in _asked(loggers.levels, names)
    ]


def _asked(names: Iterable[str], wanted: Collection[str] | None) -> list[str]:
    """All of them where none is named, as Kafka does for null and for an empty list."""
    return [name for name in names if not wanted or name in wanted]


def _own(name: str, row: Row, text: str, source: int, inherited: list[Synonym]) -> Entry:
    shown = render(parse(name, row, text))
    return _entry(name, row, shown, [(name, shown, source), *inherited])


def _broker_entry(settings: Settings, name: str) -> Entry:
    synonyms = settings.synonyms(name)
    row = row_of(name)
    public = name in broker.SETTINGS and name not in broker.INTERNAL
    shown = render(settings.value(name)) if public else synonyms[0][1]
    return _entry(name, row, shown, synonyms, settable=_is_settable(name))


def _is_settable(name: str) -> bool:
    """While the broker runs; Kafka calls one for a single listener read-only."""
    row = broker.SETTINGS.get(name) or broker.DYNAMIC_ONLY.get(name)
    return row is not None and row[2] != _READ_ONLY


def _entry(name: str, row: Row | None, shown: str | None, synonyms: list[Synonym], *, settable: bool = True) -> Entry:
    """Kafka keeps to itself what is a password, and what it does not know."""
    sensitive = row is None or row[0] == "password"
    return Entry(
        name=name,
        value=None if sensitive else shown,
        read_only=not settable,
        config_source=synonyms[0][2] if synonyms else DEFAULT,
        is_sensitive=sensitive,
        synonyms=tuple((each, None if sensitive else text, source) for each, text, source in synonyms),
        config_type=CONFIG_TYPES[row[0]] if row else _UNKNOWN_TYPE,
    )
