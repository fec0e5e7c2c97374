"""What interrupted work has left beside a log: finished where all of it is there, undone where it is not."""

from __future__ import annotations

import re

from kpybroker.storage.files import Files
from kpybroker.storage.segment import NOWHERE, headers

INDEX_SUFFIXES = (".index", ".timeindex", ".txnindex")
SEGMENT_SUFFIXES = (".log", *INDEX_SUFFIXES, ".snapshot")
LEFT_OVER_SUFFIXES = (".deleted", ".cleaned", ".tmp")
_OF_SEGMENT = re.compile(r"\d{20}\..+")


def clear_left_overs(files: Files, directory: str, names: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Segments half deleted or half cleaned go, what was cleaned takes its place, indexes without a log go.

    `names` is the directory's listing; returns what it is then, and what was removed.
    """
    removed = [
        name
        for name in names
        if name.endswith(LEFT_OVER_SUFFIXES) and (_OF_SEGMENT.fullmatch(name) or name.endswith(".tmp"))
    ]
    half_cleaned = min([_offset(name) for name in removed if name.endswith(".cleaned")], default=NOWHERE)
    swapped = [name for name in names if name.endswith(".swap") and _OF_SEGMENT.fullmatch(name)]
    removed += [name for name in swapped if _offset(name) >= half_cleaned]  # parts of a split that was not done
    ready = [name for name in swapped if _offset(name) < half_cleaned]
    removed += _replaced(files, directory, [name for name in names if name not in swapped], ready)
    kept = [name for name in names if name not in removed and name not in ready]
    for name in removed:
        files.remove(f"{directory}/{name}")
    for name in ready:
        files.rename(f"{directory}/{name}", f"{directory}/{name.removesuffix('.swap')}")
        kept.append(name.removesuffix(".swap"))
    logs = {name.removesuffix(".log") for name in kept if name.endswith(".log")}
    orphans = [
        name
        for name in kept
        if name.endswith(INDEX_SUFFIXES) and _OF_SEGMENT.fullmatch(name) and name.rpartition(".")[0] not in logs
    ]
    for name in orphans:
        files.remove(f"{directory}/{name}")
    return sorted(set(kept) - set(orphans)), (*removed, *orphans)


def _replaced(files: Files, directory: str, names: list[str], swaps: list[str]) -> list[str]:
    """The files that cleaned segments, complete but not yet renamed, were to replace."""
    logs = [name for name in swaps if name.endswith(".log.swap")]
    if not logs:
        return []
    ends = []
    for name in logs:
        file = files.open(f"{directory}/{name}")
        ends += [header.base_offset + header.last_offset_delta + 1 for _, header in headers(file, 0, file.size)]
        file.close()
    first = min([_offset(name) for name in logs])
    return [
        name
        for name in names
        if name.endswith(SEGMENT_SUFFIXES)
        and _OF_SEGMENT.fullmatch(name)
        and first <= _offset(name) < max(ends, default=0)
    ]


def _offset(name: str) -> int:
    return int(name.partition(".")[0])
