"""Corners of fetch sessions: ids that cannot be, epochs at the edge, sessions that others close or carry on."""

from typing import Any

from differ.talk import Connection, Talk, Topic
from kpybroker.wire.declare import Versions

API = "Fetch"
VERSIONS = Versions(12, 13)
MUCH = 2**20
FINAL = -1
IDS_OF_A_SLICE = (2**31 - 1) // 8  # the cache is cut into eight by session id


def _ask(
    talk: Connection, session: int, epoch: int, *parts: tuple[Topic, int, int], forget: Any = (), **more: Any
) -> Any:
    return talk.ask(**_request(session, epoch, *parts, forget=forget, **more))


def _request(session: int, epoch: int, *parts: tuple[Topic, int, int], forget: Any = (), **more: Any) -> dict[str, Any]:
    topics = [
        {
            "topic": topic.name,
            "topic_id": topic.id,
            "partitions": [{"partition": index, "fetch_offset": offset, "partition_max_bytes": MUCH}],
        }
        for topic, index, offset in parts
    ]
    left = [{"topic": topic.name, "topic_id": topic.id, "partitions": [index]} for topic, index in forget]
    request = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": MUCH, "session_id": session, "session_epoch": epoch}
    return request | {"topics": topics, "forgotten_topics_data": left} | more


def _park(talk: Talk, waiting: Connection, session: int, **more: Any) -> None:
    """Lets a connection wait in a session, at its first epoch."""
    waiting.ask_quietly("Metadata", at=4, topics=[])  # the connection is there
    waiting.send(**_request(session, 1, **more))
    for _ in range(3):
        talk.let_others_go_first()


def impossible_ids(talk: Talk) -> None:
    """Ids that no session can have: at some Apache Kafka fails altogether."""
    topic = talk.topic()
    edges = (-1, 1 - IDS_OF_A_SLICE, -IDS_OF_A_SLICE, -(2**31), 8 * IDS_OF_A_SLICE - 1, 8 * IDS_OF_A_SLICE, 2**31 - 1)
    for number in edges:
        for epoch in (1, FINAL):
            _ask(talk, number, epoch, (topic, 0, 0))


