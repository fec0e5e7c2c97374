"""Logs that are copied from another directory: beside the others, `NAME-N.UUID-future`, until they take their place."""

from __future__ import annotations

from kpybroker.machine import Instant, Key
from kpybroker.storage.directory import DataDirectory
from kpybroker.storage.log import Log


def future_log(directory: DataDirectory, key: Key, like: Log, now: Instant) -> Log:
    """What is to become this partition's log, as soon as it is like the one that is in another directory."""
    name = f"{key[0]}-{key[1]}.{(like.topic_id or bytes(16)).hex()}-future"  # LocalLog.logFutureDirName
    directory.files.remove_tree(name)
    return Log(directory.files, name, like.config, now, topic_id=like.topic_id, removals=directory.removals)


def promote(directory: DataDirectory, key: Key, future: Log, now: Instant) -> None:
    """It is this partition's log from now on."""
    files, name = directory.files, f"{key[0]}-{key[1]}"
    if future.segments.last is None:
        directory.create(key, future.config, now, topic_id=future.topic_id)
        return
    from kpybroker.storage.recovery import open_log  # noqa: PLC0415  here and not at the top: a start pays for none of it

    future.close()
    files.rename(future.directory, name)
    start_offset, removals = future.start_offset, directory.removals
    log, _ = open_log(files, name, future.config, now, clean=True, start_offset=start_offset, removals=removals)
    directory.adopt(key, log)


def discard(directory: DataDirectory, key: Key, future: Log, now: Instant) -> None:
    """It is not to become this partition's log after all."""
    future.close(clean=False)
    directory.removals.partition(future.directory, future.topic_id, now, name=f"{key[0]}-{key[1]}")
