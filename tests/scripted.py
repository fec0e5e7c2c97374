"""A run over a core in which much happens, and all of its bytes: `python -m tests.scripted` prints their digest."""

from __future__ import annotations

import hashlib
from typing import Any

from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest
from tests.core import Bench, CoreClient
from tests.requests import create_topic, end_offset, fetch, init_producer_id, metadata, produce

JOIN_VERSION, SYNC_VERSION, COMMIT_VERSION = 5, 3, 8
SESSION_MS = 10_000
Protocol = JoinGroupRequest.JoinGroupRequestProtocol


def join(group: str, member_id: str = "", protocols: tuple[str, ...] = ("range", "roundrobin")) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=group,
        session_timeout_ms=SESSION_MS,
        rebalance_timeout_ms=SESSION_MS,
        member_id=member_id,
        protocol_type="consumer",
        protocols=[Protocol(name=name, metadata=name.encode()) for name in protocols],
    )


def commit(group: str, generation: int, member_id: str, topic: str, offset: int) -> OffsetCommitRequest:
    part = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition(
        partition_index=0, committed_offset=offset, committed_metadata="here"
    )
    return OffsetCommitRequest(
        group_id=group,
        generation_id_or_member_epoch=generation,
        member_id=member_id,
        topics=[OffsetCommitRequest.OffsetCommitRequestTopic(name=topic, partitions=[part])],
    )


def enter(client: CoreClient, group: str) -> str:
    """A member id, given and used at once."""
    member_id: str = client.ask(join(group), JOIN_VERSION).member_id
    client.send(join(group, member_id), JOIN_VERSION)
    return member_id


def settle(bench: Bench, members: dict[str, CoreClient], group: str) -> int:
    """Everyone's join is answered and synced; the generation."""
    bench.advance(SESSION_MS - 1)
    joined = {member_id: client.answer() for member_id, client in members.items()}
    for member_id, client in members.items():
        answer = joined[member_id]
        assigned = [
            SyncGroupRequest.SyncGroupRequestAssignment(member_id=each, assignment=each.encode()) for each in members
        ]
        request = SyncGroupRequest(
            group_id=group,
            generation_id=answer.generation_id,
            member_id=member_id,
            assignments=assigned if answer.leader == member_id else [],
        )
        client.send(request, SYNC_VERSION)
    for client in members.values():
        assert client.answer().error_code == 0
    return int(next(iter(joined.values())).generation_id)


def run_group(bench: Bench, group: str) -> None:
    first = bench.connect()
    members = {enter(first, group): first}
    settle(bench, members, group)
    second = bench.connect()
    member_id: str = second.ask(join(group), JOIN_VERSION).member_id
    members[member_id] = second
    second.send(join(group, member_id), JOIN_VERSION)
    first.send(join(group, next(iter(members))), JOIN_VERSION)
    generation = settle(bench, members, group)
    for member, client in members.items():
        client.ask(commit(group, generation, member, "orders", generation), COMMIT_VERSION)
    second.close()
    bench.advance(3 * SESSION_MS)


def scripted_run(seed: int) -> bytes:
    """Topics, records, sessions, groups, ids and time; what came out, and what is in the files."""
    bench = Bench(seed=seed, config={"offsets.topic.num.partitions": "5"})
    client = bench.connect()
    for name in ("orders", "payments", "audit.log"):
        client.ask(create_topic(name, 3, {"retention.ms": "1000"}), 7)
    for number in range(10):
        client.ask(produce("orders", b"%d" % number, index=number % 3), 9)
        client.ask(init_producer_id(), 4)
    session = client.ask(fetch(*[("orders", index, 0) for index in range(3)], session=(0, 0)), 12).session_id
    waiting = [bench.connect() for _ in range(5)]
    for waiter in waiting:
        waiter.send(fetch(("payments", 0, 0), max_wait_ms=1000), 12)
    client.ask(produce("payments", b"x"), 9)
    client.ask(fetch(session=(session, 1)), 12)
    for group in ("shipping", "billing", "a", "b"):
        run_group(bench, group)
    client.ask(metadata("orders", "new-one", create=True), 9)
    client.ask(end_offset("orders"), 7)
    client.ask(blank(request_type(20), topic_names=["orders", "audit.log"], timeout_ms=1000), 4)
    client.ask(blank(request_type(16)), 4)
    client.ask(blank(request_type(15), groups=["shipping", "billing", "nobody"]), 5)
    assert not bench.core.bugs
    return b"".join(data for _, data in bench.sent) + everything(bench)


def everything(bench: Bench) -> bytes:
    files: Any = bench.state.directory.files
    found = []
    for directory in files.list(""):
        for name in files.list(directory):
            found.append(f"{directory}/{name}".encode() + (files.read_whole(f"{directory}/{name}") or b""))
    return b"".join(found)


if __name__ == "__main__":
    print(hashlib.sha256(scripted_run(5)).hexdigest())  # noqa: T201
