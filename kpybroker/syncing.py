"""What waits for the disk: nobody sees, or is answered for, what must be synced first; one sync serves all who wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NoReturn

from msgspec import Struct

from kpybroker.machine import Instant, Key, Reply
from kpybroker.storage.files import StorageError
from kpybroker.storage.flushing import Calls, Flush, is_overtaken
from kpybroker.storage.log import Log
from kpybroker.wire.internal import METADATA_TOPIC

NOTHING = 2**63 - 1  # the offset from which on things are held where nothing is; and no limit to what is flushed


class Want(Struct, frozen=True):
    """What the next job is to sync of a log: all that a start must trust, or only the records."""

    whole: bool
    end_offset: int


class Part(Struct, frozen=True):
    """One log's share of a job."""

    hold: Hold | Errand
    want: Want
    flush: Flush


class SyncJob(Struct, frozen=True):
    """Syncs that are carried out together, in whatever thread; then `Syncs.finish` is told of what failed."""

    lane: Lane
    parts: tuple[Part, ...]

    def carry_out(self) -> list[StorageError | None]:
        """Each part's failure, None where there is none."""
        failures: list[StorageError | None] = []
        for part in self.parts:
            try:
                part.flush.carry_out()
                failures.append(None)
            except StorageError as failure:
                failures.append(failure)
        return failures


class Lane:
    """Jobs that are done one after the other; what is wanted meanwhile is gathered for the next: group commit."""

    def __init__(self) -> None:
        self.wants: dict[Hold | Errand, Want] = {}
        self.is_busy = False

    def want(self, hold: Hold | Errand, want: Want) -> None:
        known = self.wants.get(hold)
        if known is not None:
            want = Want(want.whole or known.whole, max(want.end_offset, known.end_offset))
        self.wants[hold] = want

    def take(self) -> SyncJob | None:
        """All that is wanted, if nothing is under way."""
        if self.is_busy or not self.wants:
            return None
        wants, self.wants = self.wants, {}
        self.is_busy = True
        return SyncJob(self, tuple([Part(hold, want, hold.begin(want)) for hold, want in wants.items()]))


class Hold:
    """What of one partition's log is held: from `begins` on nobody sees it, and nobody is answered for it."""

    __slots__ = ("_following", "_syncs", "_waiting", "begins", "every", "flushing_to", "key", "log")

    def __init__(self, key: Key, log: Log, syncs: Syncs | None) -> None:
        """Without syncs nothing is ever held: nobody looks into the directory after the broker's end."""
        self.key = key
        self.log = log
        self.begins = NOTHING
        self.every = syncs is not None and syncs.every
        self.flushing_to = NOTHING if syncs is None else 0  # up to where flushes are done, under way or wanted
        self._syncs = syncs
        self._following: int | None = None  # while a job is under way: where `begins` will be, as far as that is known
        self._waiting: deque[tuple[int, Sequence[Reply]]] = deque()  # end offset, replies
        if syncs is None:
            return
        log.durable.rolled = self._rolled
        if self.every:
            log.durable.beside.write_later()

    def begin_at(self, offset: int) -> None:
        """What is before the offset is deleted, synced or not."""
        if self.begins != NOTHING:
            self.begins = max(self.begins, offset)
            self._following = None if self._following is None else max(self._following, offset)

    @property
    def failure(self) -> StorageError | None:
        return self.log.durable.failure

    def appended(self, base_offset: int, flush_messages: int) -> None:
        """A batch is in the log. It must be synced if all must be, or with so many messages since the last flush
        (UnifiedLog.append)."""
        self.flushing_to = max(self.flushing_to, self.log.recovery_point)
        is_flush = self.log.end_offset - self.flushing_to >= flush_messages
        if is_flush:
            self.flushing_to = self.log.end_offset
        if is_flush or self.every:
            self._hold_from(base_offset, whole=is_flush)

    def _hold_from(self, offset: int, *, whole: bool) -> None:
        assert self._syncs is not None
        if self.begins == NOTHING:
            self.begins = offset
            self._syncs.held += 1
        elif self._following == NOTHING:
            self._following = offset
        self._syncs.urgent.want(self, Want(whole, NOTHING))

    def _rolled(self, base_offset: int) -> None:
        """The segments before the new one are flushed when there is time for it (UnifiedLog.roll)."""
        assert self._syncs is not None
        self._syncs.background.want(self, Want(whole=True, end_offset=base_offset))

    def wait(self, replies: Sequence[Reply]) -> None:
        """These go out when all that is in the log by now is synced."""
        self._waiting.append((self.log.end_offset, replies))

    def begin(self, want: Want) -> Flush:
        """A job is taken: what is in the log by now is in it, what comes is held for the next."""
        if want.end_offset == NOTHING and self.begins != NOTHING:
            self._following = NOTHING
        if self.failure is not None:  # what is asked of a disk after a failure is no answer
            return _failed(self.log.end_offset, self.failure)
        try:
            return self.log.durable.flush(want.end_offset) if want.whole else self.log.durable.acknowledge()
        except StorageError as failure:
            return _failed(self.log.end_offset, failure)

    def release(self) -> Iterable[Reply]:
        """The job is done: who may be answered now."""
        assert self._syncs is not None
        if self._following is not None:
            self.begins, self._following = self._following, None
            self._syncs.held -= self.begins == NOTHING
        while self._waiting and self._waiting[0][0] <= self.begins:
            yield from self._waiting.popleft()[1]

    def fail(self, failure: StorageError) -> Iterable[Reply]:
        """It stays held for good: who waits is told why."""
        self.log.durable.failure = failure
        self._following = None
        replies = [Reply(ticket, failure) for _, held in self._waiting for ticket, _ in held]
        self._waiting.clear()
        return replies


