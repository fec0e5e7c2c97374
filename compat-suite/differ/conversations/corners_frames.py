"""Requests as TCP carries them: many in one segment, one in many, cut anywhere, of many APIs at once."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic
from kpybroker.wire.declare import Versions

API = "Produce"
VERSIONS = Versions(9, 13)
MUCH = 2**20


class _Gathered:
    """Stands for a connection's socket, and keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.frames.append(data)


def _gathered(talk: Talk, *requests: tuple[str, int | None, dict[str, Any]]) -> list[bytes]:
    """The frames of requests that are awaited from now on, and are not sent yet."""
    talk.ask_quietly("Metadata", at=4, topics=[])  # the connection is there
    real, gathered = talk.socket, _Gathered()
    talk.socket = gathered  # type: ignore[assignment]
    for api, version, fields in requests:
        talk.send(api, at=version, **fields)
    talk.socket = real
    return gathered.frames


def _send(talk: Talk, data: bytes) -> None:
    assert talk.socket is not None
    talk.socket.sendall(data)


def _write(topic: Topic, *rows: bytes) -> dict[str, Any]:
    data = {"name": topic.name, "topic_id": topic.id, "partition_data": [{"index": 0, "records": batch(*rows)}]}
    return {"acks": -1, "timeout_ms": 10_000, "topic_data": [data]}


def _read(topic: Topic, offset: int, **more: Any) -> dict[str, Any]:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH}
    asked = [{"topic": topic.name, "topic_id": topic.id, "partitions": [part]}]
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": asked} | more


def many_in_one_segment(talk: Talk) -> None:
    """Writes and reads in one segment: each read sees the writes before it and none behind it."""
    topic = talk.topic()
    requests: list[tuple[str, int | None, dict[str, Any]]] = []
    for number in range(4):
        requests += [("Produce", None, _write(topic, b"%d" % number)), ("Fetch", 12, _read(topic, number))]
    _send(talk, b"".join(_gathered(talk, *requests)))
    for _ in requests:
        talk.answer()


def cut_in_the_middle(talk: Talk) -> None:
    """One and a half requests, then the rest: the first is answered before the second is whole."""
    topic = talk.topic()
    first, second = _gathered(talk, ("Produce", None, _write(topic, b"a")), ("Fetch", 12, _read(topic, 0)))
    _send(talk, first + second[:30])
    talk.answer()
    _send(talk, second[30:])
    talk.answer()


def cut_everywhere(talk: Talk) -> None:
    """A request in pieces of one, two, three bytes and so on."""
    topic = talk.topic()
    (data,) = _gathered(talk, ("Produce", None, _write(topic, b"a" * 40)))
    at = 0
    for size in range(1, len(data)):
        _send(talk, data[at : at + size])
        at += size
    talk.answer()


def one_wrong_among_many(talk: Talk) -> None:
    """A request of a version that is not there closes the connection after the answers before it."""
    topic = talk.topic()
    write, ask, behind = _gathered(
        talk, ("Produce", None, _write(topic, b"a")), ("Metadata", 4, {"topics": []}),
        ("Produce", None, _write(topic, b"b")),
    )  # fmt: skip
    _send(talk, write + ask + b"\0\0\0\x0a\0\3\0\x63\0\0\0\1\xff\xff" + behind)
    for _ in range(3):
        talk.answer()
    reader = talk.connect("reader")
    reader.ask("Fetch", at=12, **_read(topic, 0))


def behind_a_long_poll(talk: Talk) -> None:
    """What was sent together with a read that waits is served after it, although it would end the wait."""
    topic = talk.topic()
    data = _gathered(
        talk, ("Fetch", 12, _read(topic, 0, max_wait_ms=40)), ("Produce", None, _write(topic, b"a")),
        ("Fetch", 12, _read(topic, 0)),
    )  # fmt: skip
    _send(talk, b"".join(data))
    for _ in range(3):
        talk.answer()


def a_hundred_at_once(talk: Talk) -> None:
    """A hundred writes in one segment: offsets in their order."""
    topic = talk.topic()
    data = _gathered(talk, *[("Produce", None, _write(topic, b"%d" % number)) for number in range(100)])
    _send(talk, b"".join(data))
    for number in range(100):
        answer = talk.answer()
        assert answer.responses[0].partition_responses[0].base_offset == number
    del talk.steps[1:-1]


def large_and_small(talk: Talk) -> None:
    """A request of almost a megabyte between small ones, all at once."""
    topic = talk.topic()
    data = _gathered(
        talk, ("Produce", None, _write(topic, b"a")), ("Produce", None, _write(topic, b"x" * 1_000_000)),
        ("Metadata", 4, {"topics": []}), ("Produce", None, _write(topic, b"b")),
    )  # fmt: skip
    _send(talk, b"".join(data))
    for _ in range(4):
        talk.answer()
    talk.ask("Fetch", at=12, **_read(topic, 0))
