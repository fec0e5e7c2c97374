"""IncrementalAlterConfigs: single configs set, deleted, extended and shortened (KIP-339)."""

from typing import Any

from differ.configs import (
    APPEND,
    BROKER,
    CLUSTER,
    DELETE,
    GROUP,
    LOGGER,
    METRICS,
    NODE,
    SET,
    SUBTRACT,
    TOPIC,
    UNSET,
    alter,
    describe,
    groups_have_configs,
    op,
    resource,
)
from differ.talk import Talk, versions

API = "IncrementalAlterConfigs"
WRONG_FOR_A_TOPIC = {
    "segment.bytes": ("1048575", "1048576x", "", "2147483648"),
    "retention.ms": ("-2", "1.5"),
    "cleanup.policy": ("compact,other", "delete,,compact", ","),
    "compression.type": ("brotli", "GZIP", "none"),
    "compression.gzip.level": ("0", "10"),
    "compression.lz4.level": ("0", "18"),
    "compression.zstd.level": ("23",),
    "message.timestamp.type": ("NoTime",),
    "message.timestamp.before.max.ms": ("-1",),
    "min.insync.replicas": ("0",),
    "min.cleanable.dirty.ratio": ("1.1", "NaN"),
    "preallocate": ("yes",),
    "leader.replication.throttled.replicas": ("1", "0:1,1"),
    "min.compaction.lag.ms": ("9223372036854775807x",),
    "remote.storage.enable": ("true",),
    "no.such.config": ("1",),
    "": ("1",),
}
WRONG_FOR_A_BROKER = {
    "node.id": "1",
    "num.partitions": "3",
    "auto.create.topics.enable": "false",
    "log.dirs": "elsewhere",
    "log.segment.bytes": "5",
    "log.retention.ms": "0",
    "message.max.bytes": "-1",
    "compression.type": "brotli",
    "num.io.threads": "0",
    "log.cleaner.threads": "0",
    "log.cleaner.io.buffer.load.factor": "many",
    "max.connections": "-1",
    "ssl.keystore.location": "somewhere",
    "ssl.keystore.password": "secret",
    "metric.reporters": "no.such.Class",
    "cordoned.log.dirs": "elsewhere",
    "log.local.retention.ms": "9223372036854775807",
    "listeners": "OTHER://127.0.0.1:1",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SSL",
    "leader.replication.throttled.rate": "-1",
    "listener.name.plaintext.max.connections": "none",
    "unstable.api.versions.enable": "true",
}


def _each(talk: Talk, kind: int, name: str, *ops: dict[str, Any]) -> None:
    """Each change in a request of its own."""
    for one in ops:
        alter(talk, kind, name, one)


def topic_set_and_deleted(talk: Talk) -> None:
    """Set, set again to the same, set to another, deleted, deleted although not set."""
    topic = talk.topic()
    for value in ("1000", "1000", "2000"):
        alter(talk, TOPIC, topic.name, op("retention.ms", value))
        describe(talk, TOPIC, topic.name, retention__ms=value)
    for _ in range(2):
        alter(talk, TOPIC, topic.name, op("retention.ms", None, DELETE))
        describe(talk, TOPIC, topic.name, retention__ms=5)
    alter(talk, TOPIC, topic.name, op("retention.ms", "ignored", DELETE), op("no.such.config", None, DELETE))


def topic_lists(talk: Talk) -> None:
    """Appended to and taken from a list: what was set, or else Kafka's default, is the start."""
    topic = talk.topic()
    for value, operation, becomes in (
        ("compact", APPEND, "delete,compact"),
        ("compact,delete", APPEND, "delete,compact"),
        ("delete", SUBTRACT, "compact"),
        ("other", SUBTRACT, "compact"),
        ("compact", SUBTRACT, ""),
        ("delete", APPEND, "delete"),
    ):
        alter(talk, TOPIC, topic.name, op("cleanup.policy", value, operation))
        describe(talk, TOPIC, topic.name, cleanup__policy=becomes)


def topic_operations_refused(talk: Talk) -> None:
    """No list, a value that a list may not have, a config that is none, an empty name."""
    topic = talk.topic()
    for operation in (APPEND, SUBTRACT):
        _each(
            talk,
            TOPIC,
            topic.name,
            op("retention.ms", "1", operation),
            op("no.such.config", "1", operation),
            op("", "1", operation),
            op("cleanup.policy", "other", operation),
            op("cleanup.policy", "", operation),
            op("cleanup.policy", ",", operation),
        )
    describe(talk, TOPIC, topic.name, cleanup__policy="delete")


