"""OffsetForLeaderEpoch: where a leader's epoch ended, so that readers see whether a log was cut (KIP-101, KIP-320)."""

from typing import Any

from differ.talk import Talk, Topic, versions

API = "OffsetForLeaderEpoch"


def _ask(talk: Talk, topic: Topic, epoch: int, **more: Any) -> None:
    replica = {"replica_id": more.pop("replica_id", -1)} if talk.version >= 3 else {}
    part = {"partition": 0, "leader_epoch": epoch} | more
    talk.ask(**replica, topics=[{"topic": topic.name, "partitions": [part]}])


def of_a_new_log(talk: Talk) -> None:
    """The only epoch so far, before and after something is written; epochs that never were."""
    topic = talk.topic()
    _ask(talk, topic, 0)
    talk.produce(topic, b"a", b"b", b"c")
    for epoch in (0, 1, 5, 2**31 - 1, -1, -2, -(2**31)):
        _ask(talk, topic, epoch)


def of_a_log_that_begins_later(talk: Talk) -> None:
    """Where records were deleted, some of them and all."""
    topic = talk.topic()
    talk.produce(topic, *[b"x"] * 5)
    for offset in (2, 5):
        part = {"partition_index": 0, "offset": offset}
        talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)
        for epoch in (0, 1, -1):
            _ask(talk, topic, epoch)


@versions("2+")
def current_epoch(talk: Talk) -> None:
    """What the asker believes the leader's epoch to be: right, newer, older, none."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for current in (0, 1, -1, -2):
        for epoch in (0, 1):
            _ask(talk, topic, epoch, current_leader_epoch=current)


@versions("3+")
def replica_ids(talk: Talk) -> None:
    """A consumer, the debugging consumer, a follower, one that there is not."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for replica in (-1, -2, 1, 7):
        _ask(talk, topic, 0, replica_id=replica)


def unknown(talk: Talk) -> None:
    """A topic that is not there, partitions that are not there."""
    for name in (talk.name_of("missing"), "", ".."):
        _ask(talk, Topic(name, b""), 0)
    topic = talk.topic()
    for partition in (1, -1):
        _ask(talk, topic, 0, partition=partition)


def several(talk: Talk) -> None:
    """Two partitions of one topic, one that is not there, and another topic."""
    one, two = talk.topic("one", partitions=2), talk.topic("two")
    talk.produce(one, b"a", partition=1)
    parts = [{"partition": i, "leader_epoch": 0} for i in (0, 1, 2)]
    asked = [{"topic": two.name, "partitions": parts[:1]}, {"topic": one.name, "partitions": parts}]
    talk.ask(topics=asked)


def named_twice(talk: Talk) -> None:
    """One partition twice is answered twice; a topic twice."""
    topic = talk.topic()
    parts = [{"partition": 0, "leader_epoch": epoch} for epoch in (0, 1)]
    talk.ask(topics=[{"topic": topic.name, "partitions": parts}])
    talk.ask(topics=[{"topic": topic.name, "partitions": [part]} for part in parts])


def internal_topic(talk: Talk) -> None:
    """A partition that is not there of a topic that is."""
    _ask(talk, Topic("__consumer_offsets", b""), 0, partition=5000)


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions, known and not."""
    talk.ask(topics=[])
    for name in (talk.topic().name, talk.name_of("missing")):
        talk.ask(topics=[{"topic": name, "partitions": []}])
