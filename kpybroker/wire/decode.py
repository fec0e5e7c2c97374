"""Bytes to values: compiles the decoder of one (message, version)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from kpybroker.wire.compiler import LONGEST_STRING, Slot, Writer
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import NEVER, STRING, Field, fields

T = TypeVar("T")
Decode: TypeAlias = Callable[[memoryview, int], tuple[T, int]]


class Compile(Protocol):
    def __call__(self, message: type[T], version: int, /) -> Decode[T]: ...


def _compile(message: type[Any], version: int) -> Decode[Any]:
    """decode(data, position) -> (value, position after it).

    `bytes` and `records` fields are views of `data`: who keeps one beyond the request copies it.
    """
    return Decoder(message, version).build_decoder()


decoder = cast(Compile, cache(_compile))


class Decoder(Writer):
    """Every length is held against the end of the data before anything is made of it: slices of a view never fail."""

    def build_decoder(self) -> Decode[Any]:
        value = self.layout(self.message, "")
        self.emit(f"return {value}, p")
        return self.build("def codec(b, p):\n    end = len(b)")

    def culprit(self, run: tuple[Slot, ...], frame: FrameType) -> str:
        left = len(frame.f_locals["b"]) - frame.f_locals["p"]
        for slot in run:
            left -= struct.calcsize(">" + slot.code)
            if left < 0:
                return slot.path
        return run[-1].path

    def flush(self) -> None:
        if [slot.code for slot in self.run] == ["B"]:
            self.emit(f"{self.run[0].value} = b[p]; p += 1", tuple(self.run))
        elif self.run:
            total = struct.calcsize(">" + "".join(slot.code for slot in self.run))
            targets = "".join(f"{slot.value}, " for slot in self.run)
            self.emit(f"{targets}= {self.struct('unpack_from')}(b, p); p += {total}", tuple(self.run))
        self.run.clear()

    def layout(self, layout: type, path: str) -> str:
        plain_fields, tagged = self.active(layout)
        values = {f.name: self.value(f, f"{path}{f.name}") for f in plain_fields}
        if self.flexible:
            count = self.name()
            self.run.append(Slot("B", count, path + "tags"))
            self.flush()
            if tagged:
                self.tags(tagged, count, values, path)
            else:
                self.emit(f"if {count}: p = skip(b, p, {count})", path + "tags")
        self.flush()
        for f in fields(layout):  # absent in this version: what the declaration says, without asking msgspec
            assert f.name in values or not f.required, (layout, f.name)
        made = self.name()
        self.emit(f"{made} = {self.const(layout)}({', '.join(f'{n}={v}' for n, v in values.items())})", path)
        return made

    def tags(self, tagged: list[Field], count: str, values: dict[str, str], path: str) -> None:
        for f in tagged:
            values[f.name] = self.name()
            self.emit(f"{values[f.name]} = {self.const(f.default) if f.default != [] else '[]'}")
        number, length, stop = self.name(), self.name(), self.name()
        self.emit(f"if {count}:")
        self.indent += 1
        self.emit(f"if {count} > 127: {count}, p = long(b, p - 1)", path + "tags")
        self.emit(f"for {self.name()} in range({count}):")
        self.indent += 1
        self.emit(f"{number}, p = long(b, p); {length}, p = long(b, p); {stop} = p + {length}", path + "tags")
        self.emit(f"if {stop} > end: over({length})", path + "tags")
        for i, f in enumerate(tagged):
            self.emit(f"{'el' if i else ''}if {number} == {f.tag}:")
            self.indent += 1
            value = self.value(f, f"{path}{f.name}")
            self.flush()
            self.emit(f"{values[f.name]} = {value}")
            self.emit(f"if p != {stop}: raise ValueError('tagged field of the wrong size')", f"{path}{f.name}")
            self.indent -= 1
        self.emit(f"else: p = {stop}")
        self.indent -= 2

    def length(self, f: Field, path: str) -> str:
        n = self.name()
        if self.flexible and not f.plain:
            self.run.append(Slot("B", n, path))
            self.flush()
            self.emit(f"if {n} > 127: {n}, p = long(b, p - 1)", path)
            self.emit(f"{n} -= 1")
        else:
            self.run.append(Slot("h" if f.kind is STRING and not f.array else "i", n, path))
            self.flush()
        return n

    def value(self, f: Field, path: str) -> str:
        v, optional = self.name(), self.version in f.nullable
        if f.array:
            self.array(f, v, path, optional)
        elif isinstance(f.kind, Kind) and f.kind.code:
            self.run.append(Slot(f.kind.code, v, path))
        elif isinstance(f.kind, Kind):
            self.stretch(f, v, path, optional)
        elif optional:
            self.optional_part(f, f.kind, v, path)
        else:
            return self.layout(f.kind, path + ".")
        return v

    def stretch(self, f: Field, v: str, path: str, optional: bool) -> None:
        """A string, bytes or records: a length and as many bytes."""
        n = self.length(f, path)
        longest = f" or {n} > {LONGEST_STRING}" if f.kind is STRING and self.flexible and not f.plain else ""
        self.emit(f"if {n} >= 0:", path)
        self.indent += 1
        self.emit(f"p += {n}")
        self.emit(f"if p > end{longest}: over({n})", path)
        self.emit(f"{v} = str(b[p - {n}:p], 'utf-8', 'replace')" if f.kind is STRING else f"{v} = b[p - {n}:p]", path)
        self.indent -= 1
        self.emit(f"else: {v} = None" if optional else f"else: over({n})", path)

    def optional_part(self, f: Field, part: type, v: str, path: str) -> None:
        """A byte says whether it is there: -1 or 1; as a tagged field 0 or 1, because there it is a varint."""
        mark = self.name()
        self.run.append(Slot("b", mark, path))
        self.flush()
        self.emit(f"if {mark} < {0 if f.tag is None else 1}: {v} = None", path)
        self.emit("else:")
        self.indent += 1
        self.emit(f"{v} = {self.layout(part, path + '.')}")
        self.indent -= 1

    def array(self, f: Field, v: str, path: str, optional: bool) -> None:
        n, least = self.length(f, path), self.least(f)
        self.emit(f"if {n} * {least} > end - p{'' if optional else f' or {n} < 0'}: over({n})", path)
        if optional:
            self.emit(f"if {n} < 0: {v} = None")
            self.emit("else:")
            self.indent += 1
        if isinstance(f.kind, Kind) and f.kind.code and f.kind.size < 16:
            self.emit(f"{v} = [*unpack_from_{f.kind.code}s[{n}](b, p)]; p += {n} * {f.kind.size}", path)
        else:
            i = self.name()
            self.emit(f"{v} = []")
            self.emit(f"for {i} in range({n}):")
            self.indent += 1
            one = self.value(f._replace(array=False, nullable=NEVER), f"{path}[{{{i}}}]")
            self.flush()
            self.emit(f"{v}.append({one})")
            self.indent -= 1
        if optional:
            self.indent -= 1
