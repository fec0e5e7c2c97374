"""How a Kafka message is declared: versions are ranges on fields, and an annotation says everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple, Protocol, TypeAlias, TypeVar, dataclass_transform

from msgspec import Struct, StructMeta


class Kind(NamedTuple):
    """A wire type: its name, its struct code and its size in bytes (0: a length stands before it)."""

    name: str
    code: str = ""
    size: int = 0


class tag(NamedTuple):
    """The number of a tagged field (KIP-482)."""

    number: int


class null(NamedTuple):
    """The versions in which None may be sent, where these are not simply the field's own."""

    versions: str


plain = "plain"  # never compact, even in flexible versions: RequestHeader.client_id


class Extent(Protocol):
    """Bytes, or a stretch of a file that goes to the socket unread: all the codec asks for is the length."""

    def __len__(self) -> int: ...


int8: TypeAlias = Annotated[int, Kind("int8", "b", 1)]
int16: TypeAlias = Annotated[int, Kind("int16", "h", 2)]
uint16: TypeAlias = Annotated[int, Kind("uint16", "H", 2)]
int32: TypeAlias = Annotated[int, Kind("int32", "i", 4)]
uint32: TypeAlias = Annotated[int, Kind("uint32", "I", 4)]
int64: TypeAlias = Annotated[int, Kind("int64", "q", 8)]
float64: TypeAlias = Annotated[float, Kind("float64", "d", 8)]
Uuid: TypeAlias = Annotated[bytes, Kind("uuid", "16s", 16)]
Records: TypeAlias = Annotated[Extent, Kind("records")]
Bytes: TypeAlias = Annotated[bytes | bytearray | memoryview, Kind("bytes")]
BrokerId: TypeAlias = int32
ProducerId: TypeAlias = int64
TopicName: TypeAlias = str
GroupId: TypeAlias = str
TransactionalId: TypeAlias = str
NO_ID = bytes(16)


class Versions(NamedTuple):
    """A closed range of versions; `3+`, `3-5`, `3` or `none` in the declarations."""

    first: int
    last: int

    @classmethod
    def of(cls, text: str) -> Versions:
        if text == "none":
            return cls(1, 0)
        first, _, last = text.rstrip("+").partition("-")
        return cls(int(first), 32767 if text.endswith("+") else int(last or first))

    def __contains__(self, version: object) -> bool:
        return isinstance(version, int) and self.first <= version <= self.last


class MessageType(NamedTuple):
    """What a declaration says of the whole message: API (or record type) key, all versions, the flexible ones."""

    key: int
    versions: Versions
    flexible: Versions


T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def part(cls: type[T]) -> type[T]:
    """A struct inside a message. The class is remade as a msgspec.Struct: made in C, frozen, keyword-only."""
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    body["__qualname__"], body["__annotations__"] = cls.__qualname__, cls.__annotations__
    return StructMeta(cls.__name__, (Struct,), body, kw_only=True, frozen=True, gc=False)  # type: ignore[return-value]


@dataclass_transform(kw_only_default=True, frozen_default=True)
def message(*, key: int = -1, versions: str, flexible: str = "none") -> Callable[[type[T]], type[T]]:
    """A whole request, response, header or record: its key, all versions of all releases, the flexible ones."""

    def declare(cls: type[T]) -> type[T]:
        made = part(cls)
        made.__message_type__ = MessageType(  # type: ignore[attr-defined]
            key, Versions.of(versions), Versions.of(flexible)
        )
        return made

    return declare


def type_of(message: type) -> MessageType:
    """The key and versions with which `message` was declared."""
    found: MessageType = message.__message_type__  # type: ignore[attr-defined]
    return found
