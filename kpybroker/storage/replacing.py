"""A segment that was written anew takes the place of those that it stands for, a few files at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kpybroker.machine import Instant
from kpybroker.storage.log import Log
from kpybroker.storage.segment import Segment

CLEANED, SWAP = ".cleaned", ".swap"  # UnifiedLog.CLEANED_FILE_SUFFIX, SWAP_FILE_SUFFIX
SEGMENTS_AT_ONCE = 2  # that go in one slice: four files each take another name


def replace(log: Log, group: Sequence[Segment], paths: Sequence[str], now: Instant) -> Iterator[None]:
    """What was made, in these files, takes the place of the group, in Kafka's order (LocalLog.replaceSegments): a kill
    at any moment leaves one or the other to the next start. Readers find the new one as soon as it is whole.

    Whoever closes the iterator has the rest done at once, unless the disk has failed: then it is for the next start.
    It ends early where the log is deleted meanwhile.
    """
    finals = [path.removesuffix(CLEANED) for path in paths]
    for path, final in zip(paths, finals, strict=True):
        log.files.rename(path, final + SWAP)
    base, segments, old = group[0].base_offset, log.segments, list(group)
    new = Segment(log.files, log.directory, base, log.config, now, new=False, suffix=SWAP)
    segments.replace(old, new)
    try:
        while old:
            _put_away(log, old, base, now)
            yield
            if log.segments is not segments:
                return
    except GeneratorExit:
        if log.segments is segments and log.durable.failure is None:
            while old:
                _put_away(log, old, base, now)
            _finish(log, new, finals, now)
        raise
    _finish(log, new, finals, now)


def _put_away(log: Log, old: list[Segment], base: int, now: Instant) -> None:
    some, old[:SEGMENTS_AT_ONCE] = old[:SEGMENTS_AT_ONCE], []
    log.segments.put_away(some, now + log.config.file_delete_delay_ms, replaced_at=base)


def _finish(log: Log, new: Segment, finals: Sequence[str], now: Instant) -> None:
    """The last names, unless the new segment has gone already: then what retention leaves of it goes too."""
    new.close()
    is_there = new in log.segments.all
    for path in finals:
        if is_there:
            log.files.rename(path + SWAP, path)
        else:
            log.files.remove(path + SWAP)
    if is_there:
        final = Segment(log.files, log.directory, new.base_offset, log.config, now, new=False)
        log.segments.replace([new], final)
