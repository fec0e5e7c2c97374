"""The records of one batch, all of them: whether they are as many, as long, as late as its header says."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.inspection.batches import Stretch
from kpybroker.inspection.findings import Report
from kpybroker.storage.indexes import NO_TIMESTAMP
from kpybroker.wire.compiler import WireError
from kpybroker.wire.legacy import inner_messages, read_message
from kpybroker.wire.records import DECOMPRESSED_LIMIT, KNOWN_BITS, BatchHeader, check_records, each_record

EVERY = 2**31 - 1
RESTORE = "restore it from a copy or another replica; a consumer cannot read past it"
CUT = "a broker that starts after a kill cuts the log here, and what follows is lost: copy the file before"
BY_TIME = "reads by time may miss its records; all others are right"


def look_at_records(path: str, found: Stretch, header: BatchHeader, report: Report, *, compacted: bool) -> None:
    """Lengths, numbers and timestamps; without making objects of them where none are missing."""
    where, offset = f"at {found.position}", header.base_offset
    gaps = header.last_offset_delta + 1 != header.records_count
    if gaps and not compacted:
        what = f"{header.records_count} records from offset {offset} to {header.last_offset}"
        report.problem(path, where, what, RESTORE)
        return
    if header.attributes & ~KNOWN_BITS:
        what = f"the batch at offset {offset} has unknown attributes, {header.attributes & 0xFFFF:#x}"
        report.problem(path, where, what, "only a newer Kafka can read it")
        return
    try:
        if gaps:  # their numbers may be any that ascend
            largest = _largest_timestamp(found, header)
        else:
            walk = check_records(found.data, header, records_limit=EVERY, bytes_limit=DECOMPRESSED_LIMIT, numbered=True)
            largest = walk.max_timestamp
            if walk.walked < header.records_count:
                report.note(path, where, f"the batch at offset {offset} is too large", "its records were not read")
                return
    except WireError as error:
        report.problem(path, where, f"the records of the batch at offset {offset}: {error}", RESTORE)
        return
    report.records += header.records_count
    if header.records_count > 0 and not header.is_log_append_time and largest != header.max_timestamp:
        what = f"the largest timestamp of the batch at offset {offset} is {largest}, its header has"
        report.problem(path, where, f"{what} {header.max_timestamp}", BY_TIME)


def _largest_timestamp(found: Stretch, header: BatchHeader) -> int:
    largest, offset = NO_TIMESTAMP, header.base_offset - 1
    for record in each_record(found.data, header):
        if not offset < record.offset <= header.last_offset:
            raise WireError(f"offset {record.offset} after {offset}, and the last is {header.last_offset}")
        offset, largest = record.offset, max(largest, record.timestamp)
    return largest


class OldMessage(NamedTuple):
    """What one of before Kafka 0.11 covers."""

    first_offset: int
    last_offset: int
    timestamp: int


def look_at_message(path: str, found: Stretch, report: Report) -> OldMessage | None:
    """One message of before Kafka 0.11, with those in it; None where it cannot be read."""
    where = f"at {found.position}"
    try:
        outer = read_message(found.data)
        if not outer.crc_is_right:
            report.problem(path, where, f"the CRC of the message at offset {outer.offset} does not match", CUT)
            return None
        inner = inner_messages(outer) if outer.codec else [outer]
    except WireError as error:
        report.problem(path, where, str(error), RESTORE)
        return None
    report.records += len(inner)
    return OldMessage(inner[0].offset, outer.offset, outer.timestamp)
