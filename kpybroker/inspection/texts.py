"""The files that hold text: checkpoints of offsets and epochs, topic ids, properties, the quorum's state, marks."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from kpybroker.inspection.batches import Broken
from kpybroker.storage.checkpoints import uuid_bytes

_NUMBER = re.compile(r"-?\d{1,19}")
_ESCAPED = re.compile(r"\\(.)")
LEAST, MOST = -(2**63), 2**63 - 1


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Broken(error.start, "not UTF-8") from error


def _lines(data: bytes) -> list[str]:
    """They end where Java's lines end; Python knows more ends (a vertical tab, for one)."""
    return io.StringIO(_text(data), newline=None).read().removesuffix("\n").split("\n")


def number(text: str, line: int) -> int:
    """As Kafka writes numbers."""
    if _NUMBER.fullmatch(text) is None or not LEAST <= int(text) <= MOST:
        raise Broken(line, f"{text!r} where a number is expected")
    return int(text)


def checkpoint(data: bytes, fields: int) -> list[list[str]]:
    """The entries of a checkpoint file, so many fields each; none of an empty file. Positions are line numbers."""
    text = _text(data)
    if text == "":  # as Kafka makes it when there has been nothing to write
        return []
    if not text.endswith("\n"):
        raise Broken(text.count("\n") + 1, "the last line has no end", torn=True)
    lines = text[:-1].split("\n")
    if number(lines[0], 1) != 0:
        raise Broken(1, f"version {lines[0]}, and only 0 is known")
    if len(lines) < 2:
        raise Broken(2, "the number of entries is missing")
    promised = number(lines[1], 2)
    entries = [line.split(" ") for line in lines[2:]]
    for place, entry in enumerate(entries, 3):
        if len(entry) != fields or "" in entry:
            raise Broken(place, f"{len(entry)} fields where there are {fields} in every line")
    if promised != len(entries):
        raise Broken(2, f"{promised} entries were promised, and there are {len(entries)}")
    return entries


def leader_epochs(data: bytes) -> list[tuple[int, int]]:
    """Each epoch with the offset where it begins."""
    return [(number(epoch, line), number(offset, line)) for line, (epoch, offset) in enumerate(checkpoint(data, 2), 3)]


def partition_offsets(data: bytes) -> list[tuple[str, int, int]]:
    """Topic, partition and offset."""
    return [
        (topic, number(index, line), number(offset, line))
        for line, (topic, index, offset) in enumerate(checkpoint(data, 3), 3)
    ]


def topic_id(data: bytes) -> str:
    """The topic's id of a `partition.metadata`."""
    fields: dict[str, str] = {}
    for line, text in enumerate(_lines(data), 1):
        name, separator, value = text.partition(": ")
        if not separator or name in fields:
            raise Broken(line, f"{text!r} where NAME: VALUE is expected")
        fields[name] = value
    if fields.get("version") != "0":
        raise Broken(1, f"version {fields.get('version', 'missing')}, and only 0 is known")
    if fields.keys() != {"version", "topic_id"}:
        raise Broken(2, "the topic's id is missing" if "topic_id" not in fields else "more than a version and an id")
    return uuid(fields["topic_id"], 2)


def uuid(text: str, line: int) -> str:
    try:
        uuid_bytes(text)
    except ValueError:
        raise Broken(line, f"{text!r} is no id of 22 characters") from None
    if re.fullmatch(r"[A-Za-z0-9_-]{22}", text) is None:
        raise Broken(line, f"{text!r} is no id of 22 characters")
    return text


def properties(data: bytes) -> dict[str, str]:
    """`meta.properties`, as it stands."""
    found: dict[str, str] = {}
    for line, text in enumerate(_lines(data), 1):
        if text.strip() == "" or text.lstrip().startswith(("#", "!")):
            continue
        name, separator, value = text.partition("=")
        if not separator:
            raise Broken(line, f"{text!r} where NAME=VALUE is expected")
        found[name.strip()] = _ESCAPED.sub(r"\1", value.strip())
    return found


def object_of(data: bytes) -> dict[str, Any]:
    """`quorum-state` and the mark of a clean stop (which a Kafka before 3.7 left empty)."""
    if data == b"":
        return {}
    try:
        found = json.loads(_text(data))
    except ValueError as error:
        raise Broken(0, f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Broken(0, "no JSON object")
    return found
