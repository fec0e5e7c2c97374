"""The literal data of the settings against the definitions inside Apache Kafka 4.3.1 (its ConfigDefs, read in Java)."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.config import consistency, settings
from kpybroker.config.obeyed import OBEYED
from kpybroker.config.tables import broker, group, topic
from kpybroker.config.values import default, parse, render
from tests.config.catalog import catalog
from tests.config.golden import golden

KINDS = {"broker": 360, "topic": 34, "group": 17, "client_metrics": 3}
DEFINITIONS = golden("definitions")


def kafka_words(rule: tuple[Any, ...] | None) -> str | None:
    """A rule as Kafka's documentation writes it."""
    if rule is None:
        return None
    kind, *arguments = rule
    if kind == "range":
        least, most = ("" if each is None else str(each) for each in arguments)
        return f"[{least},...{',' + most if most else ''}]"
    if kind == "list":
        return f"[{', '.join(arguments[1:])}]" if arguments[1:] else ""
    return {
        "one of": f"[{', '.join(map(str, arguments))}]",
        "any case": f"(case insensitive) [{', '.join(map(str, arguments))}]",
        "filled": "non-empty string",
        "gzip level": "[1,...,9] or -1",
        "voters": "non-empty list",
        "addresses": "non-empty list",
        "throttled replicas": "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
        "offset reset": "[latest, earliest, by_duration:PnDTnHnMn.nS]",
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_as_kafka_defines_it(kind: str) -> None:
    """Name, type, default, internal or not, valid values, and (a broker's) when it may change: Kafka's, every one."""
    ours = {
        each.name: [
            each.type,
            each.default,
            each.internal,
            kafka_words(each.rule),
            each.update_mode if kind == "broker" else "",
        ]
        for each in catalog(kind).values()
    }
    theirs = {
        # "entry must be non null" can be said to no one who writes a text
        name: [*row[:3], None if row[3] == "non-null string" else row[3], row[4]]
        for name, row in DEFINITIONS[kind].items()
    }
    assert len(ours) == KINDS[kind]
    assert ours == theirs


def test_what_only_alter_configs_can_set() -> None:
    """Three quotas of replication exist as dynamic settings only, as in Kafka."""
    ours = {name: (row[0], row[1], kafka_words(row[3])) for name, row in broker.DYNAMIC_ONLY.items()}
    assert ours == {name: (row[0], row[1], row[3]) for name, row in DEFINITIONS["quota"].items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_is_valid_and_written_as_kafka_writes_it(kind: str) -> None:
    """A default passes its own rule, and comes back from its value in the very text of Kafka's definition."""
    for name, each in catalog(kind).items():
        row = (each.type, each.default, each.update_mode, each.rule)
        if each.default is not None:
            assert render(parse(name, row, each.default)) == each.default == render(default(name, row))


def test_synonyms_are_settings() -> None:
    """Every name that stands behind another is a setting of the broker's."""
    behind = [name for names in topic.SYNONYMS.values() for name, _ in names]
    behind += [*group.SYNONYMS.values(), *(name for names in broker.SYNONYMS.values() for name in names)]
    assert [name for name in behind if name not in broker.SETTINGS] == []
    assert [name for name in topic.SYNONYMS if name not in topic.SETTINGS] == []
    assert [name for name in group.SYNONYMS if name not in group.SETTINGS] == []


def test_what_holds_between_settings_names_settings() -> None:
    """Every name in the rules between settings, and in our own defaults, is a setting of Kafka's."""
    pairs = consistency._AT_MOST + consistency._LESS
    names = [name for pair in pairs for name in pair] + [*settings._OURS, *settings._FEW_NODES, *settings._FAST]
    assert [name for name in names if name not in broker.SETTINGS] == []


def test_what_is_obeyed_is_known() -> None:
    """The list of settings that have an effect names only settings of their kind, each once."""
    for kind, names in OBEYED.items():
        known = catalog(kind)
        assert sorted(set(names)) == sorted(names)
        assert [name for name in names if name not in known] == []
        assert {name for name, each in known.items() if each.effect} == set(names)


def test_passwords_are_sensitive() -> None:
    """The ten settings that Kafka keeps to itself."""
    assert sorted(name for name, each in catalog("broker").items() if each.sensitive) == [
        "delegation.token.secret.key",
        "sasl.jaas.config",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.client.credentials.client.secret",
        "ssl.key.password",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
        "ssl.keystore.password",
        "ssl.truststore.certificates",
        "ssl.truststore.password",
    ]
