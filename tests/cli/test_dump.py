"""`kpybroker dump`: held against what Apache Kafka's own tool prints of the same files."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kpybroker.cli.main import command
from kpybroker.wire.legacy import build_message, build_set
from kpybroker.wire.records import Record, build
from tests.conftest import ROOT

DATA = ROOT / "tests" / "data" / "inspection"
KAFKA = DATA / "kafka"
STORAGE = ROOT / "tests" / "data" / "storage"
ENVIRONMENT = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
JSON = json.JSONDecoder()


def dump(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["dump", *map(str, arguments)])


def rows(*arguments: str | Path) -> list[dict[str, Any]]:
    ended = dump("--json", *arguments)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]


@cache
def golden(name: str) -> dict[str, list[str]]:
    """What kafka-dump-log printed of each file."""
    found: dict[str, list[str]] = {}
    for line in gzip.decompress((DATA / f"{name}.txt.gz").read_bytes()).decode().splitlines():
        if line.startswith("Dumping "):
            lines = found[line.removeprefix("Dumping ")] = []
        else:
            lines.append(line)
    return found


def files(*suffixes: str, name: str = "plain") -> list[str]:
    return sorted(path for path in golden(name) if path.endswith(suffixes))


def numbers(line: str) -> dict[str, Any]:
    """`name: value` pairs of a line, as JSON has them."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r"(\w+): (\S+)", line):
        if value == "OptionalLong.empty":
            found[name] = None
        elif inside := re.fullmatch(r"OptionalLong\[(\d+)\]", value):
            found[name] = int(inside[1])
        elif re.fullmatch(r"-?\d+", value):
            found[name] = int(value)
        else:
            found[name] = {"true": True, "false": False}.get(value, value)
    return found


def as_kafka(row: dict[str, Any]) -> dict[str, Any]:
    """A batch of ours with the one name that Kafka's tool has another for."""
    told = {name: value for name, value in row.items() if name not in ("kind", "file", "timestampType", "maxTimestamp")}
    return {**told, row["timestampType"]: row["maxTimestamp"]}


@pytest.mark.parametrize("path", files(".log", ".checkpoint"))
def test_batches_and_records_are_those_that_kafka_sees(path: str) -> None:
    """Offsets, positions, sizes, sequences, codecs, timestamps, CRCs and flags of every batch and record."""
    found = rows("--records", KAFKA / path)
    kafkas = [line for line in golden("plain")[path] if line.startswith(("baseOffset", "|"))]
    assert len(found) == len(kafkas)
    timestamp = ""
    for ours, line in zip(found, kafkas, strict=True):
        if line.startswith("baseOffset"):
            assert as_kafka(ours) == numbers(line)
            timestamp = ours["timestampType"]
        else:
            told = numbers(line.partition(" headerKeys:")[0])
            wanted = {name: ours[name] for name in ("offset", "keySize", "valueSize", "sequence")}
            assert {**wanted, timestamp: ours["timestamp"]} == told
            keys = ",".join([each["key"] for each in ours["headers"]])
            assert f"headerKeys: [{keys}]" in line
            if "control" in ours:
                assert_same_control(ours["control"], line)


def assert_same_control(ours: dict[str, Any], line: str) -> None:
    kind, data = ours["type"], ours["data"]
    if kind in ("ABORT", "COMMIT"):
        assert f"endTxnMarker: {kind} coordinatorEpoch: {data['coordinatorEpoch']}" in line
    else:
        told, _ = JSON.raw_decode(line[line.index("{") :])
        assert data == told
        assert kind.replace("_", "").lower() in line.lower()


def contents(line: str) -> Iterator[Any]:
    """What the decoders of Kafka's tool printed of a key and a value; None for a value that is none."""
    for name in ("key", "payload"):
        begin = line.find(f" {name}: ")
        if begin >= 0:
            text = line[begin + len(name) + 3 :]
            yield None if text.startswith("<DELETE>") else JSON.raw_decode(text)[0]


def assert_same(ours: Any, kafkas: Any) -> None:
    """Fields and values are the same; bytes are base64 there, and here only where they are no text."""
    if isinstance(kafkas, dict):
        ours = {name: value for name, value in ours.items() if name in kafkas or name != "version"}
        assert ours.keys() == kafkas.keys()
        for name, value in kafkas.items():
            assert_same(ours[name], value)
    elif isinstance(kafkas, list):
        assert len(ours) == len(kafkas)
        for one, other in zip(ours, kafkas, strict=True):
            assert_same(one, other)
    elif ours != kafkas:
        raw = base64.b64decode(ours["base64"]) if isinstance(ours, dict) else ours.encode()
        assert raw == base64.b64decode(kafkas)


