"""CreateTopics: names, partitions, replicas, assignments and configs, right and wrong."""

from typing import Any

from differ.talk import Talk, versions

API = "CreateTopics"


def _ask(talk: Talk, *topics: dict[str, Any], validate_only: bool = False) -> None:
    """Each topic is given without what does not matter: one partition, one replica."""
    wanted = [{"num_partitions": 1, "replication_factor": 1} | topic for topic in topics]
    talk.ask(topics=wanted, timeout_ms=10_000, validate_only=validate_only)


def _leave_configs_open(talk: Talk) -> None:
    talk.leave_open("configs", because="what a new topic is set to is compared in the first cases here")


def created(talk: Talk) -> None:
    """One partition, three, and the broker's defaults."""
    _ask(talk, {"name": talk.name_of("one")})
    _ask(talk, {"name": talk.name_of("three"), "num_partitions": 3})
    _ask(talk, {"name": talk.name_of("default"), "num_partitions": -1, "replication_factor": -1})


def created_with_configs(talk: Talk) -> None:
    """Configs are kept and described in the answer (KIP-525)."""
    configs = [{"name": "cleanup.policy", "value": "compact"}, {"name": "retention.ms", "value": "1000"}]
    _ask(talk, {"name": talk.name_of("configured"), "configs": configs})


@versions("1+")
def validated_only(talk: Talk) -> None:
    """Asked whether it could be created; then it is still not there."""
    _leave_configs_open(talk)
    name = talk.name_of("perhaps")
    _ask(talk, {"name": name, "num_partitions": 2}, validate_only=True)
    talk.ask("Metadata", topics=[{"name": name}], allow_auto_topic_creation=False, at=4)


def already_there(talk: Talk) -> None:
    """A topic that exists, in earnest and validating."""
    topic = talk.topic()
    _ask(talk, {"name": topic.name})
    _ask(talk, {"name": topic.name}, validate_only=True)


def invalid_names(talk: Talk) -> None:
    """Names that Kafka refuses, all in one request and each alone."""
    names = ("", ".", "..", "a" * 250, "sp ace", "sla/sh", "ünï")
    _ask(talk, *({"name": name} for name in names))
    for name in names:
        _ask(talk, {"name": name})


def longest_name(talk: Talk) -> None:
    """249 characters are a name."""
    _leave_configs_open(talk)
    _ask(talk, {"name": talk.name_of("a" * (249 - len(talk.prefix)))})


def colliding_names(talk: Talk) -> None:
    """Dots and underscores are one in metric names."""
    _leave_configs_open(talk)
    _ask(talk, {"name": talk.name_of("a.b")})
    talk.await_topic(talk.name_of("a.b"))
    _ask(talk, {"name": talk.name_of("a_b")})


def internal_name(talk: Talk) -> None:
    """The name of an internal topic that is there."""
    _ask(talk, {"name": "__consumer_offsets"})


def invalid_partitions(talk: Talk) -> None:
    """No partitions, fewer than none."""
    for count in (0, -2):
        _ask(talk, {"name": talk.name_of("topic"), "num_partitions": count})


def invalid_replication(talk: Talk) -> None:
    """No replicas, fewer than none, more than there are brokers."""
    for count in (0, -2, 2):
        _ask(talk, {"name": talk.name_of("topic"), "replication_factor": count})


def assigned(talk: Talk) -> None:
    """Partitions laid out by hand."""
    _leave_configs_open(talk)
    assignments = [{"partition_index": i, "broker_ids": [1]} for i in (0, 1)]
    automatic = {"num_partitions": -1, "replication_factor": -1}
    _ask(talk, {"name": talk.name_of("topic"), "assignments": assignments, **automatic})


def invalid_assignments(talk: Talk) -> None:
    """Brokers that are not there or named twice, gaps, no brokers, counts beside an assignment."""
    automatic = {"num_partitions": -1, "replication_factor": -1}
    for assignment in (
        [{"partition_index": 0, "broker_ids": [7]}],
        [{"partition_index": 0, "broker_ids": [1, 1]}],
        [{"partition_index": 1, "broker_ids": [1]}],
        [{"partition_index": 0, "broker_ids": []}],
        [{"partition_index": 0, "broker_ids": [1]}, {"partition_index": 0, "broker_ids": [1]}],
        [{"partition_index": -1, "broker_ids": [1]}],
    ):
        _ask(talk, {"name": talk.name_of("topic"), "assignments": assignment, **automatic})
    good = [{"partition_index": 0, "broker_ids": [1]}]
    _ask(talk, {"name": talk.name_of("topic"), "assignments": good})
    _ask(talk, {"name": talk.name_of("topic"), "assignments": good, "num_partitions": -1})


