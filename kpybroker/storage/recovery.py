"""Opening a log that is there: what may not have reached the disk is checked, and the torn end cut."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from kpybroker.machine import Instant
from kpybroker.storage.checkpoints import read_topic_id
from kpybroker.storage.files import Files, StorageError
from kpybroker.storage.log import Log
from kpybroker.storage.segment import NOWHERE, LogConfig, Segment, headers
from kpybroker.wire.records import (
    HEADER_SIZE,
    LEAST_LENGTH,
    LEAST_LENGTH_V0,
    MAGIC,
    OVERHEAD,
    BatchHeader,
    check_crc,
    read_header,
)

CHECK_BYTES = 1024 * 1024
INDEX_SUFFIXES = (".index", ".timeindex", ".txnindex")
SEGMENT_SUFFIXES = (".log", *INDEX_SUFFIXES, ".snapshot")
LEFT_OVER_SUFFIXES = (".deleted", ".cleaned", ".tmp")
_SEGMENT = re.compile(r"\d{20}\.log")
_OF_SEGMENT = re.compile(r"\d{20}\..+")


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
            _refuse_old_format(segment, position, header)
            return
        if end > start + len(block):
            block, start = memoryview(segment.log.read(position, max(CHECK_BYTES, end - position))), position
        batch = block[position - start : end - start]
        if header.base_offset < least or header.last_offset_delta < 0 or not check_crc(batch, header):
            return
        yield position, header
        least = header.base_offset + header.last_offset_delta + 1
        position = end


def _refuse_old_format(segment: Segment, position: int, header: BatchHeader) -> None:
    """Messages of Kafka before 0.11 are no damage: better no broker than one that cuts them off."""
    if header.magic in (0, 1) and LEAST_LENGTH_V0 <= header.batch_length <= segment.log.size - position - OVERHEAD:
        message = segment.log.read(position + OVERHEAD, header.batch_length)
        if int.from_bytes(message[:4], "big") == crc32(message[4:]):
            raise StorageError(
                segment.log.path,
                f"a message of format {header.magic} at {position}; only format 2 can be read",
            )


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
        if _SEGMENT.fullmatch(name):
            log.segments.add(Segment(files, directory, int(name.removesuffix(".log")), config, now, new=False))
    checked, cut = _recover(log, clean=clean, recovery_point=recovery_point)
    log.start_offset = max(start_offset, log.segments.first_base_offset)
    last = log.segments.last
    if last is not None:
        log.end_offset, end = last.find_end()
        if end < last.size:  # in spite of a clean stop: what comes next must not stand behind half a batch
            cut += last.rebuild(_learn_epochs(log, last))
            log.end_offset, _ = last.find_end()
    if log.end_offset < log.start_offset:  # files were lost: go on where the log is known to begin
        log.segments.drop(log.segments.all)
        log.end_offset = log.start_offset
    log.segments.drop_below(log.start_offset)  # a kill came between their deletion and their removal
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
    """Finish what was interrupted: segments half deleted or half cleaned go, and so do indexes whose log is gone."""
    names = [name for name in files.list(directory) if _OF_SEGMENT.fullmatch(name) or name.endswith(".tmp")]
    removed = [name for name in names if name.endswith(LEFT_OVER_SUFFIXES)]
    half_cleaned = min([_offset(name) for name in names if name.endswith(".cleaned")], default=NOWHERE)
    swapped = [name for name in names if name.endswith(".swap")]
    removed += [name for name in swapped if _offset(name) >= half_cleaned]  # parts of a split that was not done
    ready = [name for name in swapped if _offset(name) < half_cleaned]
    removed += _replaced(files, directory, [name for name in names if name not in swapped], ready)
    for name in removed:
        files.remove(f"{directory}/{name}")
    for name in ready:
        files.rename(f"{directory}/{name}", f"{directory}/{name.removesuffix('.swap')}")
    names = files.list(directory)
    logs = {name.removesuffix(".log") for name in names if name.endswith(".log")}
    orphans = [name for name in names if name.endswith(INDEX_SUFFIXES) and name.rpartition(".")[0] not in logs]
    for name in orphans:
        files.remove(f"{directory}/{name}")
    return (*removed, *orphans)


def _replaced(files: Files, directory: str, names: list[str], swaps: list[str]) -> list[str]:
    """The files that cleaned segments, complete but not yet renamed, were to replace."""
    logs = [name for name in swaps if name.endswith(".log.swap")]
    if not logs:
        return []
    ends = []
    for name in logs:
        file = files.open(f"{directory}/{name}")
        ends += [header.base_offset + header.last_offset_delta + 1 for _, header in headers(file, 0, file.size)]
    first = min([_offset(name) for name in logs])
    return [name for name in names if name.endswith(SEGMENT_SUFFIXES) and first <= _offset(name) < max(ends, default=0)]


def _offset(name: str) -> int:
    return int(name.partition(".")[0])