@pytest.mark.parametrize("path", files(".log", name="decoded"))
def test_internal_topics_are_decoded_as_kafka_does(path: str) -> None:
    """Types, versions and every field of records of the metadata, of groups of all kinds, and of transactions."""
    records = [row for row in rows(KAFKA / path) if row["kind"] == "record"]
    lines = [line for line in golden("decoded")[path] if line.startswith("|")]
    for ours, line in zip(records, lines, strict=True):
        told = list(contents(line))
        if len(told) == 2:  # of a coordinator
            (key, value), mine = told, ours["value"]
            assert str(ours["key"]["type"]) == key["type"]
            assert_same(ours["key"]["data"], key["data"])
            assert (mine is None) == (value is None)
            if value is not None:
                assert str(mine["version"]) == value["version"]
                assert_same(mine["data"], value["data"])
        elif told:
            assert re.sub(r"(?<=[a-z])(?=[A-Z])", "_", ours["value"]["type"]).upper() == told[0]["type"]
            assert ours["value"]["version"] == told[0]["version"]
            assert_same(ours["value"]["data"], told[0]["data"])
        else:
            assert "control" in ours


@pytest.mark.parametrize("path", files(".index", ".timeindex", ".txnindex", ".snapshot"))
def test_entries_are_those_that_kafka_sees(path: str) -> None:
    """Every entry of the three indexes, every producer of a snapshot."""
    ours = [{name: value for name, value in row.items() if name not in ("kind", "file")} for row in rows(KAFKA / path)]
    told = [numbers(line) for line in golden("plain")[path] if not line.endswith("is empty.")]
    for each in told if path.endswith(".snapshot") else ():
        each.pop("timestamp", None)  # of the last batch, which is the producer's
        for name in ("firstSequence", "lastSequence", "lastOffset", "offsetDelta"):
            each.setdefault(name, None)
    assert ours == told


def test_small_files() -> None:
    """Checkpoints, ids, properties, the quorum's state and the mark of a clean stop, in Kafka's names."""
    found = rows(
        STORAGE / "timed-0" / "leader-epoch-checkpoint",
        STORAGE / "timed-0" / "partition.metadata",
        STORAGE / "meta.properties",
        STORAGE / ".kafka_cleanshutdown",
        STORAGE / "__cluster_metadata-0" / "quorum-state",
        KAFKA / "cleaner-offset-checkpoint",
        KAFKA / "log-start-offset-checkpoint",
    )
    told = [{name: value for name, value in row.items() if name != "file"} for row in found]
    assert told[0] == {"kind": "leaderEpoch", "leaderEpoch": 0, "startOffset": 0}
    assert told[1] == {"kind": "partition", "version": 0, "topicId": "65KGD5wJQzWQ0UXGj6LH_g"}
    text = (STORAGE / "meta.properties").read_text().splitlines()
    assert told[2].items() >= dict(line.split("=") for line in text if "=" in line).items()
    assert told[3] == {"kind": ".kafka_cleanshutdown", "version": 0, "brokerEpoch": 18}
    assert told[4]["currentVoters"] == [{"voterId": 1}]
    assert told[5]["topic"] == "compacted"
    assert len(told) == 6 + (KAFKA / "cleaner-offset-checkpoint").read_text().count("\n") - 3


def test_a_directory_is_all_its_files_as_tables() -> None:
    """Every file of Kafka's in a data directory and its partitions, with its path above, and nothing is complained."""
    ended = dump(KAFKA)
    assert (ended.exit_code, ended.stderr) == (0, "")
    every = [path for path in sorted(KAFKA.rglob("*")) if path.is_file()]
    assert len(every) > 90
    titles = {line for line in ended.stdout.splitlines() if line.startswith(str(KAFKA))}
    assert titles == {str(path) for path in every}
    assert "TopicRecord v0 " in ended.stdout
    assert "LEADER_CHANGE " in ended.stdout


def test_going_and_coming_files_are_shown(tmp_path: Path) -> None:
    """A suffix .deleted, .swap or .cleaned hides nothing."""
    log = KAFKA / "txn-0" / f"{0:020d}.log"
    wanted = [{**row, "file": ""} for row in rows(log)]
    for suffix in (".deleted", ".swap", ".cleaned"):
        copy = tmp_path / f"{log.name}{suffix}"
        shutil.copy(log, copy)
        assert [{**row, "file": ""} for row in rows(copy)] == wanted


