"""Seeded runs of clients that come, go, fall silent and lose their connections: what must hold at every moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker.groups.classic import State
from kpybroker.groups.settings import GroupSettings
from kpybroker.machine import Record
from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.join_group import JoinGroupResponse
from kpybroker.wire.messages.sync_group import SyncGroupResponse
from tests.groups.shard_broker import ShardBroker, durable, reloaded
from tests.groups.transcript import Names, build, parse


class Watched(ShardBroker):
    """Looks at every group after everything that happens."""

    highest: dict[str, int]

    def __init__(self, settings: GroupSettings, random: Random, log: list[Record] | None = None) -> None:
        self.highest = {}
        super().__init__(settings, random, log)

    def carry_out(self, decision: Any) -> None:
        super().carry_out(decision)
        for id_, group in self.shard.groups.items():
            assert group.generation >= self.highest.get(id_, 0)
            self.highest[id_] = group.generation
            assert (group.leader in group.members) == bool(group.members)
            assert set(group.parked_joins) <= set(group.members)
            assert set(group.parked_syncs) <= set(group.members)
            assert set(group.static_ids.values()) == {m.member_id for m in group.members.values() if m.instance_id}
            match group.state:
                case State.EMPTY:
                    assert not group.members
                case State.PREPARING:
                    assert not group.parked_syncs
                    assert group.join_ends is not None
                case State.COMPLETING:
                    assert not group.parked_joins
                    assert group.leader not in group.parked_syncs
                case State.STABLE:
                    assert group.protocol is not None
                    assert not group.parked_joins
                    assert not group.parked_syncs
        for id_ in list(self.highest):
            if id_ not in self.shard.groups:
                del self.highest[id_]
        parked = [p.ticket for g in self.shard.groups.values() for p in g.parked_joins.values()]
        parked += [t for g in self.shard.groups.values() for t in g.parked_syncs.values()]
        assert sorted(parked) == sorted(set(parked))
        assert set(parked) <= set(self.tickets)


class Client:
    """A consumer that follows the protocol, more or less."""

    def __init__(self, name: str, group: str, instance: str | None) -> None:
        self.name, self.group, self.instance = name, group, instance
        self.member, self.generation, self.leads, self.members = "", -1, False, [""]

    def hear(self, response: Any) -> None:
        if isinstance(response, JoinGroupResponse):
            if response.error_code in (Error.NONE, Error.MEMBER_ID_REQUIRED):
                self.member, self.generation = response.member_id, response.generation_id
            else:
                self.member = ""
            self.members = [member.member_id for member in response.members]
        elif isinstance(response, SyncGroupResponse) and response.error_code == Error.UNKNOWN_MEMBER_ID:
            self.member = ""

    def line(self, random: Random) -> str:
        identity = f"group={self.group} gen={self.generation} member={self.member}"
        identity += f" instance={self.instance}" if self.instance else ""
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                metadata = random.choice("MN")
                timeouts = f"session={random.choice((6000, 10000))} rebalance={random.choice((0, 3000, 60000))}"
                version = random.choice((0, 3, 9)) if self.instance is None else random.choice((5, 9))
                protocols = random.choice(("range", "range", "sticky", "other"))
                return f"{self.name} join v={version} {identity} {timeouts} protocols=range:{metadata},{protocols}:M"
            case 4 | 5 | 6 | 7:
                assign = ",".join(f"{member}:X{random.randrange(9)}" for member in self.members if member)
                return f"{self.name} sync v=4 {identity} assign={assign}"
            case 8 | 9:
                return f"{self.name} heartbeat {identity}"
            case 10:
                return f"{self.name} commit {identity} offsets={random.randrange(3)}:{random.randrange(99)}:"
        if random.random() < 0.2:
            return f"{self.name} delete {identity}"
        return f"{self.name} leave group={self.group} member={self.member}"


def run(seed: int, steps: int) -> tuple[Watched, list[str]]:
    """A few hundred steps of clients that come, go, fall silent and lose their connections."""
    random = Random(seed)
    grace = random.choice((None, 250))
    settings = GroupSettings(
        group_initial_rebalance_delay_ms=random.choice((0, 500)), group_max_size=4, closed_member_grace_ms=grace
    )
    broker = Watched(settings, Random(seed))
    clients = [Client("abcdefgh"[i], f"g{i % 2}", random.choice((None, None, f"i{i // 4}"))) for i in range(8)]
    by_name = {client.name: client for client in clients}
    story: list[str] = []
    for _ in range(steps):
        client = random.choice(clients)
        waiting = {who for who, _ in broker.tickets.values()}
        if client.name in waiting and random.random() < 0.9:
            broker.wait(random.choice((1, 100, 700, 4_000)))
        elif random.random() < 0.03 and client.name in broker.connections:
            broker.close(client.name)
        else:
            step = parse(client.line(random)).steps[0]
            broker.ask(step.who, step.version, build(step, "g", Names()))
        for who, version, response in broker.answers():
            story.append(f"{who} {version} {encode(response, version).hex()}")
            by_name[who].hear(response)
        if random.random() < 0.1:
            loaded = durable(reloaded(broker))
            own = durable(broker.shard)
            assert loaded["offsets"] == own["offsets"]
            assert own["groups"].items() <= loaded["groups"].items()
    broker.wait(3_600_000)
    assert broker.tickets == {}
    return broker, story


@pytest.mark.parametrize("seed", range(40))
def test_random_runs_keep_the_promises(seed: int) -> None:
    """One leader, rising generations, every request answered exactly once, and a log that always knows the group."""
    run(seed, 300)


def test_the_same_seed_gives_the_same_story_under_any_hash_seed() -> None:
    """Two processes with different PYTHONHASHSEEDs answer alike, ids and order included."""
    code = "from tests.groups.test_group_random import run; print(run(5, 200)[1])"
    root = str(Path(__file__).parents[2])
    stories = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert stories[0] == stories[1]
    assert len(stories[0]) > 1000
