"""One replica of a partition: append, read, the high watermark, offsets by time and the producers it knows."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.config.topics import TopicSettings
from kpybroker.machine import Instant, Key
from kpybroker.storage.checkpoints import EpochEntry
from kpybroker.storage.files import Slice
from kpybroker.storage.log import Log
from kpybroker.storage.producers import NO_SNAPSHOT, Duplicate, Producers
from kpybroker.syncing import Hold, Syncs
from kpybroker.validation import LOG_APPEND_TIME, ZSTD, Refusal, examine, examine_rewriting
from kpybroker.wire.errors import Error
from kpybroker.wire.records import BatchHeader, place, read_header, recompress, stamp

# compression.type; with `producer` a batch stays as it came
CODECS = {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
NO_TIMESTAMP = -1
HIGH_WATERMARK = -1  # DeleteRecordsRequest.HIGH_WATERMARK


class Appended(NamedTuple):
    """Where a batch stands in the log; log_append_time is -1 where the producer's timestamps count."""

    base_offset: int
    log_append_time: int = NO_TIMESTAMP


class Partition:
    """The leader's replica on this node. With one replica the high watermark is the end of the log, or what of it need
    not wait for the disk."""

    def __init__(
        self,
        key: Key,
        topic_id: bytes,
        log: Log,
        producers: Producers,
        settings: TopicSettings,
        producer_expiration_ms: int,
        producer_check_interval_ms: int = 600_000,
        syncs: Syncs | None = None,
    ) -> None:
        self.key = key
        self.topic_id = topic_id
        self.log = log
        self.hold = Hold(key, log, syncs)
        self.producers = producers
        self.settings = settings
        self.leader_epoch = 0
        self.snapshot_offset = NO_SNAPSHOT
        self.producer_expiration_ms = producer_expiration_ms
        self.producer_check_interval_ms = producer_check_interval_ms
        self.is_strict = False  # then every record of every batch is looked at
        self._expires_at: Instant = 0

    @property
    def log_start_offset(self) -> int:
        return self.log.start_offset

    @property
    def high_watermark(self) -> int:
        end, held_from = self.log.end_offset, self.hold.begins
        return end if end < held_from else held_from

    @property
    def last_stable_offset(self) -> int:
        """Transactions are not served; an Apache Kafka may have left open ones behind."""
        return min(self.log.end_offset, self.hold.begins, self.producers.first_unstable_offset)

    def append(self, header: BatchHeader, batch: memoryview, now: Instant) -> Appended | Refusal:
        """Appends one batch of a client, writing its offsets into `batch` in place, or says why not."""
        max_timestamp = examine(header, batch, self.settings, now, every_record=self.is_strict)
        if isinstance(max_timestamp, Refusal):
            return max_timestamp
        target = CODECS.get(self.settings.compression_type, header.codec)
        if target != header.codec:
            made = recompressed(header, batch, self.settings, target)
            if isinstance(made, Refusal):
                return made
            header, batch, max_timestamp = made
        if header.size > self.settings.segment_bytes:
            return Refusal(Error.RECORD_LIST_TOO_LARGE)
        if header.producer_id >= 0:
            self.forget_silent_producers(now)
            verdict = self.producers.check(header)
            if verdict is not None:  # Kafka makes room before it looks (UnifiedLog.append)
                last_offset = self.log.end_offset + header.last_offset_delta
                self.log.make_room(header.size, last_offset, now if self.by_broker_time else max_timestamp, now)
            if isinstance(verdict, Duplicate):
                return Appended(verdict.first_offset, verdict.timestamp)
            if isinstance(verdict, Error):
                return Refusal(verdict)
        if self.by_broker_time:
            stamp(batch, header, now)
        else:  # what the producer has got wrong is put right: the maximum, and a bit that is not its to set
            stamp(batch, header, max_timestamp, log_append_time=False)
        return self._write(batch, now)

    @property
    def by_broker_time(self) -> bool:
        return self.settings.message_timestamp_type == LOG_APPEND_TIME

    def append_own(self, batch: bytearray, now: Instant) -> Appended:
        """Appends a batch that the broker has built: coordinators' and the controller's records, and old clients'."""
        return self._write(memoryview(batch), now)

    def _write(self, batch: memoryview, now: Instant) -> Appended:
        if self.log.durable.failure is not None:  # nothing more can be promised
            raise self.log.durable.failure.with_traceback(None)
        base_offset = self.log.end_offset
        place(batch, base_offset, self.leader_epoch)
        header = read_header(batch)
        assert header.base_offset == base_offset
        self.log.append(batch, (header,), now)
        hold = self.hold
        if hold.every or self.log.end_offset - hold.flushing_to >= self.settings.flush_messages:
            hold.appended(base_offset, self.settings.flush_messages)
        if header.producer_id >= 0:
            self.producers.replay(header)
        return Appended(base_offset, now if self.by_broker_time else NO_TIMESTAMP)

    def begin_at(self, offset: int, now: Instant) -> None:
        """What is before the offset is deleted."""
        self.log.begin_at(offset, now)
        self.hold.begin_at(offset)

    def take_snapshot(self, offset: int) -> None:
        """Writes down who is known at the end of the log, which is this offset, if more is there than at the last."""
        if offset > (self.log.start_offset if self.snapshot_offset == NO_SNAPSHOT else self.snapshot_offset):
            from kpybroker.storage.snapshots import write_snapshot  # noqa: PLC0415  in a kept directory alone

            self.log.durable.written(write_snapshot(self.log.files, self.log.directory, offset, self.producers))
            self.snapshot_offset = offset

    def forget_silent_producers(self, now: Instant) -> None:
        """As often as Kafka looks for them, the first time after one interval."""
        if now >= self._expires_at:
            if self._expires_at > 0:
                self.producers.expire(now, self.producer_expiration_ms)
            self._expires_at = now + self.producer_check_interval_ms

    def lead(self, epoch: int) -> None:
        """This node's leadership of the partition begins, in the epoch that the controller has given it."""
        self.leader_epoch = epoch
        self.log.epochs.lead(epoch, self.log.end_offset)

    def check_leader_epoch(self, epoch: int) -> Error:
        """KIP-320: what a client believes the leader epoch to be; -1 asks for no check."""
        if epoch in (-1, self.leader_epoch):
            return Error.NONE
        return Error.FENCED_LEADER_EPOCH if epoch < self.leader_epoch else Error.UNKNOWN_LEADER_EPOCH

    def read(
        self, offset: int, max_bytes: int, *, whole_first: bool, committed: bool, cut_first: bool = False
    ) -> Slice | Error | None:
        """A stretch of the log from the batch that holds `offset`; None where there is nothing yet."""
        end = self.last_stable_offset if committed else self.high_watermark
        return self.log.read(offset, max_bytes, upper_bound=end, whole_first=whole_first, cut_first=cut_first)

    def epoch_at(self, offset: int) -> int:
        """The leader epoch that wrote an offset."""
        return self.log.epochs.epoch_of(offset)

    def end_of_epoch(self, epoch: int) -> EpochEntry:
        """The largest leader epoch up to `epoch`, and the offset where it ends; -1 for both where it is not known."""
        return self.log.epochs.end_offset_for(epoch, self.log.end_offset)


