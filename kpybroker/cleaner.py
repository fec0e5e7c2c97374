"""Carries out what compaction has chosen: a pass over one log, no faster than it may be, waiting for the disk."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.config.topics import TopicSettings
from kpybroker.dirt import Dirt, look
from kpybroker.machine import AT_ONCE, Instant, Key
from kpybroker.replicas import Replicas
from kpybroker.storage.cleaning import Cleaning
from kpybroker.storage.directories import DataDirectories
from kpybroker.storage.files import DiskError, StorageError
from kpybroker.storage.learning import Extent
from kpybroker.storage.log import Log
from kpybroker.storage.offset_map import OffsetMap
from kpybroker.syncing import Syncs

log = logging.getLogger("kpybroker")
THROTTLE_MS = 300  # from one reckoning to the next, as Kafka's cleaner has it
LEAST_RATE = 1e-3  # bytes in a second: as good as none


class Compacted(NamedTuple):
    """What the compaction of one partition came to."""

    topic: str
    partition: int
    bytes_before: int
    bytes_after: int


class Throttle:
    """How many bytes cleanings may read and write in a second (log.cleaner.io.max.bytes.per.second)."""

    def __init__(self) -> None:
        self._since: Instant = 0
        self._spent = 0

    def spend(self, count: int, per_second: float, now: Instant) -> Instant:
        """These bytes were read or written; from when on there may be more. What was not spent is not saved up."""
        if now - self._since > THROTTLE_MS:
            self._since, self._spent = now, 0
        self._spent += count
        return self._since + int(self._spent * 1000 / max(per_second, LEAST_RATE))


class Cleaner:
    """The one cleaner of a broker. `now` is moved on by whoever has it work."""

    def __init__(
        self, replicas: Replicas, directories: DataDirectories, settings: Settings, syncs: Syncs, now: Instant
    ) -> None:
        self.now = now
        self._replicas = replicas
        self._directories = directories
        self._settings = settings
        self._syncs = syncs
        self._throttle = Throttle()
        self._goes_on_at: Instant = AT_ONCE
        self._is_waiting = False  # for the disk
        self._failure: StorageError | None = None
        self._uncleanable: dict[Key, Log] = {}  # what is in them cannot be read

    def due(self) -> Instant | None:
        """When a pass that is under way goes on; None while it waits for the disk."""
        return None if self._is_waiting else self._goes_on_at

    def can_clean(self, key: Key, found: Log) -> bool:
        """Whether nothing has been found in it that cannot be read."""
        if key in self._uncleanable and self._uncleanable[key] is not found:
            del self._uncleanable[key]  # it was of an earlier topic of this name
        return key not in self._uncleanable

    def look(
        self, key: Key, found: Log, settings: TopicSettings, *, anew: bool = False
    ) -> Generator[None, None, Dirt | None]:
        """How dirty a log is; None where there is nothing to clean."""
        if not self.can_clean(key, found):
            return None
        stable_offset = self._replicas.last_stable_offset(key, found)
        dirt = yield from look(key, found, settings, stable_offset, self.now, anew=anew)
        if dirt is not None and dirt.is_reset:
            self._note(key, found, dirt.first_dirty)
        return dirt

    def clean(self, dirt: Dirt) -> Generator[None, None, Compacted | None]:
        """One pass over one log. None where nothing came of it."""
        key, found = dirt.key, dirt.log
        cleaning = self._cleaning(dirt)
        if cleaning is None:
            return None
        try:
            for calls in cleaning.steps():
                if calls and self._directories.kept:
                    self._is_waiting = True
                    self._syncs.run(calls, self._synced)
                    while self._is_waiting:
                        yield
                    if self._failure is not None and self._directories.log(key) is found:
                        raise self._failure
                self._goes_on_at = self._throttle.spend(cleaning.take_io_bytes(), self._bytes_per_second, self.now)
                yield
        except DiskError:
            raise
        except StorageError as error:
            log.warning("%s; its partition is not compacted any more until the next start", error)
            self._uncleanable[key] = found
            return None
        finally:
            self._goes_on_at = AT_ONCE
        if cleaning.cleaned is None:
            return None
        self._note(key, found, cleaning.cleaned.end_offset)
        return Compacted(*key, cleaning.cleaned.bytes_before, cleaning.cleaned.bytes_after)

    def _cleaning(self, dirt: Dirt) -> Cleaning | None:
        """By what is set now; None where the log is not, or not known to be, what it was when it was looked at."""
        partition = self._replicas.get(*dirt.key, self.now)
        stable = -1 if partition is None or partition.log is not dirt.log else partition.last_stable_offset
        if partition is None or stable < dirt.first_uncleanable:  # if it was not open, nobody knew
            return None
        threads = max(1, self._settings.int("log.cleaner.threads"))  # each of Kafka's has its own map
        memory = self._settings.int("log.cleaner.dedupe.buffer.size") // threads
        load = self._settings.value("log.cleaner.io.buffer.load.factor")
        assert isinstance(load, float)
        offsets = OffsetMap(memory, load, dirt.first_uncleanable - dirt.first_dirty)
        extent, kept_ms = Extent(dirt.first_dirty, dirt.first_uncleanable), dirt.settings.delete_retention_ms
        return Cleaning(dirt.log, extent, offsets, partition.producers, kept_ms, self.now)

    @property
    def _bytes_per_second(self) -> float:
        found = self._settings.value("log.cleaner.io.max.bytes.per.second")
        assert isinstance(found, float)
        return found

    def _note(self, key: Key, found: Log, offset: int) -> None:
        found.cleaned_offset = offset
        if (home := self._directories.holder(key)) is not None:
            home.offsets.cleaned()

    def _synced(self, failure: StorageError | None) -> None:
        self._is_waiting, self._failure = False, failure
