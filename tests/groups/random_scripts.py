"""Random transcripts, said to a shard and to a real Kafka: python -m tests.groups.random_scripts HOST:PORT FIRST LAST.

The broker must be one that record_transcripts could record from, with DEFAULTS. Each seed's script is made while a
shard answers it, so that most steps fit what the group is doing; where the answers differ, both are printed.
"""

from __future__ import annotations

import sys
from difflib import unified_diff
from random import Random
from uuid import uuid4

from kpybroker.groups.classic import ClassicGroup
from kpybroker.groups.settings import GroupSettings
from tests.groups.record_transcripts import KafkaBroker, prepare
from tests.groups.shard_broker import ShardBroker
from tests.groups.transcript import DEFAULTS, Names, build, parse, play, spell

STEPS = 35
INSTANCES = ("one", "two", "three", "four")
PROTOCOLS = (
    "range:A",
    "range:A",
    "range:B",
    "range:@t",
    "sticky:S,range:A",
    "range:A,sticky:S",
    "sticky:S",
    "range:@u",
)
VERBS = {"join": 30, "sync": 22, "commit": 10, "heartbeat": 8, "leave": 8, "describe": 6, "forget": 4, "fetch": 3}
SOON_MS = 50  # what is due so soon happens before Kafka's next answer


def new_shard() -> ShardBroker:
    return ShardBroker(GroupSettings(**DEFAULTS), Random(1))


class Script:
    """A script in the making, and the shard that answers it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.broker = new_shard()
        self.names = Names()
        self.lines = [f"# A random script: seed {seed}", ""]
        for number in range(STEPS):
            line = self.step(number)
            if line:
                self.say(line)

    def say(self, line: str) -> None:
        step = parse(line).steps[0]
        self.broker.ask(step.who, step.version, build(step, "group", self.names))
        self.lines.append(line)
        due = self.broker.shard.due()
        if due is not None and due <= self.broker.now + SOON_MS:
            self.broker.wait(SOON_MS)
            self.lines.append(f"wait {SOON_MS}")
        for who, version, answer in sorted(self.broker.answers(), key=lambda each: each[0]):
            assert who
            spell(answer, version, self.names, "group")  # names the members that it tells of

    @property
    def group(self) -> ClassicGroup:
        return self.broker.shard.groups.get("group") or ClassicGroup("group", 0)

    @property
    def members(self) -> list[str]:
        return [self.names.of_id[member_id] for member_id in self.group.members if member_id in self.names.of_id]

    def likely(self, chance: float) -> bool:
        return self.random.random() < chance

    def member(self) -> str:
        known = [*self.names.ids, "nobody", ""]
        return self.random.choice(self.members if self.members and self.likely(0.85) else known)

    def waits(self, name: str) -> bool:
        """Whoever has a request parked asks nothing else: what Kafka does then is a listed difference."""
        member_id = self.names.id(name)
        return member_id in self.group.parked_joins or member_id in self.group.parked_syncs

    def instance(self, name: str) -> str:
        """A static member mostly says its instance id, and others sometimes say one."""
        member = self.group.members.get(self.names.id(name))
        own = None if member is None else member.instance_id
        if own is not None and self.likely(0.85):
            return f" instance={own}"
        return f" instance={self.random.choice(INSTANCES)}" if self.likely(0.05) else ""

    def generation(self) -> int:
        now = self.group.generation
        return now if self.likely(0.85) else self.random.choice((-1, 0, now - 1, now + 1))

    def step(self, number: int) -> str:
        who = f"{self.random.choice('abc')}{number}"
        (verb,) = self.random.choices(list(VERBS), list(VERBS.values()))
        match verb:
            case "join":
                return self.join(who)
            case "sync":
                return self.sync(who)
            case "commit":
                return self.commit(who)
            case "leave":
                return self.leave(who)
            case "heartbeat":
                name = self.member()
                return f"{who} heartbeat gen={self.generation()} member={name}{self.instance(name)}"
            case "forget":
                return f"{who} forget topic={self.random.choice('tu')} partitions=0,1"
            case "fetch":
                return f"{who} fetch topic=*"
        return f"{who} describe"

    def join(self, who: str) -> str:
        version, protocols = self.random.choice((9, 9, 9, 5, 4, 3)), self.random.choice(PROTOCOLS)
        pending = [self.names.of_id[member_id] for member_id in self.group.pending]
        more = f"protocols={protocols} session=1800000 rebalance=1800000" + (
            " type=connect" if self.likely(0.04) else ""
        )
        if self.likely(0.35) or not (pending or self.members):
            static = version >= 5 and self.likely(0.35)
            return f"{who} join v={version}{f' instance={self.random.choice(INSTANCES)}' if static else ''} {more}"
        name = self.random.choice(pending + self.members) if self.likely(0.9) else self.member()
        instance = self.instance(name) if version >= 5 else ""
        return "" if self.waits(name) else f"{who} join v={version} member={name}{instance} {more}"

    def sync(self, who: str) -> str:
        name, group = self.member(), self.group
        protocol = "other" if self.likely(0.05) else group.protocol or "range"
        line = f"{who} sync gen={self.generation()} member={name}{self.instance(name)} protocol={protocol}"
        line += f" type={group.protocol_type or 'consumer'}"
        if self.names.id(name) == group.leader or self.likely(0.1):
            line += " assign=" + ",".join(f"{each}:{number}" for number, each in enumerate(self.members))
        return "" if self.waits(name) else line

    def commit(self, who: str) -> str:
        what = f"topic={self.random.choice('tu')} offsets={self.random.randrange(3)}:{self.random.randrange(99)}:"
        version = self.random.choice((9, 8, 7))
        if self.likely(0.25):
            return f"{who} commit v={version} {what}"
        name = self.member()
        return f"{who} commit v={version} gen={self.generation()} member={name}{self.instance(name)} {what}"

    def leave(self, who: str) -> str:
        """Not from among more than two: who leads after the leader is, in Kafka, a matter of a hash map's order."""
        name = self.member()
        if len(self.group.members) > 2 or self.names.id(name) in self.group.parked_syncs:
            return ""
        member = self.group.members.get(self.names.id(name))
        instance = None if member is None else member.instance_id
        if instance is not None and self.likely(0.3):
            return f"{who} leave members=/{instance}"
        return f"{who} leave members={name}" + (f"/{instance}" if instance is not None and self.likely(0.8) else "")


def main() -> None:
    host, port = sys.argv[1].split(":")
    prepare(KafkaBroker(host, int(port)))
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        script = parse("\n".join(Script(seed).lines))
        ours = play(script, new_shard(), "group")
        theirs = play(script, KafkaBroker(host, int(port)), f"group-{uuid4()}")
        print(f"seed {seed}: {'equal' if ours == theirs else 'different'}")  # noqa: T201
        for line in unified_diff(ours.splitlines(), theirs.splitlines(), "here", "Kafka", lineterm="", n=20):
            print(line)  # noqa: T201


if __name__ == "__main__":
    main()