def invalid_configs(talk: Talk) -> None:
    """Unknown names, values of the wrong type or out of range, null values."""
    for name, value in (
        ("no.such.config", "1"),
        ("retention.ms", "soon"),
        ("cleanup.policy", "burn"),
        ("segment.bytes", "1"),
        ("retention.ms", None),
        ("min.insync.replicas", "0"),
        ("compression.type", "rar"),
        ("", "1"),
    ):
        _ask(talk, {"name": talk.name_of("topic"), "configs": [{"name": name, "value": value}]})


def config_twice(talk: Talk) -> None:
    """Of a config that is there twice the last counts, and a null one is wrong wherever it stands."""
    _leave_configs_open(talk)
    for values in (("1", "2"), (None, "2"), ("1", None), ("soon", "2"), ("1", "soon")):
        configs = [{"name": "retention.ms", "value": value} for value in values]
        _ask(talk, {"name": talk.name_of("topic"), "configs": configs, "replication_factor": 3})


def fractions(talk: Talk) -> None:
    """A ratio in every way that Java reads one, and in some that it does not."""
    _leave_configs_open(talk)
    for text in (
        "0x1p-1",
        "0X.8P0",
        "-0x1p-1",
        "0x1",
        "0x1.p-1d",
        "0x.p1",
        "0x1p",
        "1e-1f",
        "1e9999",
        "0x1p9999",
        "1_0",
    ):
        configs = [{"name": "min.cleanable.dirty.ratio", "value": text}]
        _ask(talk, {"name": talk.name_of("topic"), "configs": configs, "replication_factor": 3})


def named_twice(talk: Talk) -> None:
    """The same name twice, beside another."""
    _leave_configs_open(talk)
    twice = {"name": talk.name_of("twice")}
    _ask(talk, twice, {"name": talk.name_of("other")}, twice)


def several(talk: Talk) -> None:
    """One that works among those that do not."""
    _leave_configs_open(talk)
    there = talk.topic("there")
    _ask(
        talk,
        {"name": there.name},
        {"name": talk.name_of("new")},
        {"name": talk.name_of("many"), "replication_factor": 3},
        {"name": "", "num_partitions": 0},
    )


def nothing(talk: Talk) -> None:
    """No topics."""
    _ask(talk)


def too_many_partitions(talk: Talk) -> None:
    """Over 10,000 in one request are against the controller's policy, however they come together."""
    _ask(talk, {"name": talk.name_of("many"), "num_partitions": 10_001})
    halves = [{"name": talk.name_of(name), "num_partitions": 5_001} for name in ("a", "b")]
    _ask(talk, *halves)
    _ask(talk, {"name": talk.name_of("many"), "num_partitions": 10_000}, {"name": talk.name_of("one")})
    _ask(talk, {"name": talk.name_of("many"), "num_partitions": 10_000}, {"name": ".."}, validate_only=True)


def too_many_beside_others(talk: Talk) -> None:
    """What is named twice and the metadata log are told so with the others; a topic with replicas by hand is small."""
    _leave_configs_open(talk)
    many = {"name": talk.name_of("many"), "num_partitions": 10_001}
    twice = {"name": talk.name_of("twice"), "num_partitions": 1}
    _ask(talk, many, twice, twice)
    _ask(talk, many, {"name": "__cluster_metadata", "num_partitions": 1})
    by_hand = {"assignments": [{"partition_index": 0, "broker_ids": [1]}]}
    _ask(talk, {"name": talk.name_of("hand"), "num_partitions": 10_001, **by_hand})


@versions("1+")
def just_enough_partitions(talk: Talk) -> None:
    """What the others are wrong in does not count; what is named twice does not either."""
    _leave_configs_open(talk)
    many = {"name": talk.name_of("many"), "num_partitions": 9_998}
    twice = {"name": talk.name_of("twice"), "num_partitions": 5_000}
    _ask(talk, many, twice, twice, validate_only=True)
    _ask(talk, many, {"name": talk.name_of("none"), "num_partitions": -5}, validate_only=True)


def metadata_log(talk: Talk) -> None:
    """The metadata log is no topic that could be created."""
    _leave_configs_open(talk)
    _ask(talk, {"name": "__cluster_metadata"}, {"name": talk.name_of("other")}, validate_only=True)


@versions("1+")
def colliding_together(talk: Talk) -> None:
    """Two names of one request that collide."""
    _leave_configs_open(talk)
    _ask(talk, {"name": talk.name_of("a.b")}, {"name": talk.name_of("a_b")}, validate_only=True)


def no_time(talk: Talk) -> None:
    """A request that may take no time is not done; nor is one that asks for nothing, but that takes none."""
    _leave_configs_open(talk)
    for timeout_ms in (0, -1):
        wanted = [{"name": talk.name_of(name), "num_partitions": 1, "replication_factor": 1} for name in ("a", "b")]
        talk.ask(topics=wanted, timeout_ms=timeout_ms)
        talk.ask(topics=[*wanted, wanted[0]], timeout_ms=timeout_ms)
        talk.ask(topics=[], timeout_ms=timeout_ms)
    _ask(talk, {"name": talk.name_of("a")}, validate_only=True)
