"""What a case is written with: named connections on which it asks, and topics and groups of its own."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from differ import trees
from differ.batches import Row, batch
from differ.normal import NAME_START, Normaliser
from differ.served import KEYS, LATEST, SERVED, brought_into
from kpybroker.wire.apis import request_type, response_type
from kpybroker.wire.declare import Versions, type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.header import RequestHeader, ResponseHeader

PATIENCE_S = 10.0
F = TypeVar("F", bound=Callable[..., Any])


def versions(text: str) -> Callable[[F], F]:
    """Narrows a case to some of its file's versions: those of them that a release answers are played."""

    def mark(function: F) -> F:
        setattr(function, "versions", Versions.of(text))  # noqa: B010 - mypy knows no such attribute
        return function

    return mark


class Stopped(Exception):
    """The broker did not answer where the case needs an answer to go on."""


class NoAnswer:
    """Stands for an answer that did not come: whoever needs a field of it stops."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __getattr__(self, name: str) -> Any:
        raise Stopped(f"{self.why}, so no {name}")


class Topic(NamedTuple):
    name: str
    id: bytes


class Step(NamedTuple):
    """One recorded answer: who asked what, and the answer as a tree (or why there is none)."""

    label: str
    answer: Any


class Connection:
    """One connection, opened when first used; its name is the client id. It opens again if the broker closed it."""

    def __init__(self, talk: Talk, name: str) -> None:
        self.talk = talk
        self.name = name
        self.socket: socket.socket | None = None
        self.correlation = 0
        self.awaited: list[tuple[str, int, int]] = []
        self.patience_s = PATIENCE_S

    def ask(self, api: str = "", /, *, at: int | None = None, **fields: Any) -> Any:
        """Sends a request, waits for the answer and records it."""
        self.send(api, at=at, **fields)
        return self.answer()

    def until(self, settled: Callable[[Any], bool], api: str = "", /, *, at: int | None = None, **fields: Any) -> Any:
        """Asks again until the answer is settled, and records that one: for what Kafka does in its own time."""
        answer = self.until_quietly(settled, api, at=at, **fields)
        self._record(*self.last, answer)
        return answer

    def send(self, api: str = "", /, *, at: int | None = None, **fields: Any) -> None:
        """Sends a request and goes on; `answer` waits for it."""
        self.awaited.append((*self.tell(api, at=at, **fields), self.correlation))

    def tell(self, api: str = "", /, *, at: int | None = None, **fields: Any) -> tuple[str, int]:
        """Sends a request that has no answer (Produce with acks=0)."""
        api = api or self.talk.api
        if api not in self.talk.served:
            raise Stopped(f"{self.talk.release} has no {api}")
        version = brought_into(self.talk.served[api], self.talk.version if at is None else at)
        layout = request_type(KEYS[api])
        self.correlation += 1
        header = RequestHeader(
            request_api_key=KEYS[api],
            request_api_version=version,
            correlation_id=self.correlation,
            client_id=self.name,
        )
        head = encode(header, 2 if version in type_of(layout).flexible else 1)
        self.send_bytes(head + encode(trees.make(layout, fields), version))
        return api, version

    def send_bytes(self, frame: bytes) -> None:
        """Sends a frame as it is, its length before it."""
        if self.socket is None:
            self.socket = socket.create_connection(self.talk.address, PATIENCE_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)

    def ask_bytes(self, what: str, frame: bytes) -> None:
        """Sends a frame that is no request of ours, and records the answer's bytes (without its correlation id)."""
        self.send_bytes(frame)
        answer = self.next_frame()
        self.talk.steps.append(Step(what, answer.why if isinstance(answer, NoAnswer) else answer[4:].hex()))

    def answer(self) -> Any:
        """The answer to the oldest request that still waits for one; recorded."""
        api, version, correlation = self.awaited.pop(0)
        answer = self._receive(api, version, correlation)
        self._record(api, version, answer)
        return answer

    def ask_quietly(self, api: str, /, *, at: int, **fields: Any) -> Any:
        """Asks without recording: for what a case needs to have happened."""
        return self.until_quietly(lambda _: True, api, at=at, **fields)

    def until_quietly(self, settled: Callable[[Any], bool], api: str, /, *, at: int | None, **fields: Any) -> Any:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            self.send(api, at=at, **fields)
            self.last = self.awaited[-1][:2]
            answer = self._receive(*self.awaited.pop(0))
            if isinstance(answer, NoAnswer) or settled(answer):
                return answer
            if time.monotonic() > give_up:
                raise Stopped(f"{api} did not settle: {answer}")
            time.sleep(0.002)

    def next_frame(self) -> bytes | NoAnswer:
        """The bytes of the next answer."""
        assert self.socket is not None
        self.socket.settimeout(self.patience_s)
        try:
            return self._take(int.from_bytes(self._take(4), "big"))
        except TimeoutError:
            why = "no answer in time"
        except (EOFError, ConnectionResetError, BrokenPipeError):
            why = "connection closed"
        self.close()
        return NoAnswer(why)

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.awaited.clear()

    def _receive(self, api: str, version: int, correlation: int) -> Any:
        frame = self.next_frame()
        if isinstance(frame, NoAnswer):
            return frame
        layout = response_type(KEYS[api])
        if api == "ApiVersions" and frame[4:6] == b"\0\x23":  # UNSUPPORTED_VERSION comes in version 0
            version = 0
        flexible = version in type_of(layout).flexible and api != "ApiVersions"
        header, at = decoder(ResponseHeader, int(flexible))(memoryview(frame), 0)
        if header.correlation_id != correlation:
            raise Stopped(f"the answer belongs to request {header.correlation_id}, not {correlation}")
        answer, end = decoder(layout, version)(memoryview(frame), at)
        if end != len(frame):
            raise Stopped(f"{api} v{version}: {len(frame) - end} bytes after the answer")
        return answer

    def _record(self, api: str, version: int, answer: Any) -> None:
        label = f"{api} v{version}" if self is self.talk else f"{self.name}: {api} v{version}"
        if isinstance(answer, NoAnswer):
            self.talk.steps.append(Step(label, answer.why))
            return
        if api == "ApiVersions" and answer.error_code == 35:
            version = 0
        self.talk.steps.append(Step(label, self.talk.normaliser.answer(api, trees.tree(answer, version))))
        if len(self.talk.steps) == self.talk.most:
            raise Stopped("that is enough")

    def _take(self, size: int) -> bytes:
        assert self.socket is not None
        parts = b""
        while len(parts) < size:
            part = self.socket.recv(size - len(parts))
            if not part:
                raise EOFError
            parts += part
        return parts


