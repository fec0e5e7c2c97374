"""Every message, header and record in every version, against three codecs that are not ours.

`interpretive.py` walks Kafka's definitions and covers all of them; the generated codecs of kafka-python and kio are
asked wherever they know the message. What neither knows stands in `kafka_codec.txt` as Apache Kafka's own classes wrote
it. `test_who_covers_what` holds the table of it.
"""

from __future__ import annotations

import json
import pkgutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kpybroker.wire import apis, header, messages, schemas
from kpybroker.wire.compiler import WireError
from kpybroker.wire.declare import Versions, type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from tests.wire.interpretive import RENAMED, Definition, Tree, cases, definitions, releases, snake, span
from tests.wire.kafka_json import same
from tests.wire.others import KafkaPython, Kio

ALL = definitions()
KAFKA = [
    line.split(" ", 4)
    for line in (Path(__file__).parents[1] / "data" / "wire" / "kafka_codec.txt").read_text("utf-8").splitlines()
]
NAMES = sorted({definition["name"] for _, definition in ALL})
KAFKA_ALONE = {  # what 4.0 removed, and drafts of 3.9.1
    "AlterPartition": "0-1",
    "AlterReplicaLogDirs": "0",
    "ControlledShutdown": "0-3",
    "CreateAcls": "0",
    "CreateDelegationToken": "0",
    "CreateTopics": "0-1",
    "DeleteAcls": "0",
    "DeleteTopics": "0",
    "DescribeAcls": "0",
    "DescribeConfigs": "0",
    "DescribeDelegationToken": "0",
    "DescribeLogDirs": "0",
    "ExpireDelegationToken": "0",
    "Fetch": "0-3",
    "LeaderAndIsr": "0-7",
    "ListOffsets": "0",
    "OffsetCommit": "0-1",
    "OffsetFetch": "0",
    "OffsetForLeaderEpoch": "0-1",
    "Produce": "0-2",
    "RenewDelegationToken": "0",
    "ShareAcknowledge": "0",
    "ShareFetch": "0",
    "ShareGroupDescribe": "0",
    "ShareGroupHeartbeat": "0",
    "StopReplica": "0-4",
    "UpdateMetadata": "0-8",
    "WriteTxnMarkers": "0",
}


@cache
def classes() -> dict[str, type[Any]]:
    """Every message that the project declares, by name."""
    modules = [header]
    for package in (messages, schemas):
        found = pkgutil.iter_modules(package.__path__, package.__name__ + ".")
        modules += [import_module(module.name) for module in found]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and hasattr(value, "__message_type__")
    }


def ours(name: str) -> type[Any]:
    return classes()[RENAMED.get(name, name)]


def cases_of(name: str) -> Iterator[tuple[Definition, int, str, Tree, bytes]]:
    """(definition, version, style, value, bytes) of everything that the releases say of one message."""
    for release, definition in ALL:
        if definition["name"] == name:
            for case in cases(release, definition):
                yield definition, *case


def differences(value: Any, tree: Any, path: str = "") -> Iterator[str]:
    """Where a decoded value is not what the tree says."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            field = snake(name) if hasattr(value, snake(name)) else snake(RENAMED[name])
            yield from differences(getattr(value, field), inner, f"{path}.{field}")
    elif isinstance(tree, list):
        if len(value) != len(tree):
            yield f"{path}: {value!r} is not {tree!r}"
        for i, (one, other) in enumerate(zip(value, tree, strict=False)):
            yield from differences(one, other, f"{path}[{i}]")
    elif value != tree:
        yield f"{path}: {value!r} is not {tree!r}"


@pytest.mark.parametrize("name", NAMES)
def test_every_version_against_the_definitions(name: str) -> None:
    """What an interpreter of Kafka's definitions writes is read with every field at its value, and written again."""
    for definition, version, style, tree, data in cases_of(name):
        where = f"{name} v{version} {style}"
        value, end = decoder(ours(name), version)(memoryview(data), 0)
        assert end == len(data), where
        assert list(differences(value, tree)) == [], where
        assert encode(value, version) == data, where
        assert type_of(ours(name)).key == definition.get("apiKey", -1)


