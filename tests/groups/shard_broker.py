"""A broker around one shard for the tests: a small journal, many callers, and time that passes when it is told to."""

from __future__ import annotations

from random import Random
from typing import Any

from kpybroker.groups.classic import State
from kpybroker.groups.settings import GroupSettings
from kpybroker.groups.shard import Shard
from kpybroker.machine import Call, Decision, Instant, Peer, Record
from kpybroker.wire.declare import type_of
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse
from kpybroker.wire.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse
from kpybroker.wire.messages.list_groups import ListGroupsRequest, ListGroupsResponse
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse

START: Instant = 1_700_000_000_000


class ShardBroker:
    """Decide, append, replay, reply: the log is a list."""

    def __init__(self, settings: GroupSettings, random: Random, log: list[Record] | None = None) -> None:
        self.log: list[Record] = []
        self.shard = Shard(settings, random)
        for record in log or []:
            self.log.append(record)
            self.shard.replay(record)
        self.now = START
        self.connections: dict[str, int] = {}
        self.tickets: dict[int, tuple[str, int]] = {}  # of requests that are not answered
        self.next_ticket = 1
        self.unread: list[tuple[str, int, Any]] = []
        self.carry_out(self.shard.loaded(self.now))

    def ask(self, who: str, version: int, request: Any) -> None:
        ticket, self.next_ticket = self.next_ticket, self.next_ticket + 1
        self.tickets[ticket] = (who, version)
        frame = bytearray(encode(request, version))
        request, _ = decoder(type(request), version)(memoryview(frame), 0)
        plain = self.answer_at_once(request, version)
        if plain is not None:
            self.reply(ticket, plain)
            return
        connection = self.connections.setdefault(who, len(self.connections) + 1)
        call = Call(
            node=1,
            peer=Peer(connection, "127.0.0.1", "PLAINTEXT", ("127.0.0.1", 9092)),
            ticket=ticket,
            key=type_of(type(request)).key,
            version=version,
            client_id=who.rstrip("0123456789"),
            request=request,
            arrived=self.now,
        )
        decision = self.shard.decide(call, self.now)
        frame[:] = b"?" * len(frame)  # a connection's buffer is used again: nobody may have kept a view of it
        self.carry_out(decision)
        self.wait(0)

    def answer_at_once(self, request: Any, version: int) -> Any:
        """The requests that are about many groups, as their handlers put them together."""
        if isinstance(request, DescribeGroupsRequest):
            return DescribeGroupsResponse(groups=[self.shard.describe_group(id_, version) for id_ in request.groups])
        if isinstance(request, ListGroupsRequest):
            return ListGroupsResponse(
                error_code=0, groups=self.shard.list_groups(request.states_filter, request.types_filter)
            )
        if isinstance(request, OffsetFetchRequest):
            return OffsetFetchResponse(groups=[self.shard.fetch_offsets(group) for group in request.groups])
        if isinstance(request, OffsetDeleteRequest):
            answer, records = self.shard.delete_offsets(request)
            self.carry_out(Decision(records))
            return answer
        if isinstance(request, DeleteGroupsRequest):
            results = []
            for group_id in request.groups_names:
                error, records = self.shard.delete_group(group_id)
                self.carry_out(Decision(records))
                results.append(DeleteGroupsResponse.DeletableGroupResult(group_id=group_id, error_code=error))
            return DeleteGroupsResponse(throttle_time_ms=0, results=results)
        return None

    def wait(self, milliseconds: int) -> None:
        """Every deadline on the way has its own moment."""
        until = self.now + milliseconds
        while (due := self.shard.due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.carry_out(self.shard.expire(self.now))
        self.now = until

    def close(self, who: str) -> None:
        self.shard.connection_closed(self.connections.pop(who), self.now)

    def carry_out(self, decision: Decision) -> None:
        for record in decision.records:
            self.log.append(record)
            self.shard.replay(record)
        for ticket, response in decision.replies:
            self.reply(ticket, response)

    def reply(self, ticket: int, response: Any) -> None:
        """Over the wire and back, so that only what the version carries arrives."""
        who, version = self.tickets.pop(ticket)
        sent = memoryview(encode(response, version))
        self.unread.append((who, version, decoder(type(response), version)(sent, 0)[0]))

    def answers(self) -> list[tuple[str, int, Any]]:
        found, self.unread = self.unread, []
        return found

    def records(self, group: str) -> list[Record]:
        return [record for record in self.log if record.key.group == group]


def durable(shard: Shard) -> dict[str, Any]:
    """What the log must know of groups that are not in the middle of a rebalance, and of all offsets."""
    settled = {
        id_: (
            group.state,
            group.generation,
            group.protocol_type,
            group.protocol,
            group.leader,
            [(m.identity, m.timeouts, m.metadata(group.protocol or ""), m.assignment) for m in group.members.values()],
        )
        for id_, group in shard.groups.items()
        if group.state in (State.STABLE, State.EMPTY)
    }
    return {"groups": settled, "offsets": shard.offsets.groups}


def reloaded(broker: ShardBroker) -> Shard:
    return ShardBroker(broker.shard.settings, Random(0), broker.log).shard