def topic_values_refused(talk: Talk) -> None:
    """Values that a topic cannot have leave it as it was."""
    topic = talk.topic()
    for name, values in WRONG_FOR_A_TOPIC.items():
        _each(talk, TOPIC, topic.name, *(op(name, value) for value in values))
    alter(talk, TOPIC, topic.name, op("min.compaction.lag.ms", "2"), op("max.compaction.lag.ms", "1"))


def broker_lists_refused(talk: Talk) -> None:
    """Lists of a broker that only a restart changes: one of them has no default that could be extended."""
    names = ["controller.quorum.voters", "process.roles"]
    for name in names if groups_have_configs(talk) else names[:1]:
        _each(talk, BROKER, CLUSTER, op(name, "other", APPEND), op(name, "other", SUBTRACT))


def one_wrong_of_several(talk: Talk) -> None:
    """A wrong config keeps its resource from changing, and no other."""
    one, two = talk.topic("one"), talk.topic("two")
    wrong = resource(TOPIC, one.name, op("retention.ms", "1000"), op("segment.bytes", "1"))
    right = resource(TOPIC, two.name, op("retention.ms", "1000"))
    talk.ask(resources=[wrong, right], validate_only=False)
    describe(talk, TOPIC, two.name, retention__ms="1000")
    describe(talk, TOPIC, one.name, retention__ms=5)


def nulls_and_duplicates(talk: Talk) -> None:
    """Null where there must be a value, a config twice, a resource twice."""
    topic = talk.topic()
    for operation in (SET, APPEND, SUBTRACT):
        alter(talk, TOPIC, topic.name, op("cleanup.policy", None, operation))
    alter(talk, TOPIC, topic.name, op("retention.ms", None), op("no.such.config", None), op("segment.ms", "1"))
    alter(talk, TOPIC, topic.name, op("retention.ms", "1"), op("retention.ms", None, DELETE))
    one = resource(TOPIC, topic.name, op("retention.ms", "1"))
    other = resource(TOPIC, talk.topic("other").name, op("retention.ms", "1000"))
    talk.ask(resources=[one, other, one], validate_only=False)
    talk.ask(resources=[], validate_only=False)
    alter(talk, TOPIC, topic.name)
    describe(talk, TOPIC, topic.name, retention__ms=5)


def validate_only(talk: Talk) -> None:
    """Checked and answered, not done."""
    topic, group = talk.topic(), talk.name_of("group")
    for kind, name, config, value in (
        (TOPIC, topic.name, "retention.ms", "1000"),
        (TOPIC, topic.name, "retention.ms", "soon"),
        (TOPIC, talk.name_of("missing"), "retention.ms", "1000"),
        (BROKER, NODE, "log.retention.ms", "1000"),
        (BROKER, NODE, "log.retention.ms", "soon"),
        (BROKER, CLUSTER, "log.retention.ms", "1000"),
        (GROUP, group, "consumer.session.timeout.ms", "50000"),
        (GROUP, group, "consumer.session.timeout.ms", "1"),
        (METRICS, talk.name_of("metrics"), "interval.ms", "1000"),
        (METRICS, talk.name_of("metrics"), "interval.ms", "1"),
        (LOGGER, NODE, "root", "INFO"),
        (LOGGER, NODE, "root", "LOUD"),
    ):
        alter(talk, kind, name, op(config, value), validate_only=True)
    describe(talk, TOPIC, topic.name, retention__ms=5)
    describe(talk, BROKER, NODE, log__retention__ms=5)


def names_refused(talk: Talk) -> None:
    """Topics, brokers, groups and subscriptions that are not there or cannot be, and kinds that are none."""
    config = op("retention.ms", "1000")
    for name in (talk.name_of("missing"), "", "sp ace", ".."):
        alter(talk, TOPIC, name, config)
    alter(talk, TOPIC, talk.name_of("missing"), op("no.such.config", "1"))
    alter(talk, TOPIC, "", op("retention.ms", "1", APPEND))
    for name in ("7", "one", "-1", "1 "):
        alter(talk, BROKER, name, op("log.retention.ms", "1000"))
        alter(talk, LOGGER, name, op("root", "INFO"))
    alter(talk, LOGGER, "", op("root", "INFO"))
    alter(talk, GROUP, "", op("consumer.session.timeout.ms", "50000"))
    alter(talk, METRICS, "", op("interval.ms", "1000"))
    for kind in (0, 1, 3, 64, -1):
        alter(talk, kind, "1", config)