@pytest.mark.parametrize(
    ("other", "name"),
    [(other, name) for other in (KafkaPython, Kio) for name in NAMES if any(other.knows(name, v) for v in range(20))],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_version_against_other_codecs(other: Any, name: str) -> None:
    """kafka-python and kio read what we write, find the same values in it, and write it as we do."""
    for _, version, style, tree, data in cases_of(name):
        if other.knows(name, version) and style in other.styles:
            value, _ = decoder(ours(name), version)(memoryview(data), 0)
            written = encode(value, version)
            theirs = other.read(name, version, written)
            assert other.write(name, version, theirs) == written, f"{name} v{version} {style}"
            assert other.missing(theirs, tree) == [], f"{name} v{version} {style}"


@pytest.mark.parametrize("line", KAFKA, ids=lambda line: "-".join(line[:3]))
def test_the_rest_against_kafka_itself(line: list[str]) -> None:
    """Bytes by Kafka's own classes mean what Kafka says they mean, and are written again byte for byte."""
    _, name, version, data, said = line
    value, end = decoder(ours(name), int(version))(memoryview(bytes.fromhex(data)), 0)
    assert end == len(data) // 2
    assert same(value, json.loads(said))
    assert encode(value, int(version)).hex() == data


@pytest.mark.parametrize("name", NAMES)
def test_every_cut_is_an_error(name: str) -> None:
    """A message that ends early anywhere raises WireError with the message's name, and nothing else."""
    for _, version, style, _, data in cases_of(name):
        if style == "calm":
            decode = decoder(ours(name), version)
            for cut in range(len(data)):
                with pytest.raises(WireError, match=rf"^{ours(name).__name__} v{version} \S+: "):
                    decode(memoryview(data)[:cut], 0)


def test_all_versions_are_declared() -> None:
    """The declared versions are those of Kafka 4.3.1 and 3.9.1 together: no more, no fewer."""
    wanted: dict[str, set[int]] = {}
    flexible: dict[str, set[int]] = {}
    for _, definition in ALL:
        name = str(RENAMED.get(definition["name"], definition["name"]))
        versions = set(span(definition["validVersions"]))
        wanted.setdefault(name, set()).update(versions)
        flexible.setdefault(name, set()).update(versions & set(span(definition["flexibleVersions"])))
    declared = {name: type_of(made) for name, made in classes().items()}
    assert {name: set(range(of.versions.first, of.versions.last + 1)) for name, of in declared.items()} == wanted
    assert {name: {v for v in wanted[name] if v in of.flexible} for name, of in declared.items()} == flexible


def test_361_pairs() -> None:
    """Both releases together have 361 pairs of API key and version; each has a request and a response with its key."""
    pairs = {
        (definition["apiKey"], version)
        for release_definitions in releases().values()
        for definition in release_definitions
        if definition["type"] == "request"
        for version in span(definition["validVersions"])
    }
    assert len(pairs) == 361
    declared = {(key, version) for key in apis.APIS for version in of(apis.request_type(key))}
    assert declared == pairs
    for key, (_, name) in apis.APIS.items():
        for made, suffix in ((apis.request_type(key), "Request"), (apis.response_type(key), "Response")):
            assert (made.__name__, type_of(made).key) == (name + suffix, key)
            assert of(made) == of(apis.request_type(key))
        assert apis.name_of(key) == name
    assert apis.name_of(999) == "API 999"


def of(message: type[Any]) -> range:
    versions: Versions = type_of(message).versions
    return range(versions.first, versions.last + 1)


def test_who_covers_what() -> None:
    """Of the requests of 361 pairs both other codecs know 239, kio alone 63; Kafka itself wrote the other 59, named."""
    count: Counter[tuple[str, str]] = Counter()
    alone: dict[str, list[int]] = {}
    by_kafka = {(name, int(version)) for _, name, version, _, _ in KAFKA}
    everything = {(str(RENAMED.get(d["name"], d["name"])), v) for _, d in ALL for v in span(d["validVersions"])}
    for name, version in sorted(everything):
        kind = next((kind for kind in ("Request", "Response") if name.endswith(kind)), "record or header")
        codecs = [other.name for other in (KafkaPython, Kio) if other.knows(name, version)]
        codecs += ["Kafka"] if (name, version) in by_kafka else []
        count[kind, " and ".join(codecs)] += 1
        if codecs == ["Kafka"] and kind == "Request":
            alone.setdefault(name.removesuffix("Request"), []).append(version)
    assert alone == {name: list(span(versions)) for name, versions in KAFKA_ALONE.items()}
    assert count == {
        ("Request", "kafka-python and kio"): 239,
        ("Request", "kio"): 63,
        ("Request", "Kafka"): 59,
        ("Response", "kafka-python and kio"): 234,  # not ApiVersions
        ("Response", "kio"): 68,
        ("Response", "Kafka"): 59,
        ("record or header", "kio"): 21,
        ("record or header", "Kafka"): 104,
    }
