"""What a broker lets itself be told while it runs: checked as by Kafka's DynamicBrokerConfig, given to Settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from kpybroker.config.listeners import listeners
from kpybroker.config.settings import Settings
from kpybroker.config.tables import broker, topic
from kpybroker.config.topics import topic_values
from kpybroker.config.values import Row, SettingError, Value, parse, refusal

READ_ONLY, PER_BROKER = "read-only", "per-broker"
_OF_ONE_LISTENER = re.compile(r"listener\.name\.[^.]*\.(.*)", re.DOTALL)
_LISTENERS_LIMITS = ("max.connections", "max.connection.creation.rate", "num.network.threads")
_KEYS_AND_CERTIFICATES = (  # org.apache.kafka.common.config.SslConfigs.RECONFIGURABLE_CONFIGS
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.truststore.certificates",
)
_POOLS = (
    "num.io.threads",
    "num.network.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "log.cleaner.threads",
    "remote.log.reader.threads",
    "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.follower.thread.pool.size",
)
_REPORTERS = ("org.apache.kafka.common.metrics.JmxReporter",)
_PROVIDERS = "config.providers"  # Kafka resolves other settings by them, and does not look at themselves
_ALL_DIRECTORIES = "*"
_KAFKAS_OWN = "org.apache.kafka."
_OF_LOGS = (*(name for names in topic.SYNONYMS.values() for name, _ in names), "cordoned.log.dirs")


def check_dynamic(settings: Settings, proposed: Mapping[str, str], *, one_broker: bool) -> None:
    """SettingError if a broker with these settings cannot be told so, for itself alone or for all brokers."""
    proposed = {name: text for name, text in proposed.items() if not name.startswith(_PROVIDERS)}
    fixed = [name for name in proposed if _mode(name) == READ_ONLY]
    if fixed:
        raise SettingError(f"Only a restart changes {', '.join(fixed)}")
    bare = [name for name in proposed if name in _KEYS_AND_CERTIFICATES]
    if bare:
        raise SettingError(f"While a broker runs, {', '.join(bare)} can be set for a single listener only")
    for name, text in proposed.items():
        _typed(name, text)
    single = [] if one_broker else [name for name in proposed if _is_of_one_broker(name)]
    if single:
        raise SettingError(f"Set for a single broker only, not for all of them: {', '.join(single)}")
    if one_broker:
        after = settings.told(dynamic=proposed, dynamic_default=settings.dynamic_default)
    else:
        after = settings.told(dynamic=settings.dynamic, dynamic_default=proposed)
    for check in (_threads, _connections, _logs, _reporters, _addresses):
        check(settings, after)


def applicable(overrides: Mapping[str, str], *, one_broker: bool) -> dict[str, str]:
    """What of the settings kept in the metadata log can be told to a broker: the rest is passed over."""
    return {
        name: text
        for name, text in overrides.items()
        if _mode(name) != READ_ONLY
        and name not in _KEYS_AND_CERTIFICATES
        and (one_broker or not _is_of_one_broker(name))
        and _is_typed(name, text)
    }


def tell(settings: Settings, one: Mapping[str, str], every: Mapping[str, str]) -> None:
    """Gives a broker what was set for it and for all; what does not go together is passed over, as Kafka does."""
    dynamic, dynamic_default = applicable(one, one_broker=True), applicable(every, one_broker=False)
    if (dynamic, dynamic_default) == (settings.dynamic, settings.dynamic_default):
        return
    try:
        settings.take(settings.told(dynamic=dynamic, dynamic_default=dynamic_default))
    except SettingError:
        return


def _known(name: str) -> Row | None:
    return broker.SETTINGS.get(name) or broker.DYNAMIC_ONLY.get(name)


def _mode(name: str) -> str | None:
    row = _known(name)
    return row[2] if row is not None else None


def _base(name: str) -> str:
    """The setting itself, of one that may be for a single listener."""
    found = _OF_ONE_LISTENER.fullmatch(name)
    return found[1] if found else name


def _is_of_one_broker(name: str) -> bool:
    base = _base(name)
    return base not in _LISTENERS_LIMITS if base != name else _mode(name) == PER_BROKER


def _typed(name: str, text: str) -> None:
    base = _base(name)
    row = _known(base)
    if row is None or row[2] == READ_ONLY:
        return
    value = parse(base, row, text)
    there = value == row[1] if base == "principal.builder.class" else str(value).startswith(_KAFKAS_OWN)
    if row[0] == "class" and not there:
        raise refusal(base, value, "there is no such class here")


def _is_typed(name: str, text: str) -> bool:
    try:
        _typed(name, text)
    except SettingError:
        return False
    return True


def _threads(before: Settings, after: Settings) -> None:
    """A pool of threads grows to its double at most, and shrinks to its half."""
    for name in _POOLS:
        _step(name, before.value(name), after.value(name))
    threads = "num.network.threads"
    for listener in _opened(before):
        name = f"listener.name.{listener.lower()}.{threads}"
        text = _told(after, name)
        if text is not None:
            row = broker.SETTINGS[threads]
            own = parse(threads, row, _told(before, name) or str(before.value(threads)))
            _step(name, own, parse(threads, row, text))


def _step(name: str, before: Value, after: Value) -> None:
    assert isinstance(before, int) and isinstance(after, int)
    if after != before and not max(1, before // 2) <= after <= before * 2:
        raise refusal(name, after, f"a running pool of {before} threads takes from {before // 2} to {before * 2}")


def _connections(before: Settings, after: Settings) -> None:
    """A limit that a start may set to nothing is at least 1 where it changes."""
    for setting in ("max.connections", "max.connection.creation.rate"):
        names = (setting, *(f"listener.name.{listener.lower()}.{setting}" for listener in _opened(before)))
        for name in names:
            text = _told(after, name)
            changed = text is not None and text != _told(before, name)
            if changed and parse(setting, broker.SETTINGS[setting], text or "") == 0:
                raise refusal(name, 0, "Value must be at least 1")


def _logs(before: Settings, after: Settings) -> None:
    if not _differ(before, after, _OF_LOGS):
        return
    directories = after.value("log.dirs") or after.value("log.dir") or ()
    assert isinstance(directories, tuple)
    cordoned = after.list("cordoned.log.dirs")
    for directory in cordoned if cordoned != (_ALL_DIRECTORIES,) else ():
        if directory not in directories:
            raise refusal("cordoned.log.dirs", directory, "not one of log.dirs")
    values = topic_values(after, {})
    for kept, local in (("retention.ms", "local.retention.ms"), ("retention.bytes", "local.retention.bytes")):
        most, given = values[kept], values[local]
        assert isinstance(most, int) and isinstance(given, int)
        if most >= 0 and (given == -1 or given > most):
            raise refusal(f"log.{local}", given, f"more than log.{kept}, {most}")


def _reporters(before: Settings, after: Settings) -> None:
    if _differ(before, after, ("metric.reporters",)):
        for name in after.list("metric.reporters"):
            if name not in _REPORTERS:
                raise refusal("metric.reporters", name, "there is no such class here")


def _addresses(before: Settings, after: Settings) -> None:
    """Listeners keep their names and protocols; Kafka could open further ones, this broker cannot."""
    if not _differ(before, after, ("listeners", "listener.security.protocol.map")):
        return
    mine, theirs = listeners(before), listeners(after)
    if {each.name: each.protocol for each in mine.opened} != {each.name: each.protocol for each in theirs.opened}:
        raise refusal("listeners", after.list("listeners"), "listeners come and go with a restart only")


def _told(settings: Settings, name: str) -> str | None:
    """What was set for it while the broker runs."""
    return settings.dynamic.get(name, settings.dynamic_default.get(name))


def _opened(settings: Settings) -> list[str]:
    return [each.partition("://")[0] for each in settings.list("listeners")]


def _differ(before: Settings, after: Settings, names: Iterable[str]) -> bool:
    value: Callable[[Settings, str], Value] = Settings.value
    return any(value(before, name) != value(after, name) for name in names)
