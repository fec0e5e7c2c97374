"""The partitions of this node: opened when first asked for, and gone with their topic."""

from __future__ import annotations

from collections.abc import Mapping

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings, topic_settings
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
        self._known_settings: dict[tuple[tuple[str, str], ...], TopicSettings] = {}

    def get(self, topic: str, index: int, now: Instant) -> Partition | None:
        """The replica of a partition on this node; None where the cluster has no such partition."""
        found = self._open.get((topic, index))
        if found is None and self._image.partition(topic, index) is not None:
            found = self._open[topic, index] = self.open((topic, index), self._image.topics[topic].id, now)
        return found

    def open(self, key: Key, topic_id: bytes, now: Instant) -> Partition:
        """A partition with its log and, replayed from that, its producers; clients find it by `get` alone."""
        settings = self._topic_settings(self._image.topic_configs(key[0]))
        config = LogConfig(
            settings.segment_bytes, settings.segment_ms, settings.index_interval_bytes, settings.segment_index_bytes
        )
        log = self._directory.logs.get(key)
        if log is not None and log.topic_id not in (None, topic_id):
            self._directory.delete(key)  # an earlier topic of this name, whose deletion a kill has cut short
            log = None
        if log is None:
            log = self._directory.create(key, config, now, topic_id=topic_id)
        log.config = config
        producers = Producers()
        for header in log.headers(log.start_offset):
            producers.replay(header)
        return Partition(key, topic_id, log, producers, settings, self._settings.int("producer.id.expiration.ms"))

    def _topic_settings(self, overrides: Mapping[str, str]) -> TopicSettings:
        """Most topics are set alike: what their settings come to is worked out once."""
        key = tuple(overrides.items())
        found = self._known_settings.get(key)
        if found is None:
            found = self._known_settings[key] = topic_settings(self._settings, overrides)
        return found

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
