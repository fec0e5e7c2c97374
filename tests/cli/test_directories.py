"""`kpybroker start` with several data directories, a disk that fails, and a client that sees the others go on."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from kpybroker.storage.directory import read_meta
from kpybroker.storage.files import RealFiles
from tests.process import BrokerProcess
from tests.requests import metadata, produce, produced
from tests.until import PATIENCE_S

LIMIT = 100_000  # bytes of a file: what a disk refuses beyond it is EFBIG
TOO_MUCH = b"x" * 2 * LIMIT
KAFKA_STORAGE_ERROR = 56


def broker_on(tmp_path: Path, *more: str) -> BrokerProcess:
    directories = [f"--data-dir={tmp_path / name}" for name in ("a", "b")]
    return BrokerProcess(tmp_path / "run", *directories, *more)


def limit(broker: BrokerProcess) -> None:
    """From now on no file of this process grows further: a fault of the kernel's own."""
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def stop(broker: BrokerProcess) -> None:
    broker.process.terminate()
    assert broker.process.wait(PATIENCE_S) == 143


def test_the_others_go_on(tmp_path: Path) -> None:
    """A disk refuses a write: one line says which directory and what to do, kafka-python goes on with what is in the
    other, and after the next start with all of it."""
    with broker_on(tmp_path, "--topic", "t:2") as broker:
        bootstrap = ":".join(map(str, broker.address))
        producer = KafkaProducer(bootstrap_servers=bootstrap, retries=0, acks="all")
        for index in (0, 1):
            producer.send("t", b"before", partition=index).get(PATIENCE_S)
        limit(broker)
        with pytest.raises(KafkaError):
            producer.send("t", TOO_MUCH, partition=1).get(PATIENCE_S)
        assert producer.send("t", b"after", partition=0).get(PATIENCE_S).offset == 1
        producer.close(1)
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition("t", 0)])
        assert [next(consumer).value, next(consumer).value] == [b"before", b"after"]
        consumer.close()
        with broker.link() as link:
            leaders = [part.leader_id for part in link.ask(metadata("t"), 9).topics[0].partitions]
        assert leaders == [1, -1]
        stop(broker)
    (line,) = [line for line in broker.log.splitlines() if "ERROR" in line]
    assert re.search(
        rf"log directory {tmp_path / 'b'} has failed and is offline until the next start: t-1/0+\.log: ", line
    )
    assert "File too large; raise the limit of a file's size" in line
    assert [(tmp_path / name / ".kafka_cleanshutdown").exists() for name in ("a", "b")] == [True, False]
    with broker_on(tmp_path) as broker, broker.link() as link:
        for index, offset in ((0, 2), (1, 1)):
            assert produced(link.ask(produce("t", b"again", index=index), 9)) == (0, offset)
        stop(broker)


def test_without_the_metadata_it_ends(tmp_path: Path) -> None:
    """Exit 1, as Kafka halts, and one line that says why and what to do."""
    with broker_on(tmp_path, "--topic", "t:2") as broker, broker.link() as link:
        limit(broker)
        link.send(produce("t", TOO_MUCH, index=0), 9)
        assert broker.process.wait(PATIENCE_S) == 1
    (line,) = [line for line in broker.log.splitlines() if "ERROR" in line]
    assert (
        f"log directory {tmp_path / 'a'} has failed and is offline until the next start, and without it nothing" in line
    )
    assert broker.log.splitlines()[-1] == line
    assert "Traceback" not in broker.log


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """A start goes on without it, but for the one of the metadata: that is one line, and exit 1."""
    (tmp_path / "b").write_text("a file")
    with broker_on(tmp_path, "--topic", "t:2") as broker:
        assert "ERROR a log directory is offline until the next start" in broker.log
        with broker.link() as link:
            assert produced(link.ask(produce("t", b"x", index=1), 9)) == (0, 0)
        stop(broker)
    (tmp_path / "c").mkdir()
    broker = BrokerProcess(tmp_path / "run2", f"--data-dir={tmp_path / 'b'}", f"--data-dir={tmp_path / 'c'}")
    assert broker.process.wait(PATIENCE_S) == 1
    assert broker.log.splitlines()[-1].startswith(f"kpybroker: {tmp_path / 'b'}")
    assert "Traceback" not in broker.log


def test_log_dirs_of_a_file(tmp_path: Path) -> None:
    """log.dirs and metadata.log.dir as a server.properties has them: commas between directories."""
    properties = tmp_path / "server.properties"
    names = [str(tmp_path / name) for name in ("a", "b", "m")]
    properties.write_text(f"log.dirs={names[0]}, {names[1]}\nmetadata.log.dir={names[2]}\n")
    with BrokerProcess(tmp_path / "run", str(properties), "--topic", "t:2") as broker, broker.link() as link:
        for index in (0, 1):
            assert produced(link.ask(produce("t", b"x", index=index), 9)) == (0, 0)
        stop(broker)
    inside = [sorted(name for name in RealFiles(path).list("") if name[-1] in "01" and "-" in name) for path in names]
    assert inside == [["t-0"], ["t-1"], ["__cluster_metadata-0"]]
    metas = [read_meta(RealFiles(path)) for path in names]
    assert len({meta.cluster_id for meta in metas if meta}) == 1
    assert len({meta.directory_id for meta in metas if meta}) == 3
