"""Bytes to values: compiles the decoder of one (message, version)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from kpybroker.wire.compiler import Writer
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import NEVER, STRING, Field, fields

T = TypeVar("T")


@cache
def decoder(message: type[T], version: int) -> Callable[[memoryview, int], tuple[T, int]]:
    """decode(data, position) -> (value, position after it).

    `bytes` and `records` fields are views of `data`: who keeps one beyond the request copies it.
    """
    return Decoder(message, version).build_decoder()


class Decoder(Writer):
    def build_decoder(self) -> Callable[[memoryview, int], tuple[Any, int]]:
        value = self.layout(self.message, "")
        self.emit("if p > end: raise IndexError('the bytes end inside the message')")
        self.emit(f"return {value}, p")
        return self.build("def codec(b, p):\n    end = len(b)")

    def flush(self) -> None:
        if [c for c, _, _ in self.run] == ["B"]:
            _, v, path = self.run.pop()
            self.emit(f"{v} = b[p]; p += 1", path)
        if self.run:
            total = struct.calcsize(">" + "".join(c for c, _, _ in self.run))
            first, last = self.run[0][2], self.run[-1][2]
            path = first if first == last else f"{first} .. {last.rpartition('.')[2]}"
            targets = "".join(f"{v}, " for _, v, _ in self.run)
            self.emit(f"{targets}= {self.struct('unpack_from')}(b, p); p += {total}", path)
            self.run.clear()

    def layout(self, layout: type, path: str) -> str:
        plain_fields, tagged = self.active(layout)
        values = {f.name: self.value(f, f"{path}{f.name}") for f in plain_fields}
        if self.flexible:
            count = self.name()
            self.run.append(("B", count, path + "tags"))
            self.flush()
            if tagged:
                self.tags(tagged, count, values, path)
            else:
                self.emit(f"if {count}: p = skip(b, p, {count})", path + "tags")
        self.flush()
        for f in fields(layout):  # absent in this version: what the declaration says, without asking msgspec
            assert f.name in values or f.default is not ..., (layout, f.name)
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
            self.run.append(("B", n, path))
            self.flush()
            self.emit(f"if {n} > 127: {n}, p = long(b, p - 1)", path)
            self.emit(f"{n} -= 1")
        else:
            self.run.append(("h" if f.kind is STRING and not f.array else "i", n, path))
            self.flush()
        return n

    def value(self, f: Field, path: str) -> str:
        v, optional = self.name(), self.version in f.nullable
        if f.array:
            self.array(f, v, path, optional)
        elif isinstance(f.kind, Kind) and f.kind.code:
            self.run.append((f.kind.code, v, path))
        elif isinstance(f.kind, Kind):
            n = self.length(f, path)
            take = f"str(b[p:p + {n}], 'utf-8')" if f.kind is STRING else f"b[p:p + {n}]"
            self.emit(f"if {n} >= 0: {v} = {take}; p += {n}", path)
            self.emit(f"else: {v} = None" if optional else f"else: over({n})", path)
        elif optional:
            mark = self.name()
            self.run.append(("b", mark, path))
            self.flush()
            self.emit(f"if {mark} < 0: {v} = None", path)
            self.emit("else:")
            self.indent += 1
            self.emit(f"{v} = {self.layout(f.kind, path + '.')}")
            self.indent -= 1
        else:
            return self.layout(f.kind, path + ".")
        return v

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
            one = self.value(f._replace(array=False, nullable=NEVER, default=...), f"{path}[{{{i}}}]")
            self.flush()
            self.emit(f"{v}.append({one})")
            self.indent -= 1
        if optional:
            self.indent -= 1
