"""Values to bytes: compiles the encoder of one (message, version)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from kpybroker.wire.compiler import Writer
from kpybroker.wire.declare import Kind
from kpybroker.wire.fields import NEVER, STRING, Field

T = TypeVar("T")


@cache
def encoder(message: type[T], version: int) -> Callable[[T, Callable[[Any], None]], None]:
    """encode(value, write): calls `write` with bytes, and with each `bytes` or `records` value as it is."""
    return Encoder(message, version).build_encoder()


def encode(value: Any, version: int) -> bytes:
    """The whole message as one bytes object."""
    parts: list[Any] = []
    message: type[Any] = type(value)
    encoder(message, version)(value, parts.append)
    return b"".join(parts)


class Encoder(Writer):
    def build_encoder(self) -> Callable[[Any, Callable[[Any], None]], None]:
        self.layout(self.message, "m", "")
        self.flush()
        self.emit("return")
        return self.build("def codec(m, w):")

    def flush(self, tail: str = "", path: str = "") -> None:
        """Writes what has gathered, and `tail` (an expression that gives bytes) after it."""
        if self.run:
            path = path or f"{self.run[0][2]} .. {self.run[-1][2].rpartition('.')[2]}"
            args = ", ".join(e for c, e, _ in self.run if c != "x")
            tail = f"{self.struct('pack')}({args})" + (f" + {tail}" if tail else "")
            self.run.clear()
        if tail:
            self.emit(f"w({tail})", path)

    def layout(self, layout: type, m: str, path: str) -> None:
        plain_fields, tagged = self.active(layout)
        for f in plain_fields:
            self.value(f, f"{m}.{f.name}", path + f.name)
        if not self.flexible:
            return
        if not tagged:
            self.run.append(("x", "", path + "tags"))
            return
        self.flush()
        self.tags(tagged, m, path)

    def tags(self, tagged: list[Field], m: str, path: str) -> None:
        outer, found, part = self.name(), self.name(), self.name()
        self.emit(f"{outer} = w; {found} = []")
        for f in tagged:
            self.emit(f"if {m}.{f.name} != {self.const(f.default)}:")
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
            return f"size[{expression} + 1]"
        self.run.append(("h" if f.kind is STRING and not f.array else "i", expression, path))
        return ""

    def value(self, f: Field, e: str, path: str) -> None:
        if isinstance(f.kind, Kind) and f.kind.code and not f.array:
            self.run.append((f.kind.code, e, path))
            return
        if self.version not in f.nullable:
            self.present(f, e, path)
            return
        v = self.name()
        self.flush()
        self.emit(f"{v} = {e}")
        self.emit(f"if {v} is None:")
        self.indent += 1
        if isinstance(f.kind, type) and not f.array:
            self.run.append(("b", "-1", path))
        elif nothing := self.length(f, "-1", path):
            self.flush("b'\\0'", path)
        self.flush()
        self.indent -= 1
        self.emit("else:")
        self.indent += 1
        if isinstance(f.kind, type) and not f.array:
            self.run.append(("b", "1", path))
        self.present(f, v, path)
        self.flush()
        self.indent -= 1

    def present(self, f: Field, e: str, path: str) -> None:
        if f.array:
            self.array(f, e, path)
        elif isinstance(f.kind, type):
            if f.tag is None and f.default is None and self.version not in f.nullable:
                e = f"({e} or {self.const(f.kind())})"
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
        i = self.name()
        self.emit(f"for {i} in {e}:", path)
        self.indent += 1
        self.value(f._replace(array=False, nullable=NEVER, default=...), i, path + "[]")
        self.flush()
        self.indent -= 1
