"""The small text files beside the logs: leader epochs, a partition's topic id, offsets for all logs of a directory."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple

from kpybroker.storage.files import Files, StorageError

PARTITION_METADATA = "partition.metadata"
LEADER_EPOCHS = "leader-epoch-checkpoint"
UNDEFINED_EPOCH = UNDEFINED_EPOCH_OFFSET = -1
UUID_LENGTH = 22  # characters
HEAD_LINES = 2  # version, count


def uuid_text(uuid: bytes) -> str:
    """A Kafka Uuid as Kafka writes it: base64 for URLs, without padding."""
    return urlsafe_b64encode(uuid).rstrip(b"=").decode()


def uuid_bytes(text: str) -> bytes:
    if len(text) != UUID_LENGTH:
        raise ValueError(f"{text!r} is not a Uuid")
    return urlsafe_b64decode(text + "==")


def write_checkpoint(files: Files, path: str, lines: Iterable[str], *, sync: bool = False) -> None:
    files.write_whole(path, checkpoint_text(lines), sync=sync)


def checkpoint_text(lines: Iterable[str]) -> bytes:
    """Version, count, and one entry a line."""
    entries = list(lines)
    return "\n".join(["0", str(len(entries)), *entries, ""]).encode()


def read_checkpoint(files: Files, path: str) -> list[list[str]]:
    """The entries, split at blanks; none if there is no file, or an empty one."""
    lines = (files.read_whole(path) or b"").decode().splitlines()
    if not lines:
        return []
    if lines[0] != "0":
        raise StorageError(f"{files.root}/{path}", f"version {lines[0]} of a checkpoint file is not known")
    entries = [line.split() for line in lines[HEAD_LINES:]]
    if len(lines) < HEAD_LINES or lines[1] != str(len(entries)):
        raise StorageError(
            f"{files.root}/{path}", f"{len(entries)} entries where {''.join(lines[1:2]) or 'none'} were promised"
        )
    return entries


def topic_id_text(topic_id: bytes) -> bytes:
    """What `partition.metadata` holds."""
    return f"version: 0\ntopic_id: {uuid_text(topic_id)}".encode()


def read_topic_id(files: Files, directory: str) -> bytes | None:
    path = f"{directory}/{PARTITION_METADATA}"
    data = files.read_whole(path)
    if data is None:
        return None
    try:
        fields = dict(line.split(": ", 1) for line in data.decode().splitlines())
        if fields["version"] != "0":
            raise StorageError(f"{files.root}/{path}", f"version {fields['version']} is not known")
        return uuid_bytes(fields["topic_id"])
    except (ValueError, KeyError) as error:
        raise StorageError(
            f"{files.root}/{path}", "not a partition.metadata file; move it away: it is made anew"
        ) from error


class Changed:
    """Whether the logs of one directory are further than what was last written down of them."""

    __slots__ = ("flag",)

    def __init__(self) -> None:
        self.flag = False


class EpochEntry(NamedTuple):
    epoch: int
    start_offset: int


class LeaderEpochs:
    """Which leader epoch begins at which offset (KIP-101); both ascend."""

    def __init__(self, files: Files, directory: str, write: Callable[[str, bytes], object] | None = None) -> None:
        """`write` writes the file, at once or later."""
        self._files = files
        self._path = f"{directory}/{LEADER_EPOCHS}"
        self._write = write or files.write_whole
        self.entries: list[EpochEntry] = []
        self.latest = UNDEFINED_EPOCH
        self.unsaved = False  # an epoch without records yet: the file is written with the first of them

    def load(self) -> None:
        try:
            self.entries = [
                EpochEntry(int(epoch), int(offset)) for epoch, offset in read_checkpoint(self._files, self._path)
            ]
        except ValueError as error:
            raise StorageError(f"{self._files.root}/{self._path}", str(error)) from error
        self._latest()

    def _latest(self) -> None:
        self.latest = self.entries[-1].epoch if self.entries else UNDEFINED_EPOCH

    def save(self) -> None:
        self._latest()
        self._write(self._path, checkpoint_text(f"{epoch} {offset}" for epoch, offset in self.entries))
        self.unsaved = False

    def lead(self, epoch: int, start_offset: int) -> None:
        """The epoch begins here, in memory alone; entries that contradict it give way."""
        assert epoch >= 0
        assert start_offset >= 0
        if self.entries and epoch == self.latest and start_offset >= self.entries[-1].start_offset:
            return
        while self.entries and (self.entries[-1].epoch >= epoch or self.entries[-1].start_offset >= start_offset):
            self.entries.pop()
        self.entries.append(EpochEntry(epoch, start_offset))
        self._latest()
        self.unsaved = True

    def assign(self, epoch: int, start_offset: int) -> None:
        """The epoch begins here, in the file too."""
        self.lead(epoch, start_offset)
        if self.unsaved:
            self.save()

    def end_offset_for(self, epoch: int, end_offset: int) -> EpochEntry:
        """The largest epoch up to the one asked for, and the offset where it ends (OffsetForLeaderEpoch)."""
        if epoch == UNDEFINED_EPOCH or epoch > self.latest or not self.entries:
            return EpochEntry(UNDEFINED_EPOCH, UNDEFINED_EPOCH_OFFSET)
        if epoch == self.latest:
            return EpochEntry(epoch, end_offset)
        following = bisect_right(self.entries, epoch, key=lambda entry: entry.epoch)
        known = self.entries[following - 1].epoch if following > 0 else epoch
        return EpochEntry(known, self.entries[following].start_offset)

    def epoch_of(self, offset: int) -> int:
        """The epoch in which the offset was written, -1 if it is not known."""
        following = bisect_right(self.entries, offset, key=lambda entry: entry.start_offset)
        return self.entries[following - 1].epoch if following > 0 else UNDEFINED_EPOCH

    def cut_end(self, end_offset: int) -> None:
        """Forget epochs that begin at or after the end of the log, in memory alone."""
        kept = bisect_left(self.entries, end_offset, key=lambda entry: entry.start_offset)
        if kept < len(self.entries):
            del self.entries[kept:]
            self._latest()
            self.unsaved = True

    def clear(self) -> None:
        """Forget all of them."""
        self.entries.clear()
        self.save()

    def cut_start(self, start_offset: int) -> None:
        """The log begins later now: the epoch of its first offset begins there."""
        gone = bisect_right(self.entries, start_offset, key=lambda entry: entry.start_offset)
        if gone > 0 and self.entries[0].start_offset < start_offset:
            self.entries[:gone] = [EpochEntry(self.entries[gone - 1].epoch, start_offset)]
            self.save()