def delete_records(partition: Partition, offset: int) -> int | Error:
    """Moves the start of a log up to the offset (-1: the high watermark); returns where the log begins now. Segments
    before it go when somebody next looks for what is old, as Kafka's do (UnifiedLog.deleteOldSegments)."""
    if partition.settings.compact and not partition.settings.delete:
        return Error.POLICY_VIOLATION
    asked = partition.high_watermark if offset == HIGH_WATERMARK else offset
    if not 0 <= asked <= partition.high_watermark:
        return Error.OFFSET_OUT_OF_RANGE
    if asked > partition.log.start_offset:
        partition.log.start_at(asked)
        partition.hold.begin_at(asked)
    return partition.log.start_offset


def recompressed(
    header: BatchHeader, batch: memoryview, settings: TopicSettings, codec: int
) -> tuple[BatchHeader, memoryview, int] | Refusal:
    """A batch in the codec of its topic, with the largest of its timestamps, or why it cannot be."""
    max_timestamp = examine_rewriting(header, batch)
    if isinstance(max_timestamp, Refusal):
        return max_timestamp
    made = memoryview(recompress(batch, header, codec, compression_level(settings, codec)))
    header = read_header(made)
    if header.size > settings.max_message_bytes:
        return Refusal(Error.MESSAGE_TOO_LARGE)
    return header, made, max_timestamp


def compression_level(settings: TopicSettings, codec: int) -> int | None:
    """How hard to compress; snappy has no levels."""
    levels = {1: settings.compression_gzip_level, 3: settings.compression_lz4_level}
    return levels.get(codec, settings.compression_zstd_level if codec == ZSTD else None)
