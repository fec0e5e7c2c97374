"""Opening a log that is there: what may not have reached the disk is checked, and the torn end cut."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import read_topic_id
from kpybroker.storage.files import Files
from kpybroker.storage.log import Log
from kpybroker.storage.segment import LogConfig, Segment
from kpybroker.wire.records import HEADER_SIZE, LEAST_LENGTH, MAGIC, OVERHEAD, BatchHeader, check_crc, read_header

CHECK_BYTES = 1024 * 1024
INDEX_SUFFIXES = (".index", ".timeindex", ".txnindex")
LEFT_OVER_SUFFIXES = (".deleted", ".cleaned", ".tmp")
SNAPSHOT_LEFT_OVER = ".checkpoint.deleted"  # of the metadata log; not ours to remove


class Recovery(NamedTuple):
    """What was done to open a log."""

    checked_segments: int = 0
    cut_bytes: int = 0  # at the end of the log, segments after a broken one included
    removed_files: tuple[str, ...] = ()  # left over from interrupted work


def sound_batches(segment: Segment) -> Iterator[tuple[int, BatchHeader]]:
    """The batches of a segment up to the first that is torn, broken or out of order, each with its position."""
    position, size, least = 0, segment.log.size, segment.base_offset
    block, start = memoryview(b""), 0
    while position + HEADER_SIZE <= size:
        if position + HEADER_SIZE > start + len(block):
            block, start = memoryview(segment.log.read(position, CHECK_BYTES)), position
        header = read_header(block, position - start)
        end = position + header.batch_length + OVERHEAD
        if header.magic != MAGIC or header.batch_length < LEAST_LENGTH or end > size:
            return
        if end > start + len(block):
            block, start = memoryview(segment.log.read(position, max(CHECK_BYTES, end - position))), position
        batch = block[position - start : end - start]
        if header.base_offset < least or header.last_offset_delta < 0 or not check_crc(batch, header):
            return
        yield position, header
        least = header.base_offset + header.last_offset_delta + 1
        position = end


def open_log(
    files: Files,
    directory: str,
    config: LogConfig,
    now: Instant,
    *,
    clean: bool,
    start_offset: int = 0,
    recovery_point: int | None = None,
) -> tuple[Log, Recovery]:
    """An existing log. After a clean stop its files are trusted; otherwise what may not have reached the disk is
    checked: from the recovery point on, without one the last segment (enough if only the process died).
    """
    log = Log(files, directory, config, now, topic_id=read_topic_id(files, directory))
    log.epochs.load()
    removed = _remove_left_overs(files, directory)
    for name in files.list(directory):
        if name.endswith(".log"):
            log.segments.add(Segment(files, directory, int(name.removesuffix(".log")), config, now, new=False))
    checked, cut = _recover(log, clean=clean, recovery_point=recovery_point)
    log.start_offset = max(start_offset, log.segments.first_base_offset)
    last = log.segments.last
    log.end_offset = last.find_end() if last is not None else 0
    if log.end_offset < log.start_offset:  # files were lost: go on where the log is known to begin
        log.segments.drop(log.segments.all)
        log.end_offset = log.start_offset
    log.epochs.cut_end(log.end_offset)
    log.epochs.cut_start(start_offset)
    log.recovery_point = log.end_offset if clean and cut == 0 else min(recovery_point or 0, log.end_offset)
    return log, Recovery(checked, cut, removed)


def _recover(log: Log, *, clean: bool, recovery_point: int | None) -> tuple[int, int]:
    """Check the segments that need it; what follows a broken one is dropped, as Kafka does."""
    checked = cut = 0
    bases = [segment.base_offset for segment in log.segments.all]
    unflushed = len(bases) - 1 if recovery_point is None else max(0, bisect_right(bases, recovery_point) - 1)
    for number, segment in enumerate(log.segments.all):
        if (not clean and number >= unflushed) or not segment.indexes.plausible(log.files):
            checked += 1
            cut = segment.rebuild(_learn_epochs(log, segment))
            if cut > 0:
                rest = log.segments.all[number + 1 :]
                cut += sum(following.size for following in rest)
                log.segments.drop(rest)
                break
    return checked, cut


def _learn_epochs(log: Log, segment: Segment) -> Iterator[tuple[int, BatchHeader]]:
    for position, header in sound_batches(segment):
        if header.partition_leader_epoch > log.epochs.latest:
            log.epochs.assign(header.partition_leader_epoch, header.base_offset)
        yield position, header


def _remove_left_overs(files: Files, directory: str) -> tuple[str, ...]:
    """Files of work that was interrupted, and indexes whose log is gone."""
    names = files.list(directory)
    logs = {name.removesuffix(".log") for name in names if name.endswith(".log")}
    removed = [
        name
        for name in names
        if (name.endswith(LEFT_OVER_SUFFIXES) and not name.endswith(SNAPSHOT_LEFT_OVER))
        or (name.endswith(INDEX_SUFFIXES) and name.rpartition(".")[0] not in logs)
    ]
    for name in removed:
        files.remove(f"{directory}/{name}")
    return tuple(removed)
