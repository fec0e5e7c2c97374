"""The partitions of this node: opened when first asked for, and gone with their topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings, topic_settings
from kpybroker.homes import Homes
from kpybroker.machine import Instant, Key
from kpybroker.metadata.image import Image, Topic
from kpybroker.partition import Partition
from kpybroker.storage.directory import DataDirectory, set_aside
from kpybroker.storage.log import Log, belong_to
from kpybroker.storage.producers import NO_SNAPSHOT, Producers
from kpybroker.storage.segment import LogConfig
from kpybroker.syncing import Hold, Syncs

MOST_KNOWN = 1000  # kinds of topics whose settings are kept worked out


class Replicas:
    """Partition by topic and index. A partition costs nothing before somebody asks for it."""

    def __init__(self, image: Image, settings: Settings, homes: Homes, syncs: Syncs | None = None) -> None:
        self._image = image
        self._settings = settings
        self._homes = homes
        self._syncs = syncs
        self._open: dict[Key, Partition] = {}
        self._known_settings: dict[tuple[tuple[str, str], ...], TopicSettings] = {}

    def get(self, topic: str, index: int, now: Instant) -> Partition | None:
        """The replica of a partition on this node; None where the cluster has no such partition. OfflineError: it is in
        a directory that has failed."""
        found = self._open.get((topic, index))
        if found is None and self._image.partition(topic, index) is not None:
            found = self._open[topic, index] = self.open((topic, index), self._image.topics[topic].id, now)
        return found

    def open(self, key: Key, topic_id: bytes, now: Instant) -> Partition:
        """A partition with its log and, replayed from that, its producers; clients find it by `get` alone."""
        settings = self._topic_settings(self._image.topic_configs(key[0]))
        config = log_config(settings)
        home = self._homes.of(key)
        log = home.logs.get(key)
        if log is not None and log.topic_id not in (None, topic_id):
            set_aside(home, key)  # an earlier topic of this name
            home = self._homes.of(key)  # which may be another
            log = home.logs.get(key)
        if log is None:
            log = home.create(key, config, now, topic_id=topic_id)
        if log.topic_id is None:
            belong_to(log, topic_id)
        log.config = config
        if log.segments.last is not None:
            log.segments.last.indexes.interval_bytes = config.index_interval_bytes
        expiration_ms = self._settings.int("producer.id.expiration.ms")
        trusted = home.was_clean
        producers, snapshot_offset = Producers(), NO_SNAPSHOT
        if log.segments.last is not None:
            from kpybroker.storage.snapshots import load_producers  # noqa: PLC0415  a new broker has nothing to load

            producers, snapshot_offset = load_producers(log, now, expiration_ms, trusted=trusted)
        check_interval_ms = self._settings.int("producer.id.expiration.check.interval.ms")
        syncs = self._syncs if home.kept else None
        partition = Partition(key, topic_id, log, producers, settings, expiration_ms, check_interval_ms, syncs)
        partition.is_strict = self._settings.strict
        partition.snapshot_offset = snapshot_offset
        if home.kept:  # in others nobody will ever read them
            log.take_snapshot = partition.take_snapshot
        known = self._image.partition(*key)
        if known is not None:
            partition.lead(known.leader_epoch)
        return partition

    def heed(self, topic: str | None = None) -> None:
        """Open partitions, of one topic or of all, go on by what is set now."""
        if topic is None or len(self._known_settings) > MOST_KNOWN:
            self._known_settings.clear()
            for directory in self._homes.directories.all:
                directory.removals.delay_ms = self._settings.int("log.segment.delete.delay.ms")
        keys: Iterable[Key] = self._open
        if topic is not None:
            found = self._image.topics.get(topic)
            keys = [(topic, index) for index in found.partitions] if found is not None else []
        for key in keys:
            partition = self._open.get(key)
            if partition is not None:
                partition.settings = self._topic_settings(self._image.topic_configs(key[0]))
                partition.log.config = log_config(partition.settings)
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
        for key, log in self._homes.directories.logs():  # as they are now: whoever goes through it may do so by and by
            if self._image.partition(*key) is not None:
                yield key, log, self._topic_settings(self._image.topic_configs(key[0]))

    def keep_starts(self) -> None:
        """Where logs begin outlives the broker, also if it is killed."""
        self._homes.directories.checkpoint_starts()

    def high_watermark(self, key: Key, log: Log) -> int:
        """Of a partition that has this log, opened or not."""
        partition = self._open.get(key)
        return log.end_offset if partition is None else partition.high_watermark

    def last_stable_offset(self, key: Key, log: Log) -> int:
        """The same; of one that nobody has opened no transactions are known."""
        partition = self._open.get(key)
        return log.end_offset if partition is None else partition.last_stable_offset

    def hold(self, key: Key, log: Log) -> Hold:
        """What is held of the partition that has this log: nothing, if nobody has opened it."""
        partition = self._open.get(key)
        return Hold(key, log, None) if partition is None else partition.hold

    def is_offline(self, key: Key) -> bool:
        """Whether it is in a directory that has failed."""
        return key not in self._open and self._homes.is_offline(key)

    def has_log(self, key: Key) -> bool:
        """Whether something was ever written to it."""
        return self._homes.directories.holder(key) is not None

    def remove(self, topic: Topic, now: Instant) -> None:
        """The partitions of a topic, and their files."""
        keys = [(topic.name, index) for index in topic.partitions]
        for key in keys:
            self._open.pop(key, None)
        for directory in list(self._homes.directories.online):
            directory.delete(*[key for key in keys if key in directory.logs], now=now)

    def take_over(self, partition: Partition, now: Instant) -> Partition:
        """An open partition goes on in another directory."""
        del self._open[partition.key]
        new = self.get(*partition.key, now)
        assert new is not None
        new.producers = partition.producers
        return new

    def close_those_in(self, directory: DataDirectory) -> list[Key]:
        """Its disk has failed: these partitions are gone until the next start."""
        return [key for key in directory.logs if self._open.pop(key, None) is not None]


def log_config(settings: TopicSettings) -> LogConfig:
    """What of a topic's settings its logs obey."""
    segment_ms = settings.segment_ms
    if settings.compact and settings.max_compaction_lag_ms > 0:  # the active segment is not compacted (KIP-354)
        segment_ms = min(segment_ms, settings.max_compaction_lag_ms)
    return LogConfig(
        settings.segment_bytes,
        segment_ms,
        settings.index_interval_bytes,
        settings.segment_index_bytes,
        settings.segment_jitter_ms,
        settings.file_delete_delay_ms,
    )