class Talk(Connection):
    """What a case is given: its first connection, further ones, and names that belong to it alone."""

    def __init__(self, address: tuple[str, int], name: str, api: str, version: int, release: str = LATEST) -> None:
        super().__init__(self, "differ")
        self.release = release
        self.served = SERVED[release]
        self.address = address
        self.api = api
        self.version = version
        self.prefix = f"{NAME_START}{name}-v{version}-".replace("_", "-")
        self.steps: list[Step] = []
        self.most: int | None = None  # so many answers are enough
        self.normaliser = Normaliser(self.prefix, release)
        self.connections: list[Connection] = [self]

    def connect(self, name: str) -> Connection:
        """A further connection, with this name as its client id."""
        self.connections.append(Connection(self, name))
        return self.connections[-1]

    def name_of(self, what: str) -> str:
        """A topic's or group's name that no other case uses."""
        return self.prefix + what

    def let_others_go_first(self) -> None:
        """A few round trips: what other connections sent before has been read by the broker afterwards."""
        for _ in range(3):
            self.ask_quietly("Metadata", at=4, topics=[])

    def leave_open(self, *fields: str, because: str) -> None:
        """Does not compare these fields in this case, because Apache Kafka itself answers now so, now otherwise."""
        self.normaliser.unsettled.update(dict.fromkeys(fields, because))

    def topic(self, what: str = "topic", *, partitions: int = 1, configs: dict[str, str] | None = None) -> Topic:
        """Creates a topic and waits until it can be used."""
        name = self.name_of(what)
        wanted = {"name": name, "num_partitions": partitions, "replication_factor": 1}
        wanted["configs"] = [{"name": key, "value": value} for key, value in (configs or {}).items()]
        answer = self.ask_quietly("CreateTopics", at=7, topics=[wanted], timeout_ms=10_000)
        if answer.topics[0].error_code:
            raise Stopped(f"the topic was not created: {answer.topics[0]}")
        self.await_topic(name, partitions)
        created = Topic(name, bytes(answer.topics[0].topic_id))
        self.normaliser.know("topic", trees.uuid_text(created.id))
        return created

    def await_topic(self, name: str, partitions: int = 1) -> None:
        """Waits until every partition of a topic has a leader that answers."""
        asked = [{"partition_index": i, "timestamp": -1} for i in range(partitions)]
        self.until_quietly(
            lambda a: all(p.error_code == 0 for p in a.topics[0].partitions),
            "ListOffsets",
            at=7,
            replica_id=-1,
            topics=[{"name": name, "partitions": asked}],
        )

    def produce(self, topic: Topic, *rows: bytes | Row, partition: int = 0, data: bytes = b"", **more: Any) -> None:
        """Appends a batch of `rows`, or the bytes of `data`; the answer is not recorded. `more` goes to `batch`."""
        written = {"index": partition, "records": data or batch(*rows, **more)}
        topics = [{"name": topic.name, "partition_data": [written]}]
        answer = self.ask_quietly("Produce", at=9, acks=-1, timeout_ms=10_000, topic_data=topics)
        answered = answer.responses[0].partition_responses[0]
        if answered.error_code:
            raise Stopped(f"the records were not taken: {answered}")

    def finish(self) -> Sequence[Step]:
        for connection in self.connections:
            connection.close()
        return self.steps