class Errand:
    """Calls of somebody who waits for nothing else, such as the syncs of a segment that is written anew."""

    def __init__(self, calls: Calls, then: Callable[[StorageError | None], None]) -> None:
        self._calls = tuple(calls)
        self.then = then

    def begin(self, want: Want) -> Flush:
        return Flush(0, False, 0, (), 0, self._calls)


class Syncs:
    """All that is to be synced in one broker. The core offers it, whoever drives the core carries it out.

    every: nothing is acknowledged before it is synced. `touch` is told of each partition of which more can be seen.
    """

    def __init__(self, reply: Callable[[Iterable[Reply]], None], touch: Callable[[Key], None], *, every: bool) -> None:
        self.every = every
        self.held = 0  # partitions of which something is held
        self.urgent = Lane()  # somebody waits for it
        self.background = Lane()
        self._reply = reply
        self._touch = touch

    def run(self, calls: Calls, then: Callable[[StorageError | None], None]) -> None:
        """Has these called when there is time for it, and `then` told of the failure, if there was one."""
        self.background.want(Errand(calls, then), Want(whole=False, end_offset=0))

    def aside(self, disk_failed: Callable[[StorageError], None], calls: Calls) -> None:
        """As `run`, for calls that nobody waits for at all."""

        def then(failure: StorageError | None) -> None:
            if failure is not None:
                disk_failed(failure)

        self.run(calls, then)

    def finish(
        self,
        job: SyncJob,
        failures: Sequence[StorageError | None],
        now: Instant,
        disk_failed: Callable[[StorageError], None],
    ) -> None:
        """A job was carried out. Whoever waited for what the disk has refused is told so, and so is `disk_failed`."""
        job.lane.is_busy = False
        outcomes = list(zip(job.parts, failures, strict=True))
        # Without the metadata log, all that it tells of may be gone: nobody is told of anything.
        lost = [
            failure
            for part, failure in outcomes
            if failure is not None and isinstance(part.hold, Hold) and part.hold.key[0] == METADATA_TOPIC
        ]
        found = []
        for part, outcome in outcomes:
            hold, want, flush = part.hold, part.want, part.flush
            if isinstance(hold, Errand):
                hold.then(outcome)
                continue
            if outcome is not None and is_overtaken(hold.log, flush, outcome):
                job.lane.want(hold, want)
                continue
            failure = lost[0] if lost else outcome
            if failure is not None:
                self._reply(hold.fail(failure))
                found.append(failure)
            else:
                hold.log.durable.done(flush, now)
                if job.lane is self.background:
                    continue
                self._reply(hold.release())
            self._touch(hold.key)
        for failed in found:
            disk_failed(failed)


def _failed(end_offset: int, failure: StorageError) -> Flush:
    return Flush(end_offset, False, 0, (), 0, (partial(_raise, failure),))


def _raise(failure: StorageError) -> NoReturn:
    raise failure