def impossible_epochs(talk: Talk) -> None:
    """Epochs below the final one and the largest there is, in a session and without one."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    for epoch in (-2, -(2**31), 2**31 - 1):
        _ask(talk, session, epoch)
        _ask(talk, 0, epoch, (topic, 0, 0))
    _ask(talk, session, 1)
    _ask(talk, session, FINAL)


def carried_on_elsewhere(talk: Talk) -> None:
    """While a reader waits in a session another connection asks the next: the first is told that it is too late."""
    topic = talk.topic()
    waiting = talk.connect("waiting")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _park(talk, waiting, session, max_wait_ms=8_000)
    _ask(talk, session, 2)
    talk.produce(topic, b"a")
    waiting.answer()
    _ask(talk, session, 3)
    _ask(talk, session, FINAL)


def closed_elsewhere(talk: Talk) -> None:
    """While a reader waits in a session another connection closes it: the first is answered, and then it is gone."""
    talk.leave_open("high_watermark", "last_stable_offset", because="an append wakes the reader before the next step")
    topic = talk.topic()
    waiting = talk.connect("waiting")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _park(talk, waiting, session, max_wait_ms=8_000)
    _ask(talk, session, FINAL)
    talk.produce(topic, b"a")
    waiting.answer()
    _ask(waiting, session, 2)


def begun_anew_elsewhere(talk: Talk) -> None:
    """A session is closed by whoever names it in a full request, also while somebody waits in it."""
    talk.leave_open("high_watermark", "last_stable_offset", because="an append wakes the reader before the next step")
    topic = talk.topic()
    waiting = talk.connect("waiting")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _park(talk, waiting, session, max_wait_ms=8_000)
    fresh = _ask(talk, session, 0, (topic, 0, 0)).session_id
    talk.produce(topic, b"a")
    waiting.answer()
    _ask(talk, fresh, 1)
    _ask(talk, fresh, FINAL)


def waits_for_news(talk: Talk) -> None:
    """In a session too a reader waits until there is enough, and is told nothing where nothing came."""
    topic, other = talk.topic(), talk.topic("other")
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 1), (other, 0, 0)).session_id
    _ask(talk, session, 1, max_wait_ms=30)
    _ask(talk, session, 2, max_wait_ms=30, min_bytes=0)
    _ask(talk, session, FINAL)


def woken_in_a_session(talk: Talk) -> None:
    """The answer to a reader that was woken has what is new and nothing else."""
    talk.leave_open("high_watermark", "last_stable_offset", because="an append wakes the reader before the next step")
    topic, other = talk.topic(), talk.topic("other")
    waiting = talk.connect("waiting")
    session = _ask(talk, 0, 0, (topic, 0, 0), (other, 0, 0)).session_id
    _park(talk, waiting, session, max_wait_ms=8_000)
    talk.produce(other, b"a")
    waiting.answer()
    _ask(waiting, session, FINAL)


def forgotten_does_not_wake(talk: Talk) -> None:
    """A partition that was forgotten is watched no more."""
    topic, other = talk.topic(), talk.topic("other")
    waiting = talk.connect("waiting")
    session = _ask(talk, 0, 0, (topic, 0, 0), (other, 0, 0)).session_id
    _park(talk, waiting, session, forget=[(other, 0)], max_wait_ms=80)
    talk.produce(other, b"a")
    waiting.answer()
    _ask(waiting, session, FINAL)


def forgotten_by_another_name(talk: Talk) -> None:
    """Forgetting what is not followed changes nothing: another partition, another topic, an id that nobody has."""
    topic, other = talk.topic(), talk.topic("other")
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, forget=[(topic, 1), (other, 0), (missing, 0), (topic, -1)])
    _ask(talk, session, FINAL)


def all_replaced(talk: Talk) -> None:
    """Everything forgotten and something else asked for in one request: the session goes on."""
    topic, other = talk.topic(), talk.topic("other")
    for each in (topic, other):
        talk.produce(each, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, (other, 0, 0), forget=[(topic, 0)])
    _ask(talk, session, 2)
    _ask(talk, session, FINAL)


def only_errors(talk: Talk) -> None:
    """A session of which nothing can be read."""
    missing = Topic(talk.name_of("missing"), b"unknown topic id")
    session = _ask(talk, 0, 0, (missing, 0, 0), (missing, 1, 0)).session_id
    _ask(talk, session, 1, max_wait_ms=8_000)
    _ask(talk, session, 2, forget=[(missing, 0)])
    _ask(talk, session, FINAL)


def named_twice(talk: Talk) -> None:
    """A partition that comes twice in the request that begins a session, and in one that goes on."""
    topic = talk.topic()
    for value in (b"a", b"b"):
        talk.produce(topic, value)
    session = _ask(talk, 0, 0, (topic, 0, 0), (topic, 0, 1)).session_id
    _ask(talk, session, 1, (topic, 0, 1), (topic, 0, 0))
    _ask(talk, session, FINAL)


def error_comes_and_goes(talk: Talk) -> None:
    """An offset out of range is told until it is right, and then once that all is well."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, (topic, 0, 5))
    _ask(talk, session, 2)
    _ask(talk, session, 3, (topic, 0, 0))
    _ask(talk, session, 4)
    _ask(talk, session, FINAL)


def partition_comes(talk: Talk) -> None:
    """A partition that is not there is told each time, until it is made."""
    topic = talk.topic()
    session = _ask(talk, 0, 0, (topic, 0, 0), (topic, 1, 0)).session_id
    _ask(talk, session, 1)
    more = {"name": topic.name, "count": 2, "assignments": None}
    talk.ask_quietly("CreatePartitions", at=2, topics=[more], timeout_ms=10_000, validate_only=False)
    talk.await_topic(topic.name, 2)
    _ask(talk, session, 2)
    _ask(talk, session, 3)
    _ask(talk, session, FINAL)


def other_isolation(talk: Talk) -> None:
    """The level of isolation belongs to the request, not to the session; one that means nothing costs an epoch."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    session = _ask(talk, 0, 0, (topic, 0, 0)).session_id
    _ask(talk, session, 1, isolation_level=1)
    _ask(talk, session, 2, isolation_level=7)
    _ask(talk, session, 2)
    _ask(talk, session, 3)
    _ask(talk, session, FINAL)


def last_words(talk: Talk) -> None:
    """The final request reads what it asks for, without turns and without what the session followed."""
    topic = talk.topic(partitions=2)
    for index in (0, 1):
        talk.produce(topic, b"a", partition=index)
    session = _ask(talk, 0, 0, (topic, 0, 0), (topic, 1, 0)).session_id
    _ask(talk, session, FINAL, (topic, 1, 0))
    _ask(talk, session, FINAL, (topic, 0, 0))


def fifty_partitions(talk: Talk) -> None:
    """Many partitions, of which a few have news."""
    topic = talk.topic(partitions=50)
    session = _ask(talk, 0, 0, *[(topic, index, 0) for index in range(50)]).session_id
    for index in (3, 49, 20):
        talk.produce(topic, b"a", partition=index)
    _ask(talk, session, 1)
    _ask(talk, session, 2, *[(topic, index, 1) for index in (20, 3)])
    _ask(talk, session, FINAL)