def broker_values_refused(talk: Talk) -> None:
    """What a broker does not let itself be told while it runs, for itself and for all brokers."""
    for name in (NODE, CLUSTER):
        _each(talk, BROKER, name, *(op(config, value) for config, value in WRONG_FOR_A_BROKER.items()))


def broker_operations_refused(talk: Talk) -> None:
    """No list, a name that is none, an operation that is none, configs that may only be deleted as they are set."""
    for name in (NODE, CLUSTER):
        for operation in (APPEND, SUBTRACT):
            _each(
                talk,
                BROKER,
                name,
                op("log.retention.ms", "1", operation),
                op("no.such.config", "1", operation),
                op("leader.replication.throttled.rate", "1", operation),
                op("log.cleanup.policy", "other", operation),
            )
        _each(
            talk,
            BROKER,
            name,
            op("log.retention.ms", "1", 4),
            op("log.retention.ms", "1", -1),
            op("node.id", None, DELETE),
            op("log.retention.ms", None, DELETE),
            op("no.such.config", None, DELETE),
            op("log.retention.ms", None),
            op("log.cleanup.policy", None, DELETE),
        )


@versions("1+")
def too_long(talk: Talk) -> None:
    """A list that has grown too long to be kept."""
    topic = talk.topic()
    name = "follower.replication.throttled.replicas"
    alter(talk, TOPIC, topic.name, op(name, ",".join(["0:1000"] * 4681)))
    alter(talk, TOPIC, topic.name, op(name, ",".join(f"{i}:1" for i in range(4000))))
    alter(talk, TOPIC, topic.name, op(name, ",".join(f"{i}:2" for i in range(4000)), APPEND))


@versions("1+")
def too_many(talk: Talk) -> None:
    """Ten thousand configs at once, and one more: then nothing changes, of any resource."""
    topic = talk.topic()
    many = resource(BROKER, NODE, *(op(f"my.own.{i}", "") for i in range(10_000)))
    talk.ask(resources=[many], validate_only=True)
    one, wrong = resource(TOPIC, topic.name, op("retention.ms", "1000")), resource(BROKER, "7")
    talk.ask(resources=[many, wrong, one], validate_only=True)
    talk.ask(resources=[many, resource(TOPIC, topic.name, op("retention.ms", "soon"))], validate_only=True)


def operations_that_are_none(talk: Talk) -> None:
    """An operation that nobody knows, of a logger; of a topic it takes the other topics of the request with it."""
    alter(talk, LOGGER, NODE, op("root", "INFO", 4))
    one, two, broker = talk.topic("one"), talk.topic("two"), op("log.retention.ms", "1", 4)
    wrong, right = op("retention.ms", "1000", 4), op("retention.ms", "1000")
    asked = [resource(TOPIC, one.name, wrong), resource(TOPIC, two.name, right), resource(BROKER, NODE, broker)]
    talk.ask(resources=asked, validate_only=False)
    describe(talk, TOPIC, two.name, retention__ms=5)


def threads(talk: Talk) -> None:
    """A pool of threads grows to its double at most and shrinks to its half."""
    for config in ("num.io.threads", "num.network.threads", "background.threads", "log.cleaner.threads"):
        for value in ("1000", "-1"):
            alter(talk, BROKER, CLUSTER, op(config, value))
    for value in ("17", "3", "8", "16", "4"):
        alter(talk, BROKER, NODE, op("num.io.threads", value), validate_only=True)
    for value in ("7", "1"):
        alter(talk, BROKER, CLUSTER, op("num.network.threads", value), validate_only=True)
    for value in ("3", "2"):
        alter(talk, BROKER, CLUSTER, op("log.cleaner.threads", value), validate_only=True)


def only_for_one_broker(talk: Talk) -> None:
    """What is of one broker alone is not set for all of them."""
    for config, value in (
        ("listeners", "PLAINTEXT://127.0.0.1:1"),
        ("ssl.protocol", "TLSv1.3"),
        ("principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"),
        ("sasl.kerberos.kinit.cmd", "kinit"),
        ("listener.name.plaintext.ssl.keystore.location", "somewhere"),
        ("listener.name.plaintext.max.connections", "1000"),
        ("cordoned.log.dirs", ""),
    ):
        alter(talk, BROKER, CLUSTER, op(config, value), validate_only=True)


