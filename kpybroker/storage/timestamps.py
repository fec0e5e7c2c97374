"""Finding records of a segment by their timestamps."""

from __future__ import annotations

from kpybroker.storage.segment import Found, Segment


def find_timestamp(segment: Segment, timestamp: int, from_offset: int) -> Found | None:
    """The first record at or after from_offset whose timestamp is at least this one."""
    entry = segment.indexes.times.lookup(timestamp)
    start = segment.indexes.offsets.lookup(max(entry.offset, from_offset)).position
    for position, header in segment.headers(start):
        if header.max_timestamp >= timestamp:
            for record in segment.records(position, header):
                if record.timestamp >= timestamp and record.offset >= from_offset:
                    return Found(record.timestamp, record.offset, header.partition_leader_epoch)
    return None


def find_max_timestamp(segment: Segment) -> Found | None:
    """The first record that has the largest timestamp."""
    timestamp, offset = segment.indexes.largest
    for position, header in segment.headers(segment.indexes.offsets.lookup(offset).position):
        if header.max_timestamp == timestamp:
            for record in segment.records(position, header):
                if record.timestamp == timestamp:
                    return Found(timestamp, record.offset, header.partition_leader_epoch)
    return None
