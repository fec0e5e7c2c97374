"""What a file of a Kafka data directory is, by its name and that of its directory."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from kpybroker.storage.metadata_snapshots import BOOTSTRAP
from kpybroker.storage.offset_files import CHECKPOINTS


class Kind(StrEnum):
    LOG = "log"
    INDEX = "index"
    TIME_INDEX = "timeindex"
    TRANSACTION_INDEX = "txnindex"
    SNAPSHOT = "snapshot"  # of producers
    CHECKPOINT = "checkpoint"  # a snapshot of the metadata, or what a cluster begins with
    LEADER_EPOCHS = "leader-epoch-checkpoint"
    OFFSETS = "offset-checkpoint"
    PARTITION = "partition.metadata"
    META = "meta.properties"
    QUORUM_STATE = "quorum-state"
    CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
    LOCK = ".lock"


LEFT_OVER = (".deleted", ".swap", ".cleaned", ".tmp", ".part")

_BY_NAME = {str(kind): kind for kind in list(Kind)[list(Kind).index(Kind.LEADER_EPOCHS) :]}
_BY_NAME |= dict.fromkeys(CHECKPOINTS, Kind.OFFSETS) | {BOOTSTRAP: Kind.CHECKPOINT}
_OF_SEGMENT = re.compile(r"(\d{20})\.(log|index|timeindex|txnindex|snapshot)")
_CHECKPOINT = re.compile(r"(\d{20})-(\d{10})\.checkpoint")
_PARTITION = re.compile(r"(.+)-(\d+)(?:\.[0-9a-f]{32}-(delete|future|stray))?")


class FileName(NamedTuple):
    kind: Kind
    base_offset: int = 0  # of a snapshot: the offset that it was taken at
    epoch: int = 0  # of a metadata snapshot
    left_over: str = ""  # the suffix of one that is going, or not yet there


class PartitionName(NamedTuple):
    topic: str
    number: int
    state: str = ""  # delete, future, stray

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


def file_name(name: str) -> FileName | None:
    """None for a file that is none of Kafka's."""
    left_over = next((suffix for suffix in LEFT_OVER if name.endswith(suffix)), "")
    plain = name.removesuffix(left_over)
    if found := _OF_SEGMENT.fullmatch(plain):
        return FileName(Kind(found[2]), int(found[1]), left_over=left_over)
    if found := _CHECKPOINT.fullmatch(plain):
        return FileName(Kind.CHECKPOINT, int(found[1]), int(found[2]), left_over)
    kind = _BY_NAME.get(plain)
    return None if kind is None else FileName(kind, left_over=left_over)


def partition_name(name: str) -> PartitionName | None:
    """The topic and partition that a directory is for."""
    found = _PARTITION.fullmatch(name)
    return None if found is None else PartitionName(found[1], int(found[2]), found[3] or "")
