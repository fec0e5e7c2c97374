"""Leader epochs as readers meet them: what they are told, what they say they know, where logs part (KIP-320)."""

from typing import Any

from differ.batches import batch
from differ.talk import Talk, Topic, versions

API = "OffsetForLeaderEpoch"
MUCH = 2**20
VERSIONS_OF_FETCH = {2: 11, 3: 15, 4: 17}


def _fetching(topic: Topic, offset: int, **more: Any) -> dict[str, Any]:
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": MUCH} | more
    asked = {"topic": topic.name, "topic_id": topic.id, "partitions": [part]}
    return {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "topics": [asked]}


def _fetch(talk: Talk, topic: Topic, offset: int, at: int = 0, **more: Any) -> None:
    talk.ask("Fetch", at=at or VERSIONS_OF_FETCH.get(talk.version, 11), **_fetching(topic, offset, **more))


def _end_of(talk: Talk, topic: Topic, epoch: int, **more: Any) -> None:
    replica = {"replica_id": -1} if talk.version >= 3 else {}
    part = {"partition": 0, "leader_epoch": epoch} | more
    talk.ask(**replica, topics=[{"topic": topic.name, "partitions": [part]}])


def _list(talk: Talk, topic: Topic, timestamp: int, **more: Any) -> None:
    part = {"partition_index": 0, "timestamp": timestamp} | more
    talk.ask("ListOffsets", at=talk.version + 5, replica_id=-1, topics=[{"name": topic.name, "partitions": [part]}])


def _made_anew(talk: Talk, topic: Topic) -> Topic:
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    part = {"partition_index": 0, "timestamp": -1}
    gone = {"replica_id": -1, "topics": [{"name": topic.name, "partitions": [part]}]}
    talk.until_quietly(lambda a: a.topics[0].partitions[0].error_code == 3, "ListOffsets", at=7, **gone)
    return talk.topic()


def told_everywhere(talk: Talk) -> None:
    """The epoch in Metadata, in what offsets are listed with, in the batches themselves."""
    topic = talk.topic()
    talk.ask("Metadata", at=talk.version + 5, topics=[{"name": topic.name}])
    _list(talk, topic, -2)
    talk.produce(topic, data=batch(b"a", b"b", leader_epoch=9))
    for timestamp in (-1, -2, 0):
        _list(talk, topic, timestamp)
    _fetch(talk, topic, 0)
    _end_of(talk, topic, 0)


def reader_who_knows(talk: Talk) -> None:
    """A reader that says the right epoch everywhere."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    _list(talk, topic, -2, current_leader_epoch=0)
    _end_of(talk, topic, 0, current_leader_epoch=0)
    for offset in (0, 2):
        _fetch(talk, topic, offset, current_leader_epoch=0)


def reader_ahead(talk: Talk) -> None:
    """A reader that has heard of a newer leader than there is."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for timestamp in (-1, -2, -3, 0):
        _list(talk, topic, timestamp, current_leader_epoch=1)
    _end_of(talk, topic, 0, current_leader_epoch=1)
    for offset in (0, 1, 5, -1):
        _fetch(talk, topic, offset, current_leader_epoch=1)


def reader_waits_with_a_wrong_epoch(talk: Talk) -> None:
    """It is answered at once, however long it would wait."""
    topic = talk.topic()
    fields = _fetching(topic, 0, current_leader_epoch=7) | {"max_wait_ms": 30_000, "min_bytes": 1000}
    talk.ask("Fetch", at=VERSIONS_OF_FETCH.get(talk.version, 11), **fields)


def some_partitions_ahead(talk: Talk) -> None:
    """Each partition is judged by itself."""
    topic = talk.topic(partitions=3)
    epochs = ((0, 0), (1, 3), (2, -1), (3, 0))
    fetching = [
        {"partition": i, "fetch_offset": 0, "partition_max_bytes": MUCH, "current_leader_epoch": epoch}
        for i, epoch in epochs
    ]
    asked = {"topic": topic.name, "topic_id": topic.id, "partitions": fetching}
    talk.ask("Fetch", at=VERSIONS_OF_FETCH.get(talk.version, 11), max_wait_ms=0, min_bytes=1, topics=[asked])
    ends = [{"partition": i, "current_leader_epoch": epoch, "leader_epoch": 0} for i, epoch in epochs]
    talk.ask(topics=[{"topic": topic.name, "partitions": ends}])


@versions("3-4")
def logs_part(talk: Talk) -> None:
    """A reader that has read more than there is learns where the logs part; one that knows no epoch does not."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    for offset in (0, 3, 4, 100, -1):
        for epoch in (0, 1, -1):
            _fetch(talk, topic, offset, last_fetched_epoch=epoch)


@versions("3-4")
def logs_part_in_a_session(talk: Talk) -> None:
    """In a session it is told so each time."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    fields = _fetching(topic, 7, last_fetched_epoch=0)
    at = VERSIONS_OF_FETCH[talk.version]
    answer = talk.ask("Fetch", at=at, session_epoch=0, **fields)
    for epoch in (1, 2):
        talk.ask("Fetch", at=at, session_id=answer.session_id, session_epoch=epoch, **fields | {"topics": []})
    fields = _fetching(topic, 3, last_fetched_epoch=0)
    for epoch in (3, 4):
        talk.ask("Fetch", at=at, session_id=answer.session_id, session_epoch=epoch, **fields)


@versions("3-4")
def logs_part_below_the_start(talk: Talk) -> None:
    """Below the start an offset is out of range, whatever was read last."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    part = {"partition_index": 0, "offset": 2}
    talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)
    for offset in (1, 2, 3, 9):
        _fetch(talk, topic, offset, last_fetched_epoch=0)


def topic_made_anew(talk: Talk) -> None:
    """A topic of the same name begins with the first epoch again: its reader is behind the end."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b", b"c")
    topic = _made_anew(talk, topic)
    talk.produce(topic, b"x")
    _end_of(talk, topic, 0)
    _fetch(talk, topic, 3, current_leader_epoch=0)
    _fetch(talk, topic, 3, at=17, current_leader_epoch=0, last_fetched_epoch=0)


def committed_with_an_epoch(talk: Talk) -> None:
    """A group's offset keeps the epoch that it was committed with, right or wrong."""
    topic, group = talk.topic(), talk.name_of("group")
    for epoch in (0, 5, -1):
        part = {"partition_index": 0, "committed_offset": 1, "committed_leader_epoch": epoch}
        data = [{"name": topic.name, "partitions": [part]}]
        talk.ask("OffsetCommit", at=talk.version + 4, group_id=group, topics=data)
        asked = [{"name": topic.name, "partition_indexes": [0]}]
        talk.ask("OffsetFetch", at=talk.version + 3, group_id=group, topics=asked)


@versions("3-4")
def follower_that_is_none(talk: Talk) -> None:
    """A broker that holds no copy: with an epoch it is to try again, without one this is no leader of its."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    for replica in (2, 1):
        for current in (-1, 0, 1, -2):
            fields = _fetching(topic, 0, current_leader_epoch=current)
            talk.ask("Fetch", at=11 + talk.version - 3, replica_id=replica, **fields)
            state = {"replica_id": replica, "replica_epoch": -1}
            talk.ask("Fetch", at=12 + talk.version, replica_state=state, **fields)
