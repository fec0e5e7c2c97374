"""The partitions of this node: opened when first asked for, and gone with their topic."""

from __future__ import annotations

from kpybroker.config.settings import Settings
from kpybroker.machine import Instant, Key
from kpybroker.metadata.image import Image, Topic
from kpybroker.partition import Partition
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.producers import Producers
from kpybroker.storage.segment import LogConfig


class Replicas:
    """Partition by topic and index. A partition costs nothing before somebody asks for it."""

    def __init__(self, image: Image, settings: Settings, directory: DataDirectory) -> None:
        self._image = image
        self._settings = settings
        self._directory = directory
        self._open: dict[Key, Partition] = {}

    def get(self, topic: str, index: int, now: Instant) -> Partition | None:
        """The replica of a partition on this node; None where the cluster has no such partition."""
        found = self._open.get((topic, index))
        if found is None and self._image.partition(topic, index) is not None:
            found = self.open((topic, index), self._image.topics[topic].id, now)
        return found

    def open(self, key: Key, topic_id: bytes, now: Instant) -> Partition:
        """A partition with its log and, replayed from that, its producers."""
        settings = self._settings.topic(self._image.topic_configs(key[0]))
        config = LogConfig(
            settings.segment_bytes, settings.segment_ms, settings.index_interval_bytes, settings.segment_index_bytes
        )
        log = self._directory.logs.get(key)
        if log is None:
            log = self._directory.create(key, config, now, topic_id=topic_id)
        log.config = config
        producers = Producers()
        for header in log.headers(log.start_offset):
            producers.replay(header)
        partition = self._open[key] = Partition(key, topic_id, log, producers, settings)
        return partition

    def has_log(self, key: Key) -> bool:
        """Whether something was ever written to it."""
        return key in self._directory.logs

    def remove(self, topic: Topic) -> None:
        """The partitions of a topic, and their files."""
        for index in topic.partitions:
            key = topic.name, index
            self._open.pop(key, None)
            if key in self._directory.logs:
                self._directory.delete(key)
