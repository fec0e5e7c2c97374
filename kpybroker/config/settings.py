"""What a broker was told: its static settings over Kafka's defaults, typed, with the names for one thing resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from kpybroker.config.consistency import hold_together
from kpybroker.config.tables import broker
from kpybroker.config.values import Row, Value, default, parse

DYNAMIC_BROKER, DYNAMIC_DEFAULT, STATIC, DEFAULT = 2, 3, 4, 5  # Kafka's numbers for where a value comes from

Synonym: TypeAlias = tuple[str, str | None, int]  # a name, its text (None: not to be told), where it comes from
_Number: TypeAlias = int  # in the class below the methods `int` and `list` hide the builtins
_Words: TypeAlias = tuple[str, ...]
_Synonyms: TypeAlias = list[Synonym]

_LISTENER_PREFIX = "listener.name."
_MECHANISM_SETTINGS = (  # after listener.name.<listener>. comes the SASL mechanism, then one of these
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
)
_HELD_AT_A_START = (
    "log.cleaner.min.compaction.lag.ms",
    "log.cleaner.max.compaction.lag.ms",
    "log.flush.interval.ms",
)
_FULL_REPLICAS = 3  # of Kafka's internal topics, where nobody says otherwise

# What a broker of ours is told before anyone tells it anything.
_OURS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listeners": "PLAINTEXT://127.0.0.1:9092",
}
_FEW_NODES = {  # on fewer than three nodes, or the internal topics could not be made
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
_FAST = {"group.initial.rebalance.delay.ms": "0"}  # a test's group need not wait for members that may still come


class Settings:
    """One broker's settings: what it was given, checked, and behind that the defaults.

    `static` is all that counts as given at the start, our own few included; `dynamic` is what was set while running
    for this broker, `dynamic_default` for every broker; `unknown` names what Kafka 4.3.1 does not know.
    """

    def __init__(
        self,
        overrides: Mapping[str, str],
        *,
        strict: bool = False,
        nodes: _Number = 1,
        dynamic: Mapping[str, str] | None = None,
        dynamic_default: Mapping[str, str] | None = None,
    ) -> None:
        self.strict = strict
        self.static = _static(overrides, strict, nodes)
        self.unknown: _Words = tuple(name for name in overrides if row_of(name) is None)
        self._overrides, self._nodes = overrides, nodes
        self.dynamic: Mapping[str, str] = dynamic or {}
        self.dynamic_default: Mapping[str, str] = dynamic_default or {}
        self.alterations = 0  # how often others were taken: who keeps what follows from them sees that they changed
        self._values: dict[str, Value] = {}
        self._texts = dict(self.static)
        for layer in (self.dynamic_default, self.dynamic):
            for name in layer:
                for synonym in broker.SYNONYMS.get(name, ()):
                    self._texts.pop(synonym, None)
            self._texts.update(layer)
        self._check(overrides)

    def told(self, *, dynamic: Mapping[str, str], dynamic_default: Mapping[str, str]) -> Settings:
        """Those of the same broker, were it told these while it runs; SettingError if they are not right."""
        return Settings(
            self._overrides, strict=self.strict, nodes=self._nodes, dynamic=dynamic, dynamic_default=dynamic_default
        )

    def take(self, told: Settings) -> None:
        """Goes on as `told`: whoever holds these settings reads the new values from now on."""
        self.dynamic, self.dynamic_default = told.dynamic, told.dynamic_default
        self._texts, self._values = told._texts, told._values
        self.alterations += 1

    def value(self, name: str) -> Value:
        """The value of one of Kafka's broker settings, None where it is not set and has no default."""
        try:
            return self._values[name]
        except KeyError:
            row = broker.SETTINGS[name]
            text = self._texts.get(name)
            value = default(name, row) if text is None else parse(name, row, text)
            self._values[name] = value
            return value

    def synonyms(self, name: str) -> _Synonyms:
        """All that speaks for a setting, the strongest first, other names for the same thing included."""
        names = _names_of(name)
        found: _Synonyms = []
        layers = ((DYNAMIC_BROKER, self.dynamic), (DYNAMIC_DEFAULT, self.dynamic_default), (STATIC, self.static))
        for source, layer in layers:
            found += [(each, layer[each], source) for each in names if each in layer]
        for each in names:
            row = broker.SETTINGS.get(each)
            if row is not None and row[1] is not None:
                found.append((each, row[1], DEFAULT))
        while found and found[0][0] != name:  # what another name says first is not said of this one
            del found[0]
        return found

    def _check(self, overrides: Mapping[str, str]) -> None:
        for layer in (overrides, self.dynamic_default, self.dynamic):
            for name, text in layer.items():
                row = row_of(name)
                if row is not None:
                    parse(name, row, text)
        given = self._texts
        if self.dynamic or self.dynamic_default:  # a running broker takes these however they are
            given = {name: text for name, text in given.items() if name not in _HELD_AT_A_START}
        hold_together(self.value, given)

    def text(self, name: str) -> str:
        value = self.value(name)
        assert isinstance(value, str), name
        return value

    def boolean(self, name: str) -> bool:
        value = self.value(name)
        assert isinstance(value, bool), name
        return value

    def double(self, name: str) -> float:
        value = self.value(name)
        assert isinstance(value, float), name
        return value

    def list(self, name: str) -> _Words:
        value = self.value(name)
        assert isinstance(value, tuple), name
        return value

    def int(self, name: str) -> _Number:
        value = self.value(name)
        assert isinstance(value, _Number), name
        return value


def row_of(name: str) -> Row | None:
    """What is known of a broker's setting; of one for a single listener, what is known of the setting behind it."""
    row = broker.SETTINGS.get(name) or broker.DYNAMIC_ONLY.get(name)
    if row is None and name.startswith(_LISTENER_PREFIX):
        return broker.SETTINGS.get(_names_of(name)[-1])
    return row


def _names_of(name: str) -> tuple[str, ...]:
    """All names that count for a setting, the strongest first."""
    names = broker.SYNONYMS.get(name)
    # log.flush.interval.ms falls back on the scheduler's interval; the scheduler's is a setting of its own.
    if names is not None:
        return names
    if not name.startswith(_LISTENER_PREFIX):
        return (name,)
    base = name.removeprefix(_LISTENER_PREFIX).partition(".")[2]
    for setting in _MECHANISM_SETTINGS:
        if base.endswith(setting):
            base = setting
    return (name, base) if base else (name,)


def _static(overrides: Mapping[str, str], strict: bool, nodes: int) -> dict[str, str]:
    static = {**_OURS, **(_FEW_NODES if nodes < _FULL_REPLICAS else {}), **({} if strict else _FAST), **overrides}
    one_id = overrides.get("node.id", overrides.get("broker.id", "1"))
    static.setdefault("node.id", one_id)
    static.setdefault("broker.id", one_id)
    return static
