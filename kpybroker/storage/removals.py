"""Files that nobody needs any more: they take another name at once and go some time later, as Kafka's do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush

from kpybroker.machine import Instant
from kpybroker.storage.files import File, Files
from kpybroker.storage.flushing import Calls

DELETED = ".deleted"  # LogFileUtils.DELETED_FILE_SUFFIX
DELETED_DIRECTORY = "-delete"  # LogFileUtils.DELETE_DIR_SUFFIX
STRAY_DIRECTORY = "-stray"  # UnifiedLog.STRAY_DIR_SUFFIX
LONGEST_NAME = 255  # of a file, on all common disks
FILES_AT_ONCE = 8  # that one wake removes
LARGE_BYTES = 4 * 1024 * 1024  # a file system takes its time to free them


class Removals:
    """What of one data directory is to be removed, and when; a Chore. What a stop leaves, the next start removes.

    `at_once`: nobody looks into the directory, so nothing is renamed and nothing waits.
    """

    def __init__(self, files: Files, *, at_once: bool) -> None:
        self._files = files
        self.at_once = at_once
        self.delay_ms = 60_000  # log.segment.delete.delay.ms
        self.aside: Callable[[Calls], None] | None = None  # has calls made when nobody has to wait for them
        self._waiting: list[tuple[Instant, str, bool]] = []  # a heap; whether the files of a tree were removed already
        self._under_way: Iterator[str] = iter(())  # files of a tree that is being removed

    def file(self, file: File, at: Instant) -> None:
        """One file goes (LogSegment.changeFileSuffixes). Slices of it keep their bytes."""
        if self.at_once and self.aside is not None and file.size >= LARGE_BYTES:
            file.close()
            self._files.rename(file.path, file.path + DELETED)
            self.aside([partial(self._remove, file.path + DELETED)])
        elif self.at_once:
            file.remove()
        else:
            file.close()
            self.path(file.path, at)

    def path(self, path: str, at: Instant) -> None:
        """As `file`, for one that is not open; it may be missing."""
        if self.at_once:
            self._files.remove(path)
        elif self._files.exists(path):
            self._files.rename(path, path + DELETED)
            self.later(path + DELETED, at)

    def partition(self, path: str, topic_id: bytes | None, now: Instant, *, name: str | None = None) -> None:
        """A partition's directory goes (LogManager.asyncDelete), after the broker's delay, whatever its topic's is
        (LogManager.deleteLogs). `name` is the partition's, if it is not the path."""
        if self.at_once:
            self._files.remove_tree(path)
        elif self._files.exists(path):
            gone = deleted_name(name or path, topic_id or bytes(16))
            self._files.remove_tree(gone)
            self._files.rename(path, gone)
            self.later(gone, now + self.delay_ms)

    def set_aside(self, path: str, topic_id: bytes | None) -> str:
        """A partition's directory gets a name under which nobody looks for it; returns that name."""
        unique = int.from_bytes(topic_id or b"", "big")
        while self._files.exists(name := deleted_name(path, unique.to_bytes(16, "big"), STRAY_DIRECTORY)):
            unique = (unique + 1) % (1 << 128)
        self._files.rename(path, name)
        return name

    def later(self, path: str, at: Instant) -> None:
        """A file or a tree (by its name) that has its last name already goes when it is time."""
        if self.at_once:
            self._remove(path)
        else:
            heappush(self._waiting, (at, path, False))

    def due(self) -> Instant | None:
        return self._waiting[0][0] if self._waiting else None

    def expire(self, now: Instant) -> None:
        """Removes what is due: a few files of it, if that is not for somebody else to do."""
        if self.aside is not None:
            paths = []
            while self._waiting and self._waiting[0][0] <= now:
                paths.append(heappop(self._waiting)[1])
            self.aside([partial(self._remove, path) for path in paths])
            return
        for _ in range(FILES_AT_ONCE):
            if not self._waiting or self._waiting[0][0] > now:
                return
            path = next(self._under_way, None)
            if path is None:
                _, path, walked = heappop(self._waiting)
                inside = self._files.list(path) if path.endswith(DELETED_DIRECTORY) and not walked else []
                if len(inside) > FILES_AT_ONCE:  # one after another, and then, with what came meanwhile, the tree
                    self._under_way = iter([f"{path}/{name}" for name in inside])
                    heappush(self._waiting, (now, path, True))
                    continue
            self._remove(path)

    def forget(self) -> None:
        """Nothing is removed any more."""
        self._waiting.clear()

    def _remove(self, path: str) -> None:
        if path.endswith(DELETED_DIRECTORY):
            self._files.remove_tree(path)
        else:
            self._files.remove(path)


def deleted_name(partition: str, topic_id: bytes, suffix: str = DELETED_DIRECTORY) -> str:
    """TOPIC-N.UNIQUE-delete, cut in the topic's name if it would be too long (LocalLog.logDeleteDirName). Its topic's
    id tells a partition from others of the same name."""
    topic, _, index = partition.rpartition("-")
    rest = f"-{index}.{topic_id.hex()}{suffix}"
    return topic[: LONGEST_NAME - len(rest)] + rest