def classes_and_directories(talk: Talk) -> None:
    """Classes have to be there, cordoned directories too; one listener's threads are held against its own."""
    for config, value in (
        ("principal.builder.class", "no.such.Class"),
        ("ssl.engine.factory.class", "no.such.Class"),
        ("metric.reporters", ""),
        ("cordoned.log.dirs", ""),
        ("remote.log.reader.threads", "100"),
        ("listener.name.plaintext.num.network.threads", "7"),
        ("listener.name.plaintext.num.network.threads", "6"),
        ("listener.name.other.num.network.threads", "70"),
        ("listeners", "X"),
        ("follower.fetch.last.tiered.offset.enable", "true"),
    ):
        alter(talk, BROKER, NODE, op(config, value), validate_only=True)


def minimum_in_sync(talk: Talk) -> None:
    """With eligible leader replicas the cluster has min.insync.replicas, and single brokers have none (KIP-966)."""
    name = "min.insync.replicas"
    _each(talk, BROKER, NODE, op(name, "1"), op(name, "0"), op(name, None, DELETE))
    _each(talk, BROKER, CLUSTER, op(name, None, DELETE), op(name, "0"), op(name, "1"))
    describe(talk, BROKER, CLUSTER, min__insync__replicas="1")


def group_values(talk: Talk) -> None:
    """What a group takes, and what it does not: within the broker's bounds, and beats are shorter than sessions."""
    group = talk.name_of("group")
    for config, value in (
        ("consumer.session.timeout.ms", "44999"),
        ("consumer.session.timeout.ms", "60001"),
        ("consumer.session.timeout.ms", "many"),
        ("consumer.heartbeat.interval.ms", "4999"),
        ("consumer.heartbeat.interval.ms", "15001"),
        ("consumer.assignment.interval.ms", "15001"),
        ("share.session.timeout.ms", "60001"),
        ("share.heartbeat.interval.ms", "1"),
        ("share.record.lock.duration.ms", "999"),
        ("share.record.lock.duration.ms", "60001"),
        ("share.delivery.count.limit", "1"),
        ("share.delivery.count.limit", "11"),
        ("share.partition.max.record.locks", "99"),
        ("share.partition.max.record.locks", "4001"),
        ("share.auto.offset.reset", "sometime"),
        ("share.isolation.level", "serial"),
        ("streams.num.standby.replicas", "3"),
        ("streams.num.standby.replicas", "-1"),
        ("streams.session.timeout.ms", "60001"),
        ("no.such.config", "1"),
        ("group.consumer.session.timeout.ms", "50000"),
    ):
        alter(talk, GROUP, group, op(config, value))
    alter(talk, GROUP, group, op("consumer.session.timeout.ms", "1", APPEND))
    if not groups_have_configs(talk):
        return
    alter(talk, GROUP, group, op("consumer.session.timeout.ms", "50000"), op("share.isolation.level", "read_committed"))
    describe(talk, GROUP, group, consumer__session__timeout__ms="50000", share__isolation__level="read_committed")
    _each(
        talk,
        GROUP,
        group,
        op("consumer.session.timeout.ms", None, DELETE),
        op("share.isolation.level", None, DELETE),
        op("no.such.config", None, DELETE),
    )
    describe(talk, GROUP, group, consumer__session__timeout__ms="45000")


def client_metrics_values(talk: Talk) -> None:
    """What a subscription to clients' metrics takes, and what it does not."""
    name = talk.name_of("metrics")
    for config, value in (
        ("interval.ms", "99"),
        ("interval.ms", "3600001"),
        ("interval.ms", "often"),
        ("match", "client_id"),
        ("match", "client_id=a=b"),
        ("match", "no_such=a"),
        ("match", "client_id=["),
        ("match", "client_id=a,client_id=a"),
        ("metrics", "a,,b"),
        ("no.such.config", "1"),
    ):
        alter(talk, METRICS, name, op(config, value))
    alter(talk, METRICS, name, op("metrics", "a", APPEND))
    alter(talk, METRICS, name, op("interval.ms", "100"), op("match", " client_id = a.* ,client_software_name=x"))
    describe(talk, METRICS, name, interval__ms="100", match=7)
    for config in ("interval.ms", "match"):
        alter(talk, METRICS, name, op(config, None, DELETE))
    describe(talk, METRICS, name, interval__ms=UNSET, match=UNSET)


def loggers_refused(talk: Talk) -> None:
    """Levels that are none, loggers that are not there, operations that loggers do not know."""
    _each(
        talk,
        LOGGER,
        NODE,
        op("root", "LOUD"),
        op("root", "info"),
        op("root", ""),
        op("root", None),
        op("no.such.logger", "INFO"),
        op("no.such.logger", None, DELETE),
        op("root", None, DELETE),
        op("root", "INFO", APPEND),
        op("root", "INFO", SUBTRACT),
    )
    alter(talk, LOGGER, NODE, op("root", "INFO"), op("root", "WARN"))
