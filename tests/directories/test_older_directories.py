"""A broker on a directory of Kafka 3.9.1 with the metadata of 3.6: read as it is, and left so that 3.9.1 can go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpybroker.wire.internal import METADATA_TOPIC, decode_metadata
from kpybroker.wire.records import records
from tests.core import Bench
from tests.directories.kafkas import OLDER, copied, started
from tests.directories.test_kafkas_directory import COMMITTED, committed
from tests.requests import create_topic, metadata, produce, produced

# MetadataVersion.java: how records are written with metadata.version 14 (3.6-IV2).
VERSIONS = {
    "RegisterBrokerRecord": {2},
    "PartitionRecord": {0},
    "PartitionChangeRecord": {0},
    "BrokerRegistrationChangeRecord": {0, 1},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return copied(tmp_path, OLDER)


def written(bench: Bench, start: int) -> dict[str, set[int]]:
    """The kinds of records in the metadata log from an offset on, with their versions."""
    log = bench.state.directories.log((METADATA_TOPIC, 0))
    assert log is not None
    found: dict[str, set[int]] = {}
    for header, batch in log.batches(start):
        for row in records(batch, header) if not header.is_control else ():
            value, version = decode_metadata(row.value or b"")
            found.setdefault(type(value).__name__, set()).add(version)
    return found


def test_what_it_holds_is_there(data: Path) -> None:
    """Topics with their settings, records and offsets; the features of the cluster stay what they were."""
    bench = started(data)
    client = bench.connect()
    topics = {topic.name: len(topic.partitions) for topic in client.ask(metadata(), 9).topics}
    assert topics == {"orders": 3, "__consumer_offsets": 1}
    assert bench.state.image.topic_configs("orders") == {"retention.ms": "-1"}
    assert bench.state.image.features == {"metadata.version": 14}
    assert [produced(client.ask(produce("orders", b"x", index=index), 9)) for index in range(3)] == [
        (0, 2), (0, 2), (0, 0),
    ]  # fmt: skip
    assert committed(client, "simple") == COMMITTED


def test_nothing_newer_than_its_metadata_is_written(data: Path) -> None:
    """Records of the versions that metadata.version has: 3.9.1 starts on it again. Nothing tells of directories."""
    bench = started(data)
    before = bench.state.directories.log((METADATA_TOPIC, 0))
    assert before is not None
    end = next(header.base_offset for header in before.headers() if header.partition_leader_epoch == 2)
    bench.connect().ask(create_topic("new", 2, {"retention.ms": "1000"}), 7)
    bench.state.close(bench.now)
    found = written(bench, end)
    assert {name: versions for name, versions in found.items() if name in VERSIONS} == VERSIONS
    assert found.keys() - VERSIONS.keys() == {"TopicRecord", "ConfigRecord"}
    assert all(versions == {0} for name, versions in found.items() if name not in VERSIONS)
    again = started(data)
    assert again.state.image.features == {"metadata.version": 14}
    assert {part.leader for part in again.state.image.topics["new"].partitions.values()} == {1}


def test_its_files_are_what_it_left(data: Path) -> None:
    """A run that nobody writes to changes nothing of the records."""
    logs = {path: path.read_bytes() for path in data.glob("[o_]*-[0-9]/*.log") if "__cluster" not in str(path)}
    bench = started(data)
    bench.state.close(bench.now)
    assert len(logs) == 4
    assert {path: path.read_bytes() for path in logs} == logs
