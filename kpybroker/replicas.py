"""The partitions of this node: opened when first asked for, and gone with their topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings, topic_settings
from kpybroker.machine import Instant, Key
from kpybroker.metadata.image import Image, Topic
from kpybroker.partition import Partition
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.log import Log
from kpybroker.storage.segment import LogConfig
from kpybroker.storage.snapshots import read_snapshot

MOST_KNOWN = 1000  # kinds of topics whose settings are kept worked out


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
        config = _log_config(settings)
        log = self._directory.logs.get(key)
        if log is not None and log.topic_id not in (None, topic_id):
            self._directory.delete(key)  # an earlier topic of this name, whose deletion a kill has cut short
            log = None
        if log is None:
            log = self._directory.create(key, config, now, topic_id=topic_id)
        log.config = config
        expiration_ms = self._settings.int("producer.id.expiration.ms")
        producers, snapshot_offset = read_snapshot(log, now, expiration_ms)
        for header in log.headers(max(log.start_offset, snapshot_offset)):
            producers.replay(header)
        check_interval_ms = self._settings.int("producer.id.expiration.check.interval.ms")
        partition = Partition(key, topic_id, log, producers, settings, expiration_ms, check_interval_ms)
        partition.is_strict = self._settings.strict
        partition.snapshot_offset = snapshot_offset
        known = self._image.partition(*key)
        partition.lead(0 if known is None else known.leader_epoch)
        return partition

    def heed(self, topic: str | None = None) -> None:
        """Open partitions, of one topic or of all, go on by what is set now."""
        if topic is None or len(self._known_settings) > MOST_KNOWN:
            self._known_settings.clear()
        keys: Iterable[Key] = self._open
        if topic is not None:
            found = self._image.topics.get(topic)
            keys = [(topic, index) for index in found.partitions] if found is not None else []
        for key in keys:
            partition = self._open.get(key)
            if partition is not None:
                partition.settings = self._topic_settings(self._image.topic_configs(key[0]))
                partition.log.config = _log_config(partition.settings)
                partition.producer_expiration_ms = self._settings.int("producer.id.expiration.ms")

    def _topic_settings(self, overrides: Mapping[str, str]) -> TopicSettings:
        """Most topics are set alike: what their settings come to is worked out once."""
        key = tuple(overrides.items())
        found = self._known_settings.get(key)
        if found is None:
            found = self._known_settings[key] = topic_settings(self._settings, overrides)
        return found

    def written(self) -> Iterator[tuple[Key, Log, TopicSettings]]:
        """Every log of a topic in which something was ever written, opened or not, with the settings that it has."""
        for key, log in self._directory.logs.items():
            if self._image.partition(*key) is not None:
                yield key, log, self._topic_settings(self._image.topic_configs(key[0]))

    def keep_starts(self) -> None:
        """Where logs begin outlives the broker, also if it is killed."""
        self._directory.checkpoint_starts()

    def size(self, topic: str, index: int) -> int:
        """The bytes of a partition's log; nothing where nothing was ever written."""
        log = self._directory.logs.get((topic, index))
        return 0 if log is None else log.size

    def close(self) -> None:
        """What partitions know beside their logs is written down."""
        if self._directory.kept:
            for partition in self._open.values():
                partition.save_producers()

    def has_log(self, key: Key) -> bool:
        """Whether something was ever written to it."""
        return key in self._directory.logs

    def remove(self, topic: Topic) -> None:
        """The partitions of a topic, and their files."""
        keys = [(topic.name, index) for index in topic.partitions]
        for key in keys:
            self._open.pop(key, None)
        self._directory.delete(*filter(self.has_log, keys))


def _log_config(settings: TopicSettings) -> LogConfig:
    segment_ms = settings.segment_ms
    if settings.compact and settings.max_compaction_lag_ms > 0:  # the active segment is not compacted (KIP-354)
        segment_ms = min(segment_ms, settings.max_compaction_lag_ms)
    return LogConfig(
        settings.segment_bytes,
        segment_ms,
        settings.index_interval_bytes,
        settings.segment_index_bytes,
        settings.segment_jitter_ms,
    )
