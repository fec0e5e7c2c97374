"""Records transcripts anew from a real Apache Kafka: python -m tests.groups.record_transcripts HOST:PORT FILE...

The broker must be configured as transcript.DEFAULTS and the `set` lines say (`group.max.size` for `group_max_size`, and
so on), with 50 partitions of `__consumer_offsets`; it is asked at the pace of real time, so keep it otherwise idle.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kpybroker.machine import Record
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.header import RequestHeader, ResponseHeader
from kpybroker.wire.internal import decode_coordinator
from kpybroker.wire.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from kpybroker.wire.messages.delete_groups import DeleteGroupsResponse
from kpybroker.wire.messages.describe_groups import DescribeGroupsResponse
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse
from kpybroker.wire.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from kpybroker.wire.messages.heartbeat import HeartbeatResponse
from kpybroker.wire.messages.join_group import JoinGroupResponse
from kpybroker.wire.messages.leave_group import LeaveGroupResponse
from kpybroker.wire.messages.list_groups import ListGroupsResponse
from kpybroker.wire.messages.offset_commit import OffsetCommitResponse
from kpybroker.wire.messages.offset_delete import OffsetDeleteResponse
from kpybroker.wire.messages.offset_fetch import OffsetFetchResponse
from kpybroker.wire.messages.sync_group import SyncGroupResponse
from kpybroker.wire.records import batches, records
from tests.groups.transcript import parse, play

RESPONSES = {
    type_of(response).key: response
    for response in (
        JoinGroupResponse,
        SyncGroupResponse,
        HeartbeatResponse,
        LeaveGroupResponse,
        OffsetCommitResponse,
        OffsetFetchResponse,
        OffsetDeleteResponse,
        DescribeGroupsResponse,
        DeleteGroupsResponse,
        ListGroupsResponse,
        CreateTopicsResponse,
        FetchResponse,
        FindCoordinatorResponse,
    )
}


class KafkaBroker:
    """A connection for each person of the transcript, opened when it first speaks; a name's digits are no client id."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.sockets: dict[str, socket.socket] = {}
        self.asked: dict[str, list[tuple[int, int]]] = {}  # key and version of what is not answered yet
        self.last = ""

    def ask(self, who: str, version: int, request: Any) -> None:
        if who not in self.sockets:
            self.sockets[who] = socket.create_connection(self.address)
            self.asked[who] = []
        kind = type_of(type(request))
        header = RequestHeader(
            request_api_key=kind.key,
            request_api_version=version,
            correlation_id=len(self.asked[who]),
            client_id=who.rstrip("0123456789"),
        )
        body = encode(header, 2 if version in kind.flexible else 1) + encode(request, version)
        self.sockets[who].sendall(struct.pack(">i", len(body)) + body)
        self.asked[who].append((kind.key, version))
        self.last = who

    def wait(self, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)

    def answers(self) -> list[tuple[str, int, Any]]:
        """Everything that arrives until it is quiet: a moment longer while the last request is open."""
        found: list[tuple[str, int, Any]] = []
        while True:
            patience = 0.3 if self.asked.get(self.last) else 0.1
            names = {sock: who for who, sock in self.sockets.items()}
            readable, _, _ = select.select(list(names), [], [], patience)
            if not readable:
                return found
            for sock in readable:
                found.append(self.read(names[sock], sock))

    def read(self, who: str, sock: socket.socket) -> tuple[str, int, Any]:
        frame = memoryview(self.take(sock, struct.unpack(">i", self.take(sock, 4))[0]))
        key, version = self.asked[who].pop(0)
        response = RESPONSES[key]
        _, position = decoder(ResponseHeader, 1 if version in type_of(response).flexible else 0)(frame, 0)
        return who, version, decoder(response, version)(frame, position)[0]

    def records(self, group: str) -> list[Record]:
        """What the partition of `__consumer_offsets` holds of the group."""
        partition = java_hash(group) % 50
        wanted = FetchRequest.FetchTopic.FetchPartition(
            partition=partition, fetch_offset=0, partition_max_bytes=50_000_000
        )
        topic = FetchRequest.FetchTopic(topic="__consumer_offsets", partitions=[wanted])
        self.ask("reader", 4, FetchRequest(max_wait_ms=100, min_bytes=1, topics=[topic]))
        self.sockets["reader"].setblocking(True)
        _, _, response = self.read("reader", self.sockets["reader"])
        found: list[Record] = []
        for _, batch in batches(memoryview(response.responses[0].partitions[0].records)):
            for _, _, key, value, _ in records(batch):
                record = decode_coordinator(key or b"", value)
                if record is not None and record.key.group == group:
                    found.append(record)
        return found

    @staticmethod
    def take(sock: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = sock.recv(count - len(data))
            assert piece, "the broker has closed the connection"
            data += piece
        return data


def java_hash(text: str) -> int:
    """Its magnitude: Kafka takes the absolute value (Utils.abs) where the group's partition is concerned."""
    code = 0
    for letter in text:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return abs(code - (1 << 32) if code > 0x7FFFFFFF else code)


def prepare(broker: KafkaBroker) -> None:
    """The topics that are committed to, and the topic of groups itself."""
    topics = [
        CreateTopicsRequest.CreatableTopic(
            name=name, num_partitions=4, replication_factor=1, assignments=[], configs=[]
        )
        for name in ("t", "u")
    ]
    broker.ask("admin", 7, CreateTopicsRequest(topics=topics, timeout_ms=10_000))
    broker.answers()
    broker.ask("admin", 4, FindCoordinatorRequest(key_type=0, coordinator_keys=["any"]))
    broker.answers()
    time.sleep(3)  # until it has loaded the partitions of that topic


def main() -> None:
    host, port = sys.argv[1].split(":")
    prepare(KafkaBroker(host, int(port)))
    for name in sys.argv[2:]:
        path = Path(name)
        transcript = parse(path.read_text())
        path.write_text(play(transcript, KafkaBroker(host, int(port)), f"group-{uuid4()}"))


if __name__ == "__main__":
    main()
