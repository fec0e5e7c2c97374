"""The settings of topics as the cluster's log in a kept directory has them, for who opens logs before the broker is
there. Nothing is changed, and what cannot be read yet counts as not said: the settings only decide how dense indexes
are that have to be made anew."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kpybroker.config.settings import Settings
from kpybroker.config.topics import topic_settings
from kpybroker.machine import Record
from kpybroker.metadata.image import Image
from kpybroker.metadata.reader import Reader
from kpybroker.replicas import log_config
from kpybroker.storage.files import DiskError, Files, StorageError
from kpybroker.storage.metadata_snapshots import SNAPSHOT_NAME, read_snapshot
from kpybroker.storage.segment import LogConfig, headers
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.records import BatchHeader

DIRECTORY = f"{METADATA_TOPIC}-0"
_SEGMENT = re.compile(r"\d{20}\.log")


class KeptConfigs:
    """What a topic's log is to be like; the cluster's log is read at the first question."""

    def __init__(self, files: Files, settings: Settings) -> None:
        self._files = files
        self._settings = settings
        self._image: Image | None = None

    def __call__(self, topic: str) -> LogConfig:
        if self._image is None:
            self._image = Image()
            self._read(self._image)
        return log_config(topic_settings(self._settings, self._image.topic_configs(topic)))

    def _read(self, image: Image) -> None:
        def replay(record: Record) -> None:
            image.replay(record.value)

        reader, first = Reader(replay), 0
        names = self._files.list(DIRECTORY)
        try:
            for found in [match for name in names if (match := SNAPSHOT_NAME.fullmatch(name))][-1:]:
                first = int(found[1])
                for _ in reader.read(read_snapshot(self._files, f"{DIRECTORY}/{found[0]}")):
                    pass
            for _ in reader.read(self._batches([name for name in names if _SEGMENT.fullmatch(name)]), first):
                pass
        except DiskError:
            raise
        except (StorageError, WireError):  # the torn end of it
            return

    def _batches(self, names: list[str]) -> Iterator[tuple[BatchHeader, bytes]]:
        for name in names:
            file = self._files.open(f"{DIRECTORY}/{name}")
            for position, header in headers(file, 0, file.size):
                yield header, file.read(position, header.size)
            file.close()
