"""What both directions of the codec share: lines of Python under construction, and what compiled lines call.

A codec is compiled for one (message, version) on first use: straight-line code, one struct call for each run of
fixed-size fields. Every line knows the path of its field, so that a failure names the field and not the line.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from typing import Any

from kpybroker.wire.declare import Kind, type_of
from kpybroker.wire.fields import STRING, Field, fields

BROKEN = (struct.error, IndexError, ValueError, TypeError, AttributeError)


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

    def __missing__(self, n: int) -> bytes:
        made = varint(n)
        if n < 1024:
            self[n] = made
        return made


def long(b: memoryview, p: int) -> tuple[int, int]:
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


def skip(b: memoryview, p: int, count: int) -> int:
    if count > 0x7F:
        count, p = long(b, p - 1)
    for _ in range(count):
        _, p = long(b, p)
        n, p = long(b, p)
        p += n
    return p


def over(count: int) -> None:
    raise ValueError("null where a value is needed" if count < 0 else f"{count} elements cannot fit the bytes left")


class Runs(dict[int, Any]):
    """runs[n]: the struct call for n numbers of one kind; the short ones are kept."""

    def __init__(self, code: str, method: str) -> None:
        self.code, self.method = code, method

    def __missing__(self, n: int) -> Any:
        made = getattr(struct.Struct(f">{n}{self.code}"), self.method)
        if n < 256:
            self[n] = made
        return made


HELPERS: dict[str, Any] = {f"{m}_{c}s": Runs(c, m) for m in ("unpack_from", "pack") for c in "bhHiIqd"}
HELPERS |= {"size": Sizes(), "long": long, "skip": skip, "over": over, "BROKEN": BROKEN, "WireError": WireError}


class Writer:
    """Lines of code, each with the path of the field that it is about."""

    def __init__(self, message: type, version: int) -> None:
        declared = type_of(message)
        self.message, self.version, self.flexible = message, version, version in declared.flexible
        if version not in declared.versions:
            raise WireError(f"{message.__name__} has no version {version}")
        self.lines: list[str] = []
        self.paths: list[str] = []
        self.names: dict[str, Any] = dict(HELPERS)
        self.run: list[tuple[str, str, str]] = []  # (struct code, variable or expression, path)
        self.indent = 2
        self.count = 0

    def emit(self, line: str, path: str = "") -> None:
        self.lines.append("    " * self.indent + line)
        self.paths.append(path)

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def const(self, value: Any) -> str:
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def struct(self, method: str) -> str:
        codes = ">" + "".join(c for c, _, _ in self.run)
        name = method[0] + "_" + codes[1:].replace("?", "B_")
        self.names[name] = getattr(struct.Struct(codes), method)
        return name

    def active(self, layout: type) -> tuple[list[Field], list[Field]]:
        live = [f for f in fields(layout) if self.version in f.versions]
        return [f for f in live if f.tag is None], sorted(
            (f for f in live if f.tag is not None), key=lambda f: f.tag or 0
        )

    def least(self, f: Field) -> int:
        """The fewest bytes one value (for an array: one element) takes."""
        if isinstance(f.kind, Kind):
            return f.kind.size or (1 if self.flexible else 2 if f.kind is STRING else 4)
        return (
            sum(
                self.least(x) if not x.array else 1 if self.flexible else 4
                for x in self.active(f.kind)[0]
                if self.version not in x.nullable or x.array or isinstance(x.kind, Kind)
            )
            + self.flexible
        )

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
        path = self.paths[error.__traceback__.tb_lineno - self.before]
        path = re.sub(r"\{(\w+)\}", lambda m: str(frame.f_locals.get(m[1], "?")), path)
        raise WireError(f"{self.message.__name__} v{self.version} {path}: {error}") from error
