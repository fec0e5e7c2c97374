"""Transcripts of groups: a step a line, below it what was answered; spoken to a shard, or to a real Kafka to record it.

    a join v=9 protocols=range:A            who, what, and what differs from the defaults
      a: MEMBER_ID_REQUIRED member=a#1      whose request is answered by now, and how

Member ids are written `client#n` in the order in which they appear. `wait 500` lets half a second pass. At the end, in
lines that begin with `=`, stand the records that `__consumer_offsets` then holds of the group.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from kpybroker.machine import Record
from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_groups import DeleteGroupsRequest
from kpybroker.wire.messages.describe_groups import DescribeGroupsRequest
from kpybroker.wire.messages.heartbeat import HeartbeatRequest
from kpybroker.wire.messages.join_group import JoinGroupRequest
from kpybroker.wire.messages.leave_group import LeaveGroupRequest
from kpybroker.wire.messages.list_groups import ListGroupsRequest
from kpybroker.wire.messages.offset_commit import OffsetCommitRequest
from kpybroker.wire.messages.offset_delete import OffsetDeleteRequest
from kpybroker.wire.messages.offset_fetch import OffsetFetchRequest
from kpybroker.wire.messages.sync_group import SyncGroupRequest
from kpybroker.wire.schemas.consumer_protocol import ConsumerProtocolSubscription
from kpybroker.wire.schemas.groups import OffsetCommitKey

TRANSCRIPTS = Path(__file__).parent / "transcripts"
DEFAULTS = {"group_min_session_timeout_ms": 200, "group_initial_rebalance_delay_ms": 0, "group_max_size": 3}
LATEST = {
    "join": 9,
    "sync": 5,
    "heartbeat": 4,
    "leave": 5,
    "commit": 9,
    "fetch": 9,
    "forget": 0,
    "describe": 6,
    "delete": 2,
    "list": 5,
}
UUID_LENGTH = 37  # with the dash before it


class Step(NamedTuple):
    line: str
    who: str
    verb: str
    options: dict[str, str]

    @property
    def version(self) -> int:
        return int(self.options.get("v", LATEST[self.verb]))


class Broker(Protocol):
    """Something with a group coordinator."""

    def ask(self, who: str, version: int, request: Any) -> None: ...

    def wait(self, milliseconds: int) -> None: ...

    def answers(self) -> list[tuple[str, int, Any]]: ...  # who, version, response; since the last call

    def records(self, group: str) -> list[Record]: ...


class Transcript(NamedTuple):
    comment: list[str]
    settings: dict[str, int]
    steps: list[Step]
    text: str


def parse(text: str) -> Transcript:
    """Lines with `#` say what it is about, `set` lines what the broker is configured with."""
    comment, settings, steps = [], {}, []
    for line in text.splitlines():
        if line.startswith("#"):
            comment.append(line)
        elif line.startswith("set "):
            name, _, value = line[4:].partition("=")
            settings[name] = int(value)
        elif line and line[0] not in " =":
            words = line.split()
            who, verb = words[0], words[1]
            steps.append(Step(line, who, verb, dict(word.split("=", 1) for word in words[2:] if "=" in word)))
    return Transcript(comment, settings, steps, text)


def play(transcript: Transcript, broker: Broker, group: str) -> str:
    """Speaks the steps to `broker` and writes the transcript anew with its answers."""
    names = Names()
    lines = [*transcript.comment, *(f"set {name}={value}" for name, value in transcript.settings.items()), ""]
    for step in transcript.steps:
        lines.append(step.line)
        if step.who == "wait":
            broker.wait(int(step.verb))
        else:
            broker.ask(step.who, step.version, build(step, group, names))
        for who, version, response in sorted(broker.answers(), key=lambda answer: answer[0]):
            lines.append(f"  {who}: {spell(response, version, names, group)}")
    lines += ["", *(f"= {spell_record(record, names)}" for record in broker.records(group))]
    return "\n".join(lines) + "\n"


class Names:
    """Member ids to `client#n` and back."""

    def __init__(self) -> None:
        self.of_id: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    def name(self, member_id: str) -> str:
        if len(member_id) < UUID_LENGTH:
            return member_id
        if member_id not in self.of_id:
            prefix = member_id[:-UUID_LENGTH]
            made = f"{prefix}#{1 + sum(name.rpartition('#')[0] == prefix for name in self.ids)}"
            self.of_id[member_id], self.ids[made] = made, member_id
        return self.of_id[member_id]

    def id(self, name: str) -> str:
        return self.ids.get(name, name)


def build(step: Step, group: str, names: Names) -> Any:
    """The request that a step is short for."""
    o = step.options
    member = names.id(o.get("member", ""))
    generation, instance = int(o.get("gen", -1)), o.get("instance")
    if step.verb == "join":
        protocols = [pair.split(":") for pair in o.get("protocols", "range:M").split(",") if pair]
        return JoinGroupRequest(
            group_id=o.get("group", group),
            session_timeout_ms=int(o.get("session", 10_000)),
            rebalance_timeout_ms=int(o.get("rebalance", 60_000)),
            member_id=member,
            group_instance_id=instance,
            protocol_type=o.get("type", "consumer"),
            protocols=[
                JoinGroupRequest.JoinGroupRequestProtocol(name=name, metadata=subscription(metadata))
                for name, metadata in protocols
            ],
        )
    if step.verb == "sync":
        given = [pair.split(":") for pair in o.get("assign", "").split(",") if pair]
        return SyncGroupRequest(
            group_id=o.get("group", group),
            generation_id=generation,
            member_id=member,
            group_instance_id=instance,
            protocol_type=o.get("type", "consumer") or None,
            protocol_name=o.get("protocol", "range") or None,
            assignments=[
                SyncGroupRequest.SyncGroupRequestAssignment(member_id=names.id(name), assignment=data.encode())
                for name, data in given
            ],
        )
    if step.verb == "heartbeat":
        return HeartbeatRequest(
            group_id=o.get("group", group), generation_id=generation, member_id=member, group_instance_id=instance
        )
    if step.verb == "leave":
        return LeaveGroupRequest(
            group_id=o.get("group", group),
            member_id=member if step.version < 3 else "",
            members=[identity(text, names) for text in o.get("members", o.get("member", "")).split(",")],
        )
    return build_other(step, group, member, generation, instance)


def subscription(text: str) -> bytes:
    """`@topic` is what a consumer of that topic says of itself, in version 0 of the consumer protocol."""
    if not text.startswith("@"):
        return text.encode()
    return bytes(2) + encode(ConsumerProtocolSubscription(topics=[text[1:]]), 0)


def shown(data: Any) -> str:
    return bytes(data).decode("ascii", "backslashreplace").replace("\0", "0")


def identity(text: str, names: Names) -> LeaveGroupRequest.MemberIdentity:
    """`member/instance`, either of them left out."""
    name, _, instance = text.partition("/")
    return LeaveGroupRequest.MemberIdentity(member_id=names.id(name), group_instance_id=instance or None)


def build_other(step: Step, group: str, member: str, generation: int, instance: str | None) -> Any:
    o = step.options
    if step.verb == "commit":
        topic = OffsetCommitRequest.OffsetCommitRequestTopic
        partitions = [
            topic.OffsetCommitRequestPartition(
                partition_index=int(partition),
                committed_offset=int(offset),
                committed_metadata=metadata[0] * int(o["long"]) if "long" in o else metadata or None,
            )
            for partition, offset, metadata in (part.split(":") for part in o.get("offsets", "0:5:").split(","))
        ]
        return OffsetCommitRequest(
            group_id=o.get("group", group),
            generation_id_or_member_epoch=generation,
            member_id=member,
            group_instance_id=instance,
            retention_time_ms=int(o.get("retention", -1)),
            topics=[topic(name=o.get("topic", "t"), partitions=partitions)],
        )
    if step.verb == "fetch":
        asked = OffsetFetchRequest.OffsetFetchRequestGroup
        indexes = [int(p) for p in o.get("partitions", "0").split(",")]
        topics = [asked.OffsetFetchRequestTopics(name=o.get("topic", "t"), partition_indexes=indexes)]
        everything = o.get("topic") == "*"
        return OffsetFetchRequest(groups=[asked(group_id=o.get("group", group), topics=None if everything else topics)])
    if step.verb == "forget":
        named = OffsetDeleteRequest.OffsetDeleteRequestTopic
        parts = [
            named.OffsetDeleteRequestPartition(partition_index=int(p)) for p in o.get("partitions", "0").split(",")
        ]
        return OffsetDeleteRequest(group_id=group, topics=[named(name=o.get("topic", "t"), partitions=parts)])
    if step.verb == "describe":
        return DescribeGroupsRequest(groups=[o.get("group", group)])
    if step.verb == "delete":
        return DeleteGroupsRequest(groups_names=[o.get("group", group)])
    return ListGroupsRequest(states_filter=listed(o.get("states")), types_filter=listed(o.get("types")))


def listed(text: str | None) -> list[str]:
    return text.split(",") if text else []


def spell(response: Any, version: int, names: Names, group: str) -> str:
    """An answer in one line: everything that its version carries."""
    words = Spelling(names, group, version)
    return str(getattr(words, type(response).__name__)(response))


def spell_record(record: Record, names: Names) -> str:
    """Everything but the time."""
    key, value = record.key, record.value
    if isinstance(key, OffsetCommitKey):
        if value is None:
            return f"offset {key.topic}-{key.partition} tombstone"
        expiry = "" if value.expire_timestamp == -1 else f" expires={value.expire_timestamp - value.commit_timestamp}"
        where = f"{key.topic}-{key.partition} v={record.version}"
        return f"offset {where} {value.offset} {value.leader_epoch} {value.metadata!r}{expiry}"
    if value is None:
        return "group tombstone"
    members = sorted(
        f"{names.name(m.member_id)}/{m.group_instance_id}/{m.client_id}/{m.client_host}"
        f"/{m.rebalance_timeout}/{m.session_timeout}:{shown(m.subscription)}:{shown(m.assignment)}"
        for m in value.members
    )
    words = f"group v={record.version} gen={value.generation} type={value.protocol_type!r} protocol={value.protocol!r}"
    return " ".join([f"{words} leader={names.name(value.leader) if value.leader else None}", *members])


class Spelling:
    def __init__(self, names: Names, group: str, version: int) -> None:
        self.names, self.group, self.version = names, group, version

    def JoinGroupResponse(self, r: Any) -> str:
        words = f"{Error(r.error_code).name} gen={r.generation_id} member={self.names.name(r.member_id)}"
        words += f" leader={self.names.name(r.leader)} protocol={r.protocol_name!r} type={r.protocol_type!r}"
        if r.skip_assignment:
            words += " skip_assignment"
        others = sorted(
            f"{self.names.name(m.member_id)}{'/' + m.group_instance_id if m.group_instance_id else ''}"
            f":{shown(m.metadata)}"
            for m in r.members
        )
        return words + f" members={','.join(others)}"

    def SyncGroupResponse(self, r: Any) -> str:
        names = f"protocol={r.protocol_name!r} type={r.protocol_type!r}"
        return f"{Error(r.error_code).name} {names} assignment={shown(r.assignment)}"

    def HeartbeatResponse(self, r: Any) -> str:
        return Error(r.error_code).name

    def LeaveGroupResponse(self, r: Any) -> str:
        left = [
            f"{self.names.name(m.member_id)}{'/' + m.group_instance_id if m.group_instance_id else ''}"
            f":{Error(m.error_code).name}"
            for m in r.members
        ]
        return " ".join([Error(r.error_code).name, *left])

    def OffsetCommitResponse(self, r: Any) -> str:
        return " ".join(
            f"{topic.name}-{p.partition_index}:{Error(p.error_code).name}"
            for topic in r.topics
            for p in topic.partitions
        )

    def OffsetDeleteResponse(self, r: Any) -> str:
        topics = [
            f"{topic.name}-{p.partition_index}:{Error(p.error_code).name}"
            for topic in r.topics
            for p in topic.partitions
        ]
        return " ".join([Error(r.error_code).name, *topics])

    def OffsetFetchResponse(self, r: Any) -> str:
        group = r.groups[0]
        found = sorted(
            f"{topic.name}-{p.partition_index}:{p.committed_offset}/{p.committed_leader_epoch}"
            f"/{p.metadata!r}/{Error(p.error_code).name}"
            for topic in group.topics
            for p in topic.partitions
        )
        return " ".join([Error(group.error_code).name, *found])

    def DescribeGroupsResponse(self, r: Any) -> str:
        g = r.groups[0]
        message = g.error_message and g.error_message.replace(self.group, "<group>")
        words = f"{Error(g.error_code).name} {message!r} {g.group_state} type={g.protocol_type!r} {g.protocol_data!r}"
        members = sorted(
            f"{self.names.name(m.member_id)}/{m.group_instance_id}/{m.client_id}/{m.client_host}"
            f":{shown(m.member_metadata)}:{shown(m.member_assignment)}"
            for m in g.members
        )
        return " ".join([words, *members])

    def DeleteGroupsResponse(self, r: Any) -> str:
        return Error(r.results[0].error_code).name

    def ListGroupsResponse(self, r: Any) -> str:
        own = [g for g in r.groups if g.group_id == self.group]  # others come from elsewhere on a shared broker
        return " ".join(
            [Error(r.error_code).name, *(f"{g.protocol_type!r}/{g.group_state}/{g.group_type}" for g in own)]
        )
