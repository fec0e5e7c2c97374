"""The control plane: topics, partitions, settings, quotas, users and groups made, changed, listed and taken away."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from differ.batches import batch
from differ.configs import BROKER, GROUP, LOGGER, METRICS, TOPIC
from differ.filling import Pick, Values, request
from differ.scripts import REPEATABLE, Ask, Script, Seen
from kpybroker.config.tables import broker, group, topic

TOPICS = ("%a", "%b", "%c")
GROUPS = ("%g", "%h")
WRONG_NAMES = (
    "",
    "..",
    "%none",
    "%sp ace",
    "x" * 250,
    "%a.b",
    "%a_b",
    "__cluster_metadata",
    "%ü",
)
NUMBERS = ("1", "0", "-1", "-2", "", "x", "1.5", " 7 ", "2147483648", "9223372036854775808", None)
CONFIGS: dict[int, dict[str, tuple[str | None, ...]]] = {
    TOPIC: {
        "cleanup.policy": ("delete", "compact", "compact,delete", "delete,delete", "", "burn", ","),
        "retention.ms": ("1000", "-1", *NUMBERS),
        "retention.bytes": ("1000", *NUMBERS),
        "local.retention.ms": ("500", "-2", *NUMBERS),
        "segment.bytes": ("1048576", "1048575", *NUMBERS),
        "max.message.bytes": ("2000", *NUMBERS),
        "min.insync.replicas": ("1", "2", *NUMBERS),
        "compression.type": ("gzip", "producer", "zstd", "GZIP", "none", None),
        "compression.gzip.level": ("-1", "9", "10", *NUMBERS),
        "min.compaction.lag.ms": ("5", *NUMBERS),
        "max.compaction.lag.ms": ("4", *NUMBERS),
        "min.cleanable.dirty.ratio": ("0.5", "1", "1.01", "-0.1", "NaN", "1e-3", "0x1p-1", "1f", None),
        "message.timestamp.type": ("LogAppendTime", "CreateTime", "createtime", None),
        "preallocate": ("true", "TRUE", "no", "", None),
        "unclean.leader.election.enable": ("true", "false"),
        "remote.storage.enable": ("false", "true"),
        "leader.replication.throttled.replicas": ("*", "0:1", "0:1,1:1", "1", "", None),
        "no.such.config": ("1", None),
        "": ("1",),
    },
    BROKER: {
        "log.retention.ms": ("5000", *NUMBERS),
        "log.retention.hours": ("1",),
        "log.segment.bytes": ("1048576", "5", *NUMBERS),
        "log.cleanup.policy": ("compact", "delete", "burn", ""),
        "message.max.bytes": ("2000000", "0", "-1", "x", None),
        "min.insync.replicas": ("1", "2", "0"),
        "unclean.leader.election.enable": ("true", "1"),
        "num.io.threads": ("4", "8", "16", "17", "3", "0"),
        "background.threads": ("5", "10", "21", "-1"),
        "log.cleaner.threads": ("1", "2", "3", "0"),
        "max.connections": ("100000", "-1"),
        "compression.type": ("zstd", "producer", "none"),
        "leader.replication.throttled.rate": ("1000", "-1", "x"),
        "node.id": ("1", "2"),
        "auto.create.topics.enable": ("false",),
        "log.dirs": ("elsewhere",),
        "listener.name.plaintext.max.connections": ("100000", "x"),
        "listener.name.other.ssl.keystore.location": ("x",),
        "no.such.config": ("1",),
        "group.consumer.max.size": ("5",),
        "": ("1",),
    },
    GROUP: {
        "consumer.session.timeout.ms": ("45000", "50000", "60001", *NUMBERS),
        "consumer.heartbeat.interval.ms": ("5000", "15000", "4999", *NUMBERS),
        "share.record.lock.duration.ms": ("30000", "60000", "100", "x"),
        "share.auto.offset.reset": ("latest", "earliest", "by_duration:PT1H", "never", ""),
        "share.isolation.level": ("read_committed", "READ_COMMITTED"),
        "streams.num.standby.replicas": ("1", "3", "-1"),
        "no.such.config": ("1",),
        "": ("",),
    },
    METRICS: {
        "interval.ms": ("100", "99", "3600000", "3600001", *NUMBERS),
        "metrics": ("*", "a,b", "", None),
        "match": ("client_id=a", "client_id=[", "who=a", "", "client_id", None),
        "no.such.config": ("1",),
    },
    LOGGER: {"root": ("INFO",), "no.such.Logger": ("INFO",), "": ("INFO",)},
}
ANYTHING = (*NUMBERS, "2", "100", "10000", "0.5", "true", "false", "all", "+3", "1e3", "0x10", "compact", "*")
# Left alone: without the ones nobody could go on asking; with indexes that are too small no partition gets a leader.
CONNECTING = re.compile(r"index.size|listener|connections?\.|sasl|ssl|principal|security")
TABLES = {
    TOPIC: [name for name in topic.SETTINGS if name != "segment.index.bytes"],
    BROKER: [name for name in (*broker.SETTINGS, *broker.DYNAMIC_ONLY) if not CONNECTING.search(name)],
    GROUP: list(group.SETTINGS),
}
NAMES: dict[int, Pick] = {
    TOPIC: Pick(TOPICS, WRONG_NAMES),
    BROKER: Pick(("1", "1", ""), ("2", "-1", "x", "01", " 1", "99999999999"), 0.1),
    GROUP: Pick(GROUPS, ("", "%ü", "x" * 300), 0.05),
    METRICS: Pick(("%m", "%n"), ("", "%ü"), 0.05),
    LOGGER: Pick(("1",), ("", "2", "x")),
}
KINDS = Pick((TOPIC,) * 6 + (BROKER,) * 4 + (GROUP,) * 2 + (METRICS,) * 2, (LOGGER, 0, 1, 3, 64, -1), 0.05)
USERS = ("%u", "%v")


def _config(dice: Random, kind: int) -> dict[str, Any]:
    """Mostly one of those above; or any that the kind has, with a value that hardly suits it."""
    known = CONFIGS.get(kind, CONFIGS[TOPIC])
    if kind in TABLES and dice.random() < 0.25:
        return {"name": dice.choice(TABLES[kind]), "value": dice.choice(ANYTHING)}
    name = dice.choice(list(known))
    values = known[name]
    return {"name": name, "value": values[0] if dice.random() < 0.5 else dice.choice(values)}


def _name(dice: Random, kind: int) -> str:
    name: str = NAMES.get(kind, NAMES[TOPIC])(dice)
    return name


def _resource(dice: Random, *, incremental: bool) -> dict[str, Any]:
    kind = KINDS(dice)
    configs = [_config(dice, kind) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    if incremental:
        operation = Pick((0, 0, 0, 1, 1, 2, 3))
        configs = [config | {"config_operation": operation(dice)} for config in configs]
        if dice.random() < 0.02:  # alone, for else a hash map's order says whether another mistake is told first
            configs = [configs[0] | {"config_operation": dice.choice((4, -1))}]
    return {"resource_type": kind, "resource_name": _name(dice, kind), "configs": configs}


def _resources(dice: Random, *, incremental: bool = True) -> list[dict[str, Any]]:
    """One twice is a mistake that AlterConfigs never answers."""
    found = [_resource(dice, incremental=incremental) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    if incremental and dice.random() < 0.05:
        found.append(dice.choice(found))
    return found if incremental else list({(r["resource_type"], r["resource_name"]): r for r in found}.values())


def _described(dice: Random) -> list[dict[str, Any]]:
    found = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        kind = KINDS(dice)
        known = list(CONFIGS.get(kind, CONFIGS[TOPIC]))
        keys = [dice.choice(known) for _ in range(dice.randint(1, 4))] if dice.random() < 0.8 else None
        if kind == LOGGER:  # which there are, and their levels, is the business of whoever started the broker
            keys = ["no.such.Logger"]
        found.append({"resource_type": kind, "resource_name": _name(dice, kind), "configuration_keys": keys})
    return found


def _topic_config(dice: Random) -> dict[str, Any]:
    return _config(dice, TOPIC)


def _few_configs(dice: Random) -> list[dict[str, Any]]:
    return [_topic_config(dice) for _ in range(dice.choice((0, 0, 0, 1, 2)))]


def _assignments(dice: Random) -> list[dict[str, Any]]:
    if dice.random() < 0.8:
        return []
    brokers = Pick(([1],), ([], [2], [1, 1], [1, 2], [-1]))
    return [
        {"partition_index": Pick((i,), (0, 7, -1))(dice), "broker_ids": brokers(dice)}
        for i in range(dice.choice((1, 2, 3)))
    ]


def _new_assignments(dice: Random) -> list[dict[str, Any]] | None:
    if dice.random() < 0.6:
        return None
    return [{"broker_ids": Pick(([1],), ([], [2], [1, 1], [-1]))(dice)} for _ in range(dice.randint(0, 3))]


def _topic_or_id(dice: Random) -> dict[str, Any]:
    name = NAMES[TOPIC](dice)
    ids = Pick([Seen("topic_id", topic, b"7" * 16) for topic in TOPICS], (b"7" * 16, bytes(16)))
    way = dice.random()
    if way < 0.45:
        return {"name": name}
    return {"name": None, "topic_id": ids(dice)} if way < 0.9 else {"name": name, "topic_id": ids(dice)}


def _id_for(dice: Random) -> Any:
    """Mostly none, so that the name counts."""
    return (
        bytes(16) if dice.random() < 0.7 else dice.choice((Seen("topic_id", dice.choice(TOPICS), b"7" * 16), b"7" * 16))
    )


def _entity(dice: Random) -> list[dict[str, Any]]:
    if dice.random() < 0.15:
        return [{"entity_type": "ip", "entity_name": Pick(("127.0.0.9", None), ("no address", "", "::1"))(dice)}]
    kinds = Pick(
        (("user",), ("client-id",), ("user", "client-id")), ((), ("user", "user"), ("group",), ("ip", "user"), ("",))
    )
    return [{"entity_type": kind, "entity_name": Pick(("%u", "%v", None), ("",))(dice)} for kind in kinds(dice)]


def _component(dice: Random) -> dict[str, Any]:
    kind = Pick(("user", "client-id", "ip"), ("group", ""))(dice)
    match_type = Pick((0, 1, 2), (3, -1))(dice)
    match = ("%u" if kind != "ip" else "127.0.0.9") if match_type == 0 else None
    return {
        "entity_type": kind,
        "match_type": match_type,
        "match": match if dice.random() < 0.9 else Pick((None, ""))(dice),
    }


def _components(dice: Random) -> list[dict[str, Any]]:
    return [_component(dice) for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3)))]


def _whom(dice: Random) -> list[str]:
    return [Pick(GROUPS, ("", "%none", "%ü"))(dice) for _ in range(dice.choice((0, 1, 1, 2, 3)))]


_own_topics = Pick(TOPICS, WRONG_NAMES)
_topics = Pick(TOPICS, (*WRONG_NAMES, "__consumer_offsets"))
_indexes = Pick((0, 0, 1, 2), (-1, 7, 2**31 - 1))
VALUES: Values = {
    "name": _topics,
    "topic": _topics,
    "topic_name": _topics,
    "topic_names": _own_topics,
    "group_id": Pick(GROUPS, ("", "%none")),
    "partition_index": _indexes,
    "partition_indexes": _indexes,
    "partitions": _indexes,
    "timeout_ms": Pick((10_000,), (0, -1), 0.03),
    "num_partitions": Pick((1, 1, 2, 3, -1), (0, -2, 10_001)),  # any more keep Kafka's controller busy
    "replication_factor": Pick((1, 1, 1, -1), (0, -2, 2, 32767)),
    "CreateTopics.topics.assignments": _assignments,
    "CreateTopics.topics.configs": _few_configs,
    "DeleteTopics.topics": lambda dice: [_topic_or_id(dice) for _ in range(dice.choice((1, 1, 1, 2, 3, 0)))],
    "CreatePartitions.topics.count": Pick((1, 2, 3, 4, 5), (0, -1)),
    "CreatePartitions.topics.assignments": _new_assignments,
    "Metadata.topics.topic_id": _id_for,
    "response_partition_limit": Pick((2000, 1, 2, 3), (0, -1, 2**31 - 1)),
    "AlterConfigs.resources": lambda dice: _resources(dice, incremental=False),
    "IncrementalAlterConfigs.resources": _resources,
    "DescribeConfigs.resources": _described,
    "include_documentation": Pick((False,)),
    "resource_types": Pick((TOPIC, BROKER, GROUP, METRICS, LOGGER), (0, 1, 3, 64, -1)),
    "offset": Pick((0, 1, 2, -1), (-2, 7, 2**63 - 1, -(2**63))),
    "election_type": Pick((0, 1), (2, -1)),
    "AlterPartitionReassignments.topics.partitions.replicas": Pick((None, [1]), ([], [2], [1, 1], [-1], [1, 2]), 0.4),
    "AlterClientQuotas.entries.entity": _entity,
    "key": Pick(("%g",), ("",)),
    "AlterClientQuotas.entries.ops.key": Pick(
        ("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"),
        ("connection_creation_rate", "speed", ""),
    ),
    "AlterClientQuotas.entries.ops.value": Pick(
        (1000.0, 2000.0, 1e9), (0.0, -1.0, 0.5, 1e300, float("nan"), float("inf"))
    ),
    "DescribeClientQuotas.components": _components,
    "AlterUserScramCredentials.deletions.name": Pick(USERS, ("", "%none", "%ü,=")),
    "AlterUserScramCredentials.upsertions.name": Pick(USERS, ("", "%ü,=")),
    "DescribeUserScramCredentials.users.name": Pick(USERS, ("", "%none")),
    "mechanism": Pick((1, 2), (0, 3, -1)),
    "iterations": Pick((4096, 8192, 16384), (4095, 0, -1, 16385)),
    "salt": Pick((b"salt",), (b"",)),
    "salted_password": Pick((b"p" * 32,), (b"",)),
    "client_software_name": Pick(("differ", "a.b-c", "1"), ("", "-a", "a b", "ü")),
    "client_software_version": Pick(("1", "v1.0-x"), ("", ".", "1.")),
    "endpoint_type": Pick((1,), (0, 2, 3)),
    "feature": Pick(("metadata.version",), ("", "none")),
    "max_version_level": Pick((1, 0, 25), (-1, 2, 29, 30, 99, 32767)),
    "upgrade_type": Pick((1, 2, 3), (0, 4)),
    "validate_only": Pick((False, False, False, True)),
    "UpdateFeatures.validate_only": Pick((True,)),
    "key_type": Pick((0, 0, 1), (2, 3, -1)),
    "coordinator_keys": Pick(("%g", "%h"), ("", "%ü", "a:b:c")),
    "DescribeGroups.groups": _whom,
    "groups_names": Pick(GROUPS, ("", "%none")),
    "states_filter": Pick(("Empty", "Stable"), ("empty", "Dead", "none", "")),
    "types_filter": Pick(("classic", "consumer"), ("Classic", "share", "none", "")),
    "broker_id": Pick((2, 7), (-1,)),  # not the broker's own: it would be gone
    "path": Pick(("/elsewhere",), ("", "elsewhere")),
    "committed_offset": Pick((0, 5), (-1, -2, 2**63 - 1)),
    "committed_metadata": Pick(("m", "")),
}
CONFIGS_APIS = (
    *("IncrementalAlterConfigs", "DescribeConfigs") * 3,
    "AlterConfigs",
    "ListConfigResources",
    "CreateTopics",
)
TOPICS_APIS = (
    *("CreateTopics", "DeleteTopics", "CreatePartitions", "Metadata", "DescribeTopicPartitions", "ElectLeaders"),
    *("AlterPartitionReassignments", "ListPartitionReassignments", "DeleteRecords", "DescribeLogDirs"),
    *("AlterReplicaLogDirs", "DescribeProducers"),
)
USERS_APIS = (
    *("AlterClientQuotas", "DescribeClientQuotas") * 2,
    *("AlterUserScramCredentials", "DescribeUserScramCredentials"),
)
GROUPS_APIS = (
    *("OffsetCommit", "OffsetFetch", "OffsetDelete", "FindCoordinator", "DescribeGroups", "ListGroups", "DeleteGroups"),
    *("DeleteTopics", "CreateTopics"),
)
CLUSTER_APIS = ("DescribeCluster", "ApiVersions", "UpdateFeatures", "UnregisterBroker", "DescribeQuorum")
EVERYTHING = (*CONFIGS_APIS, *TOPICS_APIS * 2, *USERS_APIS, *GROUPS_APIS, *CLUSTER_APIS)
THEMES = (EVERYTHING, EVERYTHING, CONFIGS_APIS, TOPICS_APIS, USERS_APIS, GROUPS_APIS)
STEPS = (8, 24)


def script(dice: Random) -> Script:
    """Begins with topics, so that there is something to ask about."""
    apis = dice.choice(THEMES)
    made = [_first_topics(dice)]
    for _ in range(dice.randint(*STEPS)):
        if dice.random() < 0.12:
            made.append(_write(dice))
            continue
        api = dice.choice(apis)
        version, fields = request(dice, api, VALUES)
        if api != "UpdateFeatures" or version > 0:  # which would change the cluster for good
            made.append(Ask(api, version, fields, _goes_along(dice, api, made[-1].api)))
    return made


def _first_topics(dice: Random) -> Ask:
    topics = [
        {"name": name, "num_partitions": dice.randint(1, 3), "replication_factor": 1, "configs": _few_configs(dice)}
        for name in TOPICS[: dice.randint(1, 3)]
    ]
    return Ask("CreateTopics", 7, {"topics": topics, "timeout_ms": 10_000})


def _write(dice: Random) -> Ask:
    """A record, so that there are offsets and sizes."""
    data = [{"index": dice.choice((0, 1)), "records": batch(b"value")}]
    return Ask(
        "Produce",
        9,
        {"acks": -1, "timeout_ms": 10_000, "topic_data": [{"name": dice.choice(TOPICS), "partition_data": data}]},
    )


DECIDED = ("CreateTopics", "DeleteTopics", "CreatePartitions", "IncrementalAlterConfigs", "AlterClientQuotas")


def _goes_along(dice: Random, api: str, before: str) -> bool:
    """Changes behind changes, questions behind questions: what the controller decides takes its time to the broker."""
    alike = all(each in DECIDED for each in (api, before)) or all(each.startswith(REPEATABLE) for each in (api, before))
    return alike and dice.random() < 0.25
