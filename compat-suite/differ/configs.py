"""Steps that cases of configs consist of: altering, replacing, describing once it has arrived, probing a live topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from differ.batches import Row, batch
from differ.served import LATEST
from differ.talk import Connection, Stopped, Talk, Topic

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
NODE, CLUSTER = "1", ""
LOW_ATTRIBUTES = 22  # where a batch has its codec and its kind of time
ABSENT = object()  # expected of a config that the answer leaves out
UNSET = object()  # the same, or the default: 3.9.1 leaves out what a subscription does not set
DEFAULT = 5  # where a value comes from
ROUND_TRIPS = 300  # in which an Apache Kafka with the partitions of a whole recording has told all of them


def groups_have_configs(talk: Talk) -> bool:
    """Since 4.0."""
    return talk.release == LATEST


def op(name: str, value: str | None = None, operation: int = SET) -> dict[str, Any]:
    """One change of an IncrementalAlterConfigs request."""
    return {"name": name, "config_operation": operation, "value": value}


def resource(kind: int, name: str, *configs: dict[str, Any]) -> dict[str, Any]:
    return {"resource_type": kind, "resource_name": name, "configs": list(configs)}


def alter(talk: Connection, kind: int, name: str, *ops: dict[str, Any], validate_only: bool = False) -> None:
    """One resource, changed in steps."""
    talk.ask("IncrementalAlterConfigs", resources=[resource(kind, name, *ops)], validate_only=validate_only)


def replace(
    talk: Connection, kind: int, name: str, configs: Mapping[str, str | None], *, validate_only: bool = False
) -> None:
    """One resource, told all that it is to have (AlterConfigs)."""
    rows = [{"name": key, "value": value} for key, value in configs.items()]
    talk.ask("AlterConfigs", resources=[resource(kind, name, *rows)], validate_only=validate_only)


def describe(talk: Connection, kind: int, name: str, **expected: Any) -> None:
    """The configs named, with synonyms; asked until each is as `expected`: dots are written as two underscores; a text
    is a value, a number where it comes from."""
    wanted = {key.replace("__", "."): value for key, value in expected.items()}

    def settled(answer: Any) -> bool:
        found = {config.name: (config.value, config.config_source) for config in answer.results[0].configs}
        return all(
            (value is UNSET and found.get(key, ("", DEFAULT))[1] == DEFAULT)
            or (key not in found if value is ABSENT else key in found and value in found[key])
            for key, value in wanted.items()
        )

    asked = {"resource_type": kind, "resource_name": name, "configuration_keys": list(wanted)}
    describing = {"resources": [asked], "include_synonyms": True}
    talk.until_quietly(settled, "DescribeConfigs", at=4, **describing)
    talk.talk.let_others_go_first()  # Kafka tells first where a value comes from, the value a moment later
    talk.until(settled, "DescribeConfigs", at=4, **describing)


def quietly(talk: Connection, kind: int, name: str, *ops: dict[str, Any]) -> None:
    """Changes without recording: to leave a broker as it was."""
    answer = talk.ask_quietly("IncrementalAlterConfigs", at=1, resources=[resource(kind, name, *ops)])
    assert answer.responses[0].error_code == 0, answer


def data(topic: Topic, index: int, *rows: Row | bytes, acks: int = -1, **more: Any) -> dict[str, Any]:
    """The fields of a Produce request of one batch; `more` goes to `batch`."""
    part = {"index": index, "records": batch(*rows, **more)}
    return {"acks": acks, "timeout_ms": 10_000, "topic_data": [{"name": topic.name, "partition_data": [part]}]}


def write(talk: Connection, topic: Topic, *rows: Row | bytes, **more: Any) -> None:
    """A batch to partition 0, and its answer."""
    talk.ask("Produce", at=9, **data(topic, 0, *rows, **more))


def probe(talk: Connection, topic: Topic, error: int, *rows: Row | bytes, **more: Any) -> None:
    """Writes to partition 1, which nobody looks at, until the answer is this error."""
    sent = data(topic, 1, *rows, **more)
    talk.until_quietly(lambda a: a.responses[0].partition_responses[0].error_code == error, "Produce", at=9, **sent)
    _give_time(talk)


def _give_time(talk: Connection) -> None:
    """Kafka tells one partition after the other: some hundred round trips later partition 0 has heard of it too."""
    for _ in range(ROUND_TRIPS):
        talk.ask_quietly("Metadata", at=4, topics=[])


def until_stored(
    talk: Connection, topic: Topic, *, codec: int | None = None, by_broker_time: bool | None = None, sent: str = "none"
) -> None:
    """Writes to partition 1 until what is stored there is compressed, or stamped, as it says."""
    for _ in range(1000):
        written = talk.ask_quietly("Produce", at=9, **data(topic, 1, b"b" * 100, codec=sent))
        offset = written.responses[0].partition_responses[0].base_offset
        partition = {"partition": 1, "fetch_offset": offset, "partition_max_bytes": 2**20}
        asked = [{"topic": topic.name, "partitions": [partition]}]
        answer = talk.ask_quietly("Fetch", at=12, max_wait_ms=1000, min_bytes=1, max_bytes=2**20, topics=asked)
        attributes = bytes(answer.responses[0].partitions[0].records)[LOW_ATTRIBUTES]
        if codec in (None, attributes & 7) and by_broker_time in (None, bool(attributes & 8)):
            _give_time(talk)
            return
    raise Stopped("the batches are stored as before")


def read(talk: Connection, topic: Topic, offset: int = 0) -> None:
    """What partition 0 holds."""
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 2**20}
    topics = [{"topic": topic.name, "partitions": [partition]}]
    talk.ask("Fetch", at=12, max_wait_ms=0, min_bytes=1, max_bytes=2**20, topics=topics)


def live(talk: Talk, **configs: str) -> Topic:
    """A topic of two partitions, the second for `probe`; dots of configs are written as two underscores."""
    return talk.topic(partitions=2, configs={key.replace("__", "."): value for key, value in configs.items()})
