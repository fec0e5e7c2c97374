"""Finding records of a log by their timestamps."""

from __future__ import annotations

from kpybroker.storage.log import Log
from kpybroker.storage.segment import Found, Segment


def find_timestamp(log: Log, timestamp: int) -> Found | None:
    """The first record whose timestamp is at least this one (ListOffsets); None if there is none."""
    for segment in log.segments.all:
        if segment.size == 0:  # just begun, or all that was in it was compacted away
            continue
        largest = segment.indexes.largest.timestamp
        if (largest if largest >= 0 else log.files.modified(segment.log.path)) >= timestamp:
            return _first(segment, timestamp, log.start_offset)
    return None


def _first(segment: Segment, timestamp: int, from_offset: int) -> Found | None:
    """The first record at or after from_offset whose timestamp is at least this one."""
    entry = segment.indexes.times.lookup(timestamp)
    start = segment.indexes.offsets.lookup(max(entry.offset, from_offset)).position
    for position, header in segment.headers(start):
        if header.max_timestamp >= timestamp:
            for record in segment.records(position, header):
                if record.timestamp >= timestamp and record.offset >= from_offset:
                    return Found(record.timestamp, record.offset, header.partition_leader_epoch)
    return None


def find_max_timestamp(log: Log) -> Found | None:
    """The record with the largest timestamp, the first if there are several; None in an empty log.

    As in Kafka (UnifiedLog.fetchOffsetByTimestamp) it may be one before the start of the log, in its first segment.
    """
    if not log.segments.all:
        return None
    segment = max(log.segments.all, key=lambda each: each.indexes.largest.timestamp)
    timestamp, offset = segment.indexes.largest
    for position, header in segment.headers(segment.indexes.offsets.lookup(offset).position):
        if header.max_timestamp == timestamp:
            for record in segment.records(position, header):
                if record.timestamp == timestamp:
                    return Found(timestamp, record.offset, header.partition_leader_epoch)
    return None
