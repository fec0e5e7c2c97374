"""Values to bytes: compiles the encoder of one (message, version)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from kpybroker.wire.compiler import BROKEN, Slot, WireError, Writer
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import NEVER, STRING, Field

T = TypeVar("T")
Write: TypeAlias = Callable[[Any], None]
Encode: TypeAlias = Callable[[T, Write], None]


class Compile(Protocol):
    def __call__(self, message: type[T], version: int, /) -> Encode[T]: ...


def _compile(message: type[Any], version: int) -> Encode[Any]:
    """encode(value, write): calls `write` with bytes, and with each `bytes` or `records` value as it is."""
    return Encoder(message, version).build_encoder()


encoder = cast(Compile, cache(_compile))


def encode(value: Any, version: int) -> bytes:
    """The whole message as one bytes object."""
    parts: list[Any] = []
    message: type[Any] = type(value)
    encoder(message, version)(value, parts.append)
    try:
        return b"".join(parts)
    except TypeError as error:  # a `bytes` or `records` field that holds something else
        raise WireError(f"{message.__name__} v{version}: {error}") from error


class Encoder(Writer):
    """Expressions gather in `run` as long as one struct call can write them all."""

    def build_encoder(self) -> Encode[Any]:
        self.layout(self.message, "m", "")
        self.flush()
        self.emit("return")
        return self.build("def codec(m, w):")

    def culprit(self, run: tuple[Slot, ...], frame: FrameType) -> str:
        for slot in run:
            try:
                struct.pack(">" + slot.code, eval(slot.value, self.names, frame.f_locals))
            except BROKEN:
                return slot.path
        return run[-1].path

    def flush(self, tail: str = "", path: str = "") -> None:
        """Writes what has gathered, and `tail` (an expression that gives bytes, for the field `path`) after it."""
        site = tuple(slot for slot in self.run if slot.code != "x")
        if self.run:
            values = ", ".join(slot.value for slot in site)
            tail = f"{self.struct('pack')}({values})" + (f" + {tail}" if tail else "")
            self.run.clear()
        if tail:
            self.emit(f"w({tail})", (*site, Slot("0s", "b''", path)) if path else site)

    def layout(self, layout: type, m: str, path: str) -> None:
        plain_fields, tagged = self.active(layout)
        for f in plain_fields:
            self.value(f, f"{m}.{f.name}", path + f.name)
        if not self.flexible:
            return
        if not tagged:
            self.run.append(Slot("x", "", path + "tags"))
            return
        self.flush()
        self.tags(tagged, m, path)

    def tags(self, tagged: list[Field], m: str, path: str) -> None:
        outer, found, part = self.name(), self.name(), self.name()
        self.emit(f"{outer} = w; {found} = []")
        for f in tagged:
            self.emit(f"if {m}.{f.name} != {self.const(f.default)}:", path + f.name)
            self.indent += 1
            self.emit(f"{part} = []; w = {part}.append")
            self.value(f, f"{m}.{f.name}", path + f.name)
            self.flush()
            self.emit(f"{part} = b''.join({part}); {found} += size[{f.tag}], size[len({part})], {part}", path + f.name)
            self.indent -= 1
        self.emit(f"w = {outer}; w(size[len({found}) // 3] + b''.join({found}))")

    def length(self, f: Field, expression: str, path: str) -> str:
        """The length as an expression of bytes; where it is of a fixed size it joins the run instead."""
        if self.flexible and not f.plain:
            return f"{'text' if f.kind is STRING and not f.array else 'size'}[{expression} + 1]"
        self.run.append(Slot("h" if f.kind is STRING and not f.array else "i", expression, path))
        return ""

    def value(self, f: Field, e: str, path: str) -> None:
        if isinstance(f.kind, Kind) and f.kind.code and not f.array:
            if f.kind.size == 16:  # struct pads and cuts in silence
                self.emit(f"if len({e}) != 16: raise ValueError('an id has 16 bytes')", path)
            self.run.append(Slot(f.kind.code, e, path))
            return
        if self.version not in f.nullable:
            self.present(f, e, path)
            return
        is_part, v = isinstance(f.kind, type) and not f.array, self.name()
        self.flush()
        self.emit(f"{v} = {e}", path)
        self.emit(f"if {v} is None:")
        self.indent += 1
        if is_part:  # -1 or 1 before it; as a tagged field 0 or 1, because there it is a varint
            self.run.append(Slot("b", "-1" if f.tag is None else "0", path))
        elif self.length(f, "-1", path):
            self.flush("b'\\0'", path)
        self.flush()
        self.indent -= 1
        self.emit("else:")
        self.indent += 1
        if is_part:
            self.run.append(Slot("b", "1", path))
        self.present(f, v, path)
        self.flush()
        self.indent -= 1

    def present(self, f: Field, e: str, path: str) -> None:
        if f.array:
            self.array(f, e, path)
        elif isinstance(f.kind, type):
            self.layout(f.kind, e, path + ".")
        elif f.kind is STRING:
            v = self.name()
            self.emit(f"{v} = {e}.encode()", path)
            n = self.length(f, f"len({v})", path)
            self.flush(f"{n} + {v}" if n else v, path)
        else:
            n = self.length(f, f"len({e})", path)
            self.flush(n, path)
            self.emit(f"w({e})", path)

    def array(self, f: Field, e: str, path: str) -> None:
        if isinstance(f.kind, Kind) and f.kind.code and f.kind.size < 16:
            v = self.name()
            self.emit(f"{v} = {e}", path)
            n = self.length(f, f"len({v})", path)
            ints = f"pack_{f.kind.code}s[len({v})](*{v})"
            self.flush(f"{n} + {ints}" if n else ints, path)
            return
        self.flush(self.length(f, f"len({e})", path), path)
        i, at = self.name(), self.name()
        self.emit(f"for {at}, {i} in enumerate({e}):", path)
        self.indent += 1
        self.value(f._replace(array=False, nullable=NEVER), i, f"{path}[{{{at}}}]")
        self.flush()
        self.indent -= 1
