"""What both directions of the codec share: lines of Python under construction, and what compiled lines call.

A codec is compiled for one (message, version) on first use: straight-line code, one struct call for each run of
fixed-size fields. Every line knows which fields it is about, so that a failure names the field and not the line.
"""

from __future__ import annotations

import re
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from kpybroker.wire.declare import Kind, type_of
from kpybroker.wire.fields import STRING, Field, fields

BROKEN = (struct.error, IndexError, ValueError, TypeError, AttributeError)
LONGEST_STRING = 32767  # a limit of Kafka's, kept where lengths are varints too


class WireError(Exception):
    """The bytes, or the values, do not fit the message; says which field."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Sizes(dict[int, bytes]):
    """size[n]: n as a varint; the first thousand are kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __missing__(self, n: int) -> bytes:
        if n > self.limit:
            raise ValueError(f"a length of {n - 1} is more than Kafka allows")
        made = varint(n)
        if n < 1024:
            self[n] = made
        return made


class Runs(dict[int, Any]):
    """runs[n]: the struct call for n numbers of one kind; the short ones are kept."""

    def __init__(self, code: str, method: str) -> None:
        self.code, self.method = code, method

    def __missing__(self, n: int) -> Any:
        made = getattr(struct.Struct(f">{n}{self.code}"), self.method)
        if n < 256:
            self[n] = made
        return made


def long(b: memoryview, p: int) -> tuple[int, int]:
    """(uint32, position after it), from a varint."""
    value = shift = 0
    while shift < 35:
        byte = b[p]
        p += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > 0xFFFFFFFF:
                break
            return value, p
        shift += 7
    raise ValueError("varint of more than 32 bits")


def pass_over(b: memoryview, p: int, count: int) -> int:
    """Passes over tagged fields that nobody here knows. Each takes two bytes at least, so a lying count ends early."""
    if count > 0x7F:
        count, p = long(b, p - 1)
    for _ in range(count):
        _, p = long(b, p)
        n, p = long(b, p)
        p += n
        if p > len(b):
            raise ValueError(f"a tagged field of {n} bytes is longer than the bytes left")
    return p


def skip(b: memoryview, p: int, count: int) -> int:
    """The position after `count` tagged fields (the byte before `p`); for what is parsed by hand."""
    try:
        return pass_over(b, p, count)
    except BROKEN as error:
        raise WireError(f"tagged fields: {error}") from error


def over(count: int) -> None:
    raise ValueError(
        "null where a value is needed" if count < 0 else f"a length of {count} does not fit the bytes left"
    )


HELPERS: dict[str, Any] = {f"{m}_{c}s": Runs(c, m) for m in ("unpack_from", "pack") for c in "bhHiIqd"}
HELPERS |= {"size": Sizes(2**31), "text": Sizes(LONGEST_STRING + 1), "long": long, "skip": pass_over, "over": over}
HELPERS |= {"BROKEN": BROKEN, "WireError": WireError}


class Slot(NamedTuple):
    """One value in a run of fixed-size values: its struct code, the variable or expression, the field's path."""

    code: str
    value: str
    path: str


class Writer(ABC):
    """Lines of code, each with the path of the field, or the run of fields, that it is about."""

    def __init__(self, message: type, version: int) -> None:
        declared = type_of(message)
        self.message, self.version, self.flexible = message, version, version in declared.flexible
        if version not in declared.versions:
            raise WireError(f"{message.__name__} has no version {version}")
        self.lines: list[str] = []
        self.sites: list[str | tuple[Slot, ...]] = []
        self.names: dict[str, Any] = dict(HELPERS)
        self.run: list[Slot] = []
        self.indent = 2
        self.count = 0

    def emit(self, line: str, site: str | tuple[Slot, ...] = "") -> None:
        self.lines.append("    " * self.indent + line)
        self.sites.append(site)

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def const(self, value: Any) -> str:
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def struct(self, method: str) -> str:
        codes = ">" + "".join(slot.code for slot in self.run)
        name = method[0] + "_" + codes[1:].replace("?", "B_")
        self.names[name] = getattr(struct.Struct(codes), method)
        return name

    def active(self, layout: type) -> tuple[list[Field], list[Field]]:
        """The fields that this version has: those in wire order, and the tagged ones."""
        live = [f for f in fields(layout) if self.version in f.versions]
        return [f for f in live if f.tag is None], sorted(
            (f for f in live if f.tag is not None), key=lambda f: f.tag or 0
        )

    def least(self, f: Field) -> int:
        """The fewest bytes one value (for an array: one element) takes."""
        if isinstance(f.kind, Kind):
            return f.kind.size or (1 if self.flexible else 2 if f.kind is STRING else 4)
        inside = sum(self.least_of_field(x) for x in self.active(f.kind)[0])
        assert inside + self.flexible > 0, f"{f.name}: an element of no bytes would let any count pass"
        return inside + self.flexible

    def least_of_field(self, f: Field) -> int:
        if f.array:
            return 1 if self.flexible else 4
        return 1 if isinstance(f.kind, type) and self.version in f.nullable else self.least(f)

    def build(self, head: str) -> Callable[..., Any]:
        source = "\n".join([head, "    try:", *self.lines, "    except BROKEN as e:", "        explain(e)"])
        self.names["explain"] = self.explain
        exec(compile(source, f"<{self.message.__name__} v{self.version}>", "exec"), self.names)
        self.before = head.count("\n") + 3
        made: Callable[..., Any] = self.names["codec"]
        made.source = source  # type: ignore[attr-defined]
        return made

    def explain(self, error: Exception) -> None:
        """Line number -> path of the field; loop counters are in the frame's own variables."""
        frame = sys._getframe(1)
        assert error.__traceback__ is not None
        site = self.sites[error.__traceback__.tb_lineno - self.before]
        path = site if isinstance(site, str) else self.culprit(site, frame)
        path = re.sub(r"\{(\w+)\}", lambda m: str(frame.f_locals.get(m[1], "?")), path)
        raise WireError(f"{self.message.__name__} v{self.version} {path}: {error}") from error

    @abstractmethod
    def culprit(self, run: tuple[Slot, ...], frame: FrameType) -> str:
        """The path of the field that did not fit; each direction looks for it in its own way."""
