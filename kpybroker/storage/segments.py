"""The segments of one log: found by offset, read across their borders, and let go of."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from kpybroker.machine import Instant
from kpybroker.storage.files import Slice
from kpybroker.storage.removals import Removals
from kpybroker.storage.segment import NOWHERE, Place, Segment
from kpybroker.wire.records import BatchHeader


class Segments:
    """The segments of a log in the order of their offsets; the last one is the active one."""

    __slots__ = ("_bases", "_removals", "all", "losses")

    def __init__(self, removals: Removals) -> None:
        self._removals = removals
        self.all: list[Segment] = []
        self._bases: list[int] = []
        self.losses = 0  # how many have gone

    def add(self, segment: Segment) -> None:
        self.all.append(segment)
        self._bases.append(segment.base_offset)

    def drop(self, segments: Sequence[Segment]) -> None:
        """Without them and their files."""
        for segment in list(segments):
            for file in segment.files:
                file.remove()
            self._forget(segment)

    def retire(self, segments: Sequence[Segment], at: Instant, *, replaced_at: int = NOWHERE) -> None:
        """Without them; their files, and what was known of producers where they begin, go later. Where another segment
        begins in their place, the snapshot of that offset stays."""
        gone = list(segments)
        for segment in gone:
            self.put_away([segment], at, replaced_at=replaced_at)
            self._forget(segment)

    def put_away(self, segments: Sequence[Segment], at: Instant, *, replaced_at: int = NOWHERE) -> None:
        """Their files take other names; see `retire`."""
        for segment in segments:
            for file in segment.files:
                self._removals.file(file, at)
            name = segment.log.path.removesuffix(".log")
            self._removals.path(f"{name}.txnindex", at)
            if segment.base_offset != replaced_at:
                self._removals.path(f"{name}.snapshot", at)

    def retire_below(self, offset: int, at: Instant) -> None:
        """All that `below` names. The file of the active one is there then, empty or not: after a kill, its name tells
        where the log goes on."""
        gone = self.below(offset)
        if gone:
            self.all[-1].log.append(b"")
            self.retire(gone, at)

    def _forget(self, segment: Segment) -> None:
        self.all.remove(segment)
        self._bases.remove(segment.base_offset)
        self.losses += 1

    def replace(self, segments: Sequence[Segment], new: Segment) -> None:
        """One takes the place of several that follow one another; their files are left to the caller."""
        first = bisect_left(self._bases, segments[0].base_offset)
        end = first + len(segments)
        assert self.all[first] is segments[0]
        assert self.all[end - 1] is segments[-1]
        self.all[first:end], self._bases[first:end] = [new], [new.base_offset]
        self.losses += len(segments)

    def after(self, segment: Segment) -> Segment | None:
        following = bisect_right(self._bases, segment.base_offset)
        return self.all[following] if following < len(self.all) else None

    def between(self, offset: int, end_offset: int) -> list[Segment]:
        """The segment where the offset belongs, and those after it that begin before the end."""
        if offset >= end_offset:
            return []
        return self.all[max(0, bisect_right(self._bases, offset) - 1) : bisect_left(self._bases, end_offset)]

    def below(self, offset: int) -> list[Segment]:
        """Those that hold nothing from the offset on; never the active one."""
        return self.all[: max(0, bisect_right(self._bases, offset) - 1)]

    @property
    def last(self) -> Segment | None:
        return self.all[-1] if self.all else None

    @property
    def first_base_offset(self) -> int:
        return self._bases[0] if self._bases else 0

    def from_offset(self, offset: int) -> list[Segment]:
        """The segment where the offset belongs, and those after it."""
        if self._bases and offset >= self._bases[-1]:
            return self.all[-1:]
        return self.all[max(0, bisect_right(self._bases, offset) - 1) :]

    def locate(self, offset: int) -> tuple[Segment, Place] | None:
        """The batch that holds the offset, or else the first one after it: what lay between was compacted away."""
        for segment in self.from_offset(offset):
            place = segment.locate(offset)
            if place is not None:
                return segment, place
        return None

    def whereabouts(self, offset: int, end_offset: int) -> tuple[int, int]:
        """Which segment an offset lies in, by its base offset, and the position there of the batch that holds it."""
        found = self.locate(offset) if offset < end_offset else None
        if found is not None:
            return found[0].base_offset, found[1].position
        return (self.all[-1].base_offset, self.all[-1].size) if self.all else (end_offset, 0)

    def limit(self, segment: Segment, upper_bound: int) -> int:
        """The position in a segment before which everything is below the upper bound."""
        found = self.locate(upper_bound)
        return found[1].position if found is not None and found[0] is segment else segment.size

    def slice(
        self, offset: int, max_bytes: int, upper_bound: int | None, *, whole_first: bool, cut_first: bool
    ) -> Slice | None:
        """As `Log.read`, up to the end of a segment at most; no upper bound: all that is there."""
        found = self.locate(offset)
        if found is None:
            return None
        segment, place = found
        if place.size > max_bytes:
            if not whole_first and not cut_first:
                return None
            max_bytes = place.size if whole_first else max_bytes
        limit = segment.size if upper_bound is None else self.limit(segment, upper_bound)
        count = limit - place.position
        return segment.log.slice(place.position, min(count, max_bytes)) if count > 0 else None

    def batches(self, from_offset: int) -> Iterator[tuple[Segment, int, BatchHeader]]:
        for segment in self.from_offset(from_offset):
            place = segment.locate(from_offset)
            if place is not None:
                for position, header in segment.headers(place.position):
                    yield segment, position, header
