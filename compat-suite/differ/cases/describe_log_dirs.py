"""DescribeLogDirs: the directories of a broker, and what every partition takes of them."""

from differ.talk import Talk

API = "DescribeLogDirs"


def _ask(talk: Talk, name: str, *partitions: int) -> None:
    talk.ask(topics=[{"topic": name, "partitions": list(partitions)}])


def sizes(talk: Talk) -> None:
    """A partition with nothing in it takes nothing; then as many bytes as its batches have."""
    topic = talk.topic()
    _ask(talk, topic.name, 0)
    for rows in ([b"a"], [b"x" * 1000, b"y"]):
        talk.produce(topic, *rows)
        _ask(talk, topic.name, 0)


def all_topics(talk: Talk) -> None:
    """Null asks for every partition there is."""
    topic = talk.topic(partitions=3)
    talk.produce(topic, b"a", partition=1)
    talk.ask(topics=None)


def some_partitions(talk: Talk) -> None:
    """Only what is asked for, in any order, and once each; what is not there is left out."""
    topic = talk.topic(partitions=3)
    talk.produce(topic, b"a", partition=2)
    _ask(talk, topic.name, 2, 0, 2, 7, -1)
    asked = [{"topic": topic.name, "partitions": [1]}, {"topic": topic.name, "partitions": [0]}]
    talk.ask(topics=asked)


def after_deletion(talk: Talk) -> None:
    """Records deleted within a segment still take their place on the disk."""
    topic = talk.topic()
    talk.produce(topic, b"a", b"b")
    talk.produce(topic, b"c")
    for offset in (2, -1):
        part = {"partition_index": 0, "offset": offset}
        talk.ask("DeleteRecords", at=2, topics=[{"name": topic.name, "partitions": [part]}], timeout_ms=10_000)
        _ask(talk, topic.name, 0)


def unknown(talk: Talk) -> None:
    """Topics and partitions that are not there: the directory is described all the same."""
    for name in (talk.name_of("missing"), "", ".."):
        _ask(talk, name, 0)
    _ask(talk, talk.topic().name, 1)


def deleted_topic(talk: Talk) -> None:
    """A topic that is gone takes nothing."""
    topic = talk.topic()
    talk.produce(topic, b"a")
    talk.ask_quietly("DeleteTopics", at=4, topic_names=[topic.name], timeout_ms=10_000)
    asked = [{"topic": topic.name, "partitions": [0]}]
    talk.until(lambda answer: not answer.results[0].topics, topics=asked)


def nothing(talk: Talk) -> None:
    """No topics; a topic without partitions."""
    talk.ask(topics=[])
    _ask(talk, talk.topic().name)