def test_message_sets_of_old_releases(tmp_path: Path) -> None:
    """Messages of magic 0 and 1, compressed ones with what is in them, stand beside batches."""
    log = tmp_path / f"{0:020d}.log"
    plain = build_message(0, -1, b"k", b"v", magic=0)
    packed = build_set([Record(number, 1000 + number, None, b"%d" % number) for number in (1, 2)], magic=1, codec=1)
    log.write_bytes(plain + packed + build([(5, None, b"new", ())], base_offset=3))
    told = rows("--records", log)
    assert [(row["kind"], row.get("offset", row.get("baseOffset"))) for row in told] == [
        ("message", 0),
        ("record", 0),
        ("message", 2),
        ("record", 1),
        ("record", 2),
        ("batch", 3),
        ("record", 3),
    ]
    assert [row["magic"] for row in told if "magic" in row] == [0, 1, 2]
    assert [row["position"] for row in told if "position" in row] == [0, len(plain), len(plain) + len(packed)]
    assert [row["value"] for row in told if row["kind"] == "record"] == ["v", "1", "2", "new"]
    assert all(row["isvalid"] for row in told if "isvalid" in row)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """They are {"base64": ...} in JSON; text stays text, whatever its letters."""
    log = tmp_path / f"{0:020d}.log"
    log.write_bytes(build([(5, b"\xff\x00", "grüße".encode(), [("h", b"\xfe"), ("n", None)])]))
    record = rows("--records", log)[1]
    assert record["key"] == {"base64": base64.b64encode(b"\xff\x00").decode()}
    assert record["value"] == "grüße"
    assert record["headers"] == [{"key": "h", "value": {"base64": "/g=="}}, {"key": "n", "value": None}]


@pytest.mark.parametrize("as_json", [True, False])
def test_what_can_be_read_of_a_broken_file_is_shown(tmp_path: Path, as_json: bool) -> None:
    """All batches before the torn one, then one line that says where, exit 1; the next file is shown all the same."""
    whole = (KAFKA / "mixed-0" / f"{0:020d}.log").read_bytes()
    batches = [row for row in rows(KAFKA / "mixed-0" / f"{0:020d}.log") if row["kind"] == "batch"]
    torn = tmp_path / f"{0:020d}.log"
    torn.write_bytes(whole[:-1])
    ended = dump(*["--json"] * as_json, torn, STORAGE / "meta.properties")
    assert ended.exit_code == 1
    assert f"at {batches[-1]['position']}: a batch of {batches[-1]['size']} bytes" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert str(batches[-2]["crc"]) in ended.stdout
    assert "cluster.id" in ended.stdout


def test_a_wrong_crc_is_named_and_the_rest_shown(tmp_path: Path) -> None:
    """Batches behind the damage are still there."""
    whole = bytearray((KAFKA / "txn-0" / f"{0:020d}.log").read_bytes())
    whole[100] ^= 1
    log = tmp_path / f"{0:020d}.log"
    log.write_bytes(whole)
    ended = dump("--json", log)
    told = [json.loads(line)["isvalid"] for line in ended.stdout.splitlines()]
    assert told.count(False) == 1
    assert len(told) > 30
    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1)
    assert "CRC" in ended.stderr


def test_no_such_and_no_known_file(tmp_path: Path) -> None:
    """One line each that says what to do, exit 1."""
    (tmp_path / "notes.txt").write_text("hello")
    for path, words in (("notes.txt", "give a .log"), (f"{0:020d}.log", "No such file or directory; look")):
        ended = dump(tmp_path / path)
        assert (ended.exit_code, ended.stdout.count("\n") <= 1, ended.stderr.count("\n")) == (1, True, 1)
        assert ended.stderr.startswith(f"kpybroker: {tmp_path / path}: ")
        assert words in ended.stderr


def test_an_unknown_type_of_record_is_shown_as_it_is(tmp_path: Path) -> None:
    """A group record of a newer Kafka has its number and its bytes, and is no error."""
    directory = tmp_path / "__consumer_offsets-0"
    directory.mkdir()
    log = directory / f"{0:020d}.log"
    log.write_bytes(build([(5, b"\x03\xe7key", b"\x00\x01\xff", ())]))
    record = rows(log)[1]
    assert record["key"] == {"type": 999, "data": "key"}
    assert record["value"] == {"base64": "AAH/"}


def test_head_is_enough() -> None:
    """Who stops reading is not complained to: no traceback, exit 0."""
    words = [sys.executable, "-m", "kpybroker", "dump", "--records", str(KAFKA)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() != ""
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


def test_start_imports_nothing_of_it() -> None:
    """A broker's start does not pay for the tools."""
    program = (
        "import sys; from kpybroker.cli.main import command; command.get_command(None, 'start'); print(*sys.modules)"
    )
    words = [sys.executable, "-c", program]
    ended = subprocess.run(words, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not [name for name in ended.stdout.split() if name.startswith("kpybroker.inspection")]
