"""An image told again, against the snapshot that Apache Kafka 4.3.1 took of the same cluster."""

from __future__ import annotations

from kpybroker.metadata.image import Image
from kpybroker.metadata.reader import Reader
from kpybroker.metadata.recital import recite, record_count
from kpybroker.storage.files import RealFiles
from kpybroker.storage.metadata_snapshots import read_snapshot
from kpybroker.wire.internal import encode_metadata
from kpybroker.wire.records import records
from tests.directories.kafkas import DIRECTORY, SNAPSHOT


def image_of() -> Image:
    """What a reader of the snapshot knows."""
    image = Image()
    reader = Reader(lambda record: image.replay(record.value))
    files = RealFiles(str(DIRECTORY))
    for _ in reader.read(read_snapshot(files, SNAPSHOT)):
        pass
    return image


def kafkas_records() -> list[bytes]:
    files = RealFiles(str(DIRECTORY))
    batches = read_snapshot(files, SNAPSHOT)
    return [row.value or b"" for header, data in batches if not header.is_control for row in records(data, header)]


def recited(image: Image) -> list[bytes]:
    return [encode_metadata(record.value, record.version) for record in recite(image)]


def test_every_record_of_kafkas_snapshot_is_told_again_byte_for_byte() -> None:
    """Features, brokers, controllers, topics, configs, quotas, producer ids, ACLs, credentials, tokens: whoever reads
    what we write knows what Kafka knew. Kafka's order within a kind is that of its hash tables."""
    told, kafkas = recited(image_of()), kafkas_records()
    assert sorted(told) == sorted(kafkas)
    kinds = [data[1] for data in told]
    assert list(dict.fromkeys(kinds)) == list(dict.fromkeys(data[1] for data in kafkas))
    assert told[0] == kafkas[0], "the version of the metadata comes first"


def test_the_count_is_about_right() -> None:
    """It says whether the log behind a snapshot is longer than a new one: kinds that are few are not counted."""
    image = image_of()
    assert len(kafkas_records()) - 20 <= record_count(image) <= len(kafkas_records())
