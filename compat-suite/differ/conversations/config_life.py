"""The life of configs: set, layered, taken back, and felt at once by whoever produces, creates and describes."""

from differ.batches import Row
from differ.configs import (
    ABSENT,
    APPEND,
    BROKER,
    CLUSTER,
    DELETE,
    GROUP,
    LOGGER,
    METRICS,
    NODE,
    SUBTRACT,
    TOPIC,
    alter,
    describe,
    groups_have_configs,
    live,
    op,
    probe,
    quietly,
    read,
    replace,
    resource,
    until_stored,
    write,
)
from differ.talk import Talk
from kpybroker.wire.declare import Versions

API = "IncrementalAlterConfigs"
VERSIONS = Versions(1, 1)  # one is enough: the cases have both
NONE, TOO_LARGE, TOO_LARGE_FOR_SEGMENT, INVALID_TIMESTAMP, INVALID_RECORD = 0, 10, 18, 32, 87
CODECS = {"gzip": 1, "uncompressed": 0, "snappy": 2, "zstd": 4, "lz4": 3}
BIG = b"x" * 5000


def largest_batch(talk: Talk) -> None:
    """max.message.bytes of a live topic: lowered, a batch is too large; raised again, it is taken."""
    topic = live(talk)
    write(talk, topic, BIG)
    alter(talk, TOPIC, topic.name, op("max.message.bytes", "4000"))
    probe(talk, topic, TOO_LARGE, BIG)
    write(talk, topic, BIG)
    write(talk, topic, b"small")
    alter(talk, TOPIC, topic.name, op("max.message.bytes", None, DELETE))
    probe(talk, topic, NONE, BIG)
    write(talk, topic, BIG)


def largest_batch_of_all(talk: Talk) -> None:
    """message.max.bytes of all brokers reaches topics without a max.message.bytes of their own."""
    plain, own = live(talk), talk.topic("own", partitions=2, configs={"max.message.bytes": "1000000"})
    alter(talk, BROKER, CLUSTER, op("message.max.bytes", "4000"))
    probe(talk, plain, TOO_LARGE, BIG)
    write(talk, plain, BIG)
    write(talk, own, BIG)
    describe(talk, TOPIC, plain.name, max__message__bytes="4000")
    describe(talk, TOPIC, own.name, max__message__bytes="1000000")
    describe(talk, BROKER, NODE, message__max__bytes="4000")
    describe(talk, BROKER, CLUSTER, message__max__bytes="4000")
    alter(talk, BROKER, CLUSTER, op("message.max.bytes", None, DELETE))
    probe(talk, plain, NONE, BIG)
    write(talk, plain, BIG)
    describe(talk, BROKER, CLUSTER, message__max__bytes=ABSENT)


def one_broker_before_all(talk: Talk) -> None:
    """What one broker was told beats what all were told; taken back, the latter holds; then the default."""
    topic = live(talk)
    alter(talk, BROKER, CLUSTER, op("message.max.bytes", "4000"))
    alter(talk, BROKER, NODE, op("message.max.bytes", "8000"))
    describe(talk, BROKER, NODE, message__max__bytes="8000")
    describe(talk, TOPIC, topic.name, max__message__bytes="8000")
    probe(talk, topic, NONE, BIG)
    write(talk, topic, BIG)
    alter(talk, BROKER, NODE, op("message.max.bytes", None, DELETE))
    describe(talk, BROKER, NODE, message__max__bytes="4000")
    probe(talk, topic, TOO_LARGE, BIG)
    write(talk, topic, BIG)
    alter(talk, BROKER, CLUSTER, op("message.max.bytes", None, DELETE))
    describe(talk, TOPIC, topic.name, max__message__bytes="1048588")


def larger_than_a_segment(talk: Talk) -> None:
    """segment.bytes of a live topic: a batch that no longer fits into a segment is refused."""
    topic = live(talk, max__message__bytes="3000000")
    large = b"x" * 1_100_000
    write(talk, topic, large)
    alter(talk, TOPIC, topic.name, op("segment.bytes", "1048576"))
    probe(talk, topic, TOO_LARGE_FOR_SEGMENT, large)
    write(talk, topic, large)
    write(talk, topic, b"small")


def segments_of_all(talk: Talk) -> None:
    """log.segment.bytes of one broker reaches its topics."""
    topic = live(talk, max__message__bytes="3000000")
    large = b"x" * 1_100_000
    alter(talk, BROKER, NODE, op("log.segment.bytes", "1048576"))
    probe(talk, topic, TOO_LARGE_FOR_SEGMENT, large)
    write(talk, topic, large)
    describe(talk, TOPIC, topic.name, segment__bytes="1048576")
    alter(talk, BROKER, NODE, op("log.segment.bytes", None, DELETE))
    probe(talk, topic, NONE, large)
    write(talk, topic, large)


def compression_type(talk: Talk) -> None:
    """compression.type of a live topic: what comes later is stored so, what was there stays as it is."""
    topic = live(talk)
    write(talk, topic, b"a" * 100, codec="lz4")
    for kind, codec in CODECS.items():
        alter(talk, TOPIC, topic.name, op("compression.type", kind))
        describe(talk, TOPIC, topic.name, compression__type=kind)
        until_stored(talk, topic, codec=codec)
        write(talk, topic, b"b" * 100)
    alter(talk, TOPIC, topic.name, op("compression.type", None, DELETE))
    until_stored(talk, topic, codec=1, sent="gzip")
    write(talk, topic, b"c" * 100, codec="gzip")
    talk.leave_open("batch_length", because="compressors differ by a few bytes")
    read(talk, topic)


def compression_of_all(talk: Talk) -> None:
    """compression.type of all brokers reaches a topic without one."""
    topic = live(talk)
    alter(talk, BROKER, CLUSTER, op("compression.type", "gzip"))
    until_stored(talk, topic, codec=1)
    write(talk, topic, b"b" * 100)
    alter(talk, BROKER, CLUSTER, op("compression.type", None, DELETE))
    until_stored(talk, topic, codec=0)
    write(talk, topic, b"b" * 100)
    talk.leave_open("batch_length", because="compressors differ by a few bytes")
    read(talk, topic)


def compression_levels(talk: Talk) -> None:
    """A level harder than the default makes a batch that reads the same."""
    topic = live(talk, compression__type="gzip")
    alter(talk, TOPIC, topic.name, op("compression.gzip.level", "9"), op("compression.zstd.level", "-5"))
    describe(talk, TOPIC, topic.name, compression__gzip__level="9", compression__zstd__level="-5")
    write(talk, topic, b"a" * 100)
    alter(talk, TOPIC, topic.name, op("compression.gzip.level", "1"))
    describe(talk, TOPIC, topic.name, compression__gzip__level="1", compression__lz4__level="9")
    write(talk, topic, b"a" * 100)
    talk.leave_open("batch_length", because="compressors differ by a few bytes")
    read(talk, topic)


def timestamp_type(talk: Talk) -> None:
    """message.timestamp.type of a live topic: from then on the broker's time, and back."""
    topic = live(talk)
    write(talk, topic, b"a")
    alter(talk, TOPIC, topic.name, op("message.timestamp.type", "LogAppendTime"))
    until_stored(talk, topic, by_broker_time=True)
    write(talk, topic, b"b")
    alter(talk, TOPIC, topic.name, op("message.timestamp.type", "CreateTime"))
    until_stored(talk, topic, by_broker_time=False)
    write(talk, topic, b"c")
    read(talk, topic)


def timestamps_too_old(talk: Talk) -> None:
    """message.timestamp.before.max.ms of a live topic refuses old records; taken back, they are taken."""
    topic = live(talk)
    alter(talk, TOPIC, topic.name, op("message.timestamp.before.max.ms", "3600000"))
    probe(talk, topic, INVALID_TIMESTAMP, b"a")
    write(talk, topic, b"a", b"b")
    alter(talk, TOPIC, topic.name, op("message.timestamp.before.max.ms", None, DELETE))
    probe(talk, topic, NONE, b"a")
    write(talk, topic, b"a")


def timestamps_too_new(talk: Talk) -> None:
    """message.timestamp.after.max.ms of a live topic takes records of the future once it is told to."""
    topic = live(talk)
    future = 4_000_000_000_000
    write(talk, topic, b"a", time=future)
    alter(talk, TOPIC, topic.name, op("message.timestamp.after.max.ms", "9223372036854775807"))
    probe(talk, topic, NONE, b"a", time=future)
    write(talk, topic, b"a", time=future)


def timestamps_of_all(talk: Talk) -> None:
    """log.message.timestamp.before.max.ms of all brokers reaches a topic."""
    topic = live(talk)
    name = "log.message.timestamp.before.max.ms"
    alter(talk, BROKER, CLUSTER, op(name, "3600000"))
    probe(talk, topic, INVALID_TIMESTAMP, b"a")
    write(talk, topic, b"a")
    alter(talk, BROKER, CLUSTER, op(name, None, DELETE))
    probe(talk, topic, NONE, b"a")
    write(talk, topic, b"a")


def keys_once_compacted(talk: Talk) -> None:
    """cleanup.policy of a live topic: compacted, it takes no record without a key."""
    topic = live(talk)
    write(talk, topic, b"a")
    alter(talk, TOPIC, topic.name, op("cleanup.policy", "compact", APPEND))
    probe(talk, topic, INVALID_RECORD, b"a")
    write(talk, topic, b"a", Row(b"b", b"key"))
    write(talk, topic, Row(b"b", b"key"))
    alter(talk, TOPIC, topic.name, op("cleanup.policy", "compact", SUBTRACT))
    probe(talk, topic, NONE, b"a")
    write(talk, topic, b"a")


def more_in_sync_than_there_are(talk: Talk) -> None:
    """min.insync.replicas beyond the number of replicas, of a topic from its start and of a live one."""
    made, topic = talk.topic("made", partitions=2, configs={"min.insync.replicas": "2"}), live(talk)
    for acks in (-1, 1):
        write(talk, made, b"a", acks=acks)
    alter(talk, TOPIC, topic.name, op("min.insync.replicas", "3"))
    describe(talk, TOPIC, topic.name, min__insync__replicas="3")
    for acks in (-1, 1):
        write(talk, topic, b"a", acks=acks)


def in_sync_of_all(talk: Talk) -> None:
    """min.insync.replicas of all brokers reaches a topic, and may not be taken back (KIP-966)."""
    topic = live(talk)
    alter(talk, BROKER, CLUSTER, op("min.insync.replicas", "2"))
    describe(talk, TOPIC, topic.name, min__insync__replicas="2")
    write(talk, topic, b"a")
    alter(talk, BROKER, CLUSTER, op("min.insync.replicas", None, DELETE))
    alter(talk, BROKER, CLUSTER, op("min.insync.replicas", "1"))
    describe(talk, TOPIC, topic.name, min__insync__replicas="1")
    alter(talk, BROKER, NODE, op("min.insync.replicas", "1"))
    alter(talk, BROKER, NODE, op("min.insync.replicas", None, DELETE))
    describe(talk, BROKER, NODE, min__insync__replicas="1")


def retention_in_units(talk: Talk) -> None:
    """log.retention.ms beats the static hours; hours and minutes are not told to a running broker."""
    topic = live(talk)
    for unit in ("hours", "minutes"):
        alter(talk, BROKER, CLUSTER, op(f"log.retention.{unit}", "5"))
    alter(talk, BROKER, CLUSTER, op("log.retention.ms", "9000000"))
    describe(talk, TOPIC, topic.name, retention__ms="9000000")
    describe(talk, BROKER, NODE, log__retention__ms=3, log__retention__minutes=5, log__retention__hours=5)
    alter(talk, BROKER, CLUSTER, op("log.retention.ms", "-1"))
    describe(talk, TOPIC, topic.name, retention__ms="-1")
    alter(talk, BROKER, CLUSTER, op("log.retention.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, retention__ms="604800000")


def retention_in_layers(talk: Talk) -> None:
    """A topic's own over one broker's over that of all brokers, and back step by step."""
    topic = live(talk)
    alter(talk, BROKER, CLUSTER, op("log.retention.ms", "9000000"), op("log.retention.bytes", "5000"))
    alter(talk, BROKER, NODE, op("log.retention.ms", "8000000"))
    alter(talk, TOPIC, topic.name, op("retention.ms", "7000000"))
    describe(talk, BROKER, NODE, log__retention__ms="8000000", log__retention__bytes="5000")
    describe(talk, TOPIC, topic.name, retention__ms="7000000", retention__bytes="5000")
    alter(talk, TOPIC, topic.name, op("retention.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, retention__ms="8000000")
    alter(talk, BROKER, NODE, op("log.retention.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, retention__ms="9000000")
    alter(talk, BROKER, CLUSTER, op("log.retention.ms", None, DELETE), op("log.retention.bytes", None, DELETE))
    describe(talk, BROKER, NODE, log__retention__ms=5, log__retention__bytes=5)


def rolling_in_units(talk: Talk) -> None:
    """log.roll.ms and its jitter over the static hours."""
    topic = live(talk)
    alter(talk, BROKER, NODE, op("log.roll.hours", "5"))
    alter(talk, BROKER, NODE, op("log.roll.ms", "7000"), op("log.roll.jitter.ms", "500"))
    describe(talk, TOPIC, topic.name, segment__ms="7000", segment__jitter__ms="500")
    describe(talk, BROKER, NODE, log__roll__ms=2, log__roll__hours=5, log__roll__jitter__ms=2)
    alter(talk, BROKER, NODE, op("log.roll.ms", None, DELETE), op("log.roll.jitter.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, segment__ms="604800000", segment__jitter__ms="0")


def flushing_by_a_synonym(talk: Talk) -> None:
    """log.flush.interval.ms falls back on the scheduler's interval."""
    topic = live(talk)
    alter(talk, BROKER, NODE, op("log.flush.interval.ms", "5000"))
    describe(talk, TOPIC, topic.name, flush__ms="5000")
    describe(talk, BROKER, NODE, log__flush__interval__ms=2, log__flush__scheduler__interval__ms=5)
    alter(talk, BROKER, NODE, op("log.flush.interval.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, flush__ms="9223372036854775807")


def new_topics_are_described_so(talk: Talk) -> None:
    """CreateTopics answers what all brokers were told as the new topic's configs, and so does DescribeConfigs."""
    alter(talk, BROKER, CLUSTER, op("log.cleanup.policy", "compact"), op("log.segment.bytes", "2000000"))
    describe(talk, BROKER, NODE, log__cleanup__policy="compact", log__segment__bytes="2000000")
    name = talk.name_of("topic")
    wanted = {"name": name, "num_partitions": 1, "replication_factor": 1}
    wanted["configs"] = [{"name": "segment.bytes", "value": "3000000"}]
    talk.ask("CreateTopics", at=7, topics=[wanted], timeout_ms=10_000)
    describe(talk, TOPIC, name, cleanup__policy="compact", segment__bytes="3000000")
    alter(talk, BROKER, CLUSTER, op("log.cleanup.policy", None, DELETE), op("log.segment.bytes", None, DELETE))
    describe(talk, TOPIC, name, cleanup__policy="delete", segment__bytes="3000000")
    describe(talk, BROKER, NODE, log__cleanup__policy=5, log__segment__bytes=5)


def broker_lists(talk: Talk) -> None:
    """A broker's list, appended to and taken from: each layer starts from what it has, or else Kafka's default."""
    alter(talk, BROKER, CLUSTER, op("log.cleanup.policy", "compact", APPEND))
    describe(talk, BROKER, CLUSTER, log__cleanup__policy="delete,compact")
    alter(talk, BROKER, NODE, op("log.cleanup.policy", "delete", SUBTRACT))
    describe(talk, BROKER, NODE, log__cleanup__policy="")
    alter(talk, BROKER, NODE, op("log.cleanup.policy", None, DELETE))
    alter(talk, BROKER, CLUSTER, op("log.cleanup.policy", "delete", SUBTRACT))
    describe(talk, BROKER, NODE, log__cleanup__policy="compact")
    alter(talk, BROKER, CLUSTER, op("log.cleanup.policy", None, DELETE))
    describe(talk, BROKER, NODE, log__cleanup__policy="delete")
    describe(talk, BROKER, CLUSTER, log__cleanup__policy=ABSENT)


def names_that_kafka_does_not_know(talk: Talk) -> None:
    """A broker keeps what it does not know, for a plug-in perhaps, and keeps it to itself."""
    alter(talk, BROKER, NODE, op("my.own", "value"))
    describe(talk, BROKER, NODE, my__own=2)
    alter(talk, BROKER, CLUSTER, op("my.own", "other"))
    describe(talk, BROKER, CLUSTER, my__own=3)
    alter(talk, BROKER, NODE, op("my.own", None, DELETE))
    describe(talk, BROKER, NODE, my__own=3)
    alter(talk, BROKER, CLUSTER, op("my.own", None, DELETE))
    describe(talk, BROKER, NODE, my__own=ABSENT)


def of_one_listener(talk: Talk) -> None:
    """A setting of a single listener, a secret among them, with the one behind it as its synonym."""
    limit, secret = "listener.name.plaintext.max.connections", "listener.name.other.ssl.keystore.password"
    alter(talk, BROKER, NODE, op(limit, "100000"), op(secret, "hidden"))
    keys = {limit.replace(".", "__"): 2, secret.replace(".", "__"): 2}
    describe(talk, BROKER, NODE, **keys, max__connections=5)
    alter(talk, BROKER, NODE, op(limit, None, DELETE), op(secret, None, DELETE))
    describe(talk, BROKER, NODE, **dict.fromkeys(keys, ABSENT))
    alter(talk, BROKER, CLUSTER, op(limit, "100000"))
    describe(talk, BROKER, CLUSTER, **{limit.replace(".", "__"): 3})
    alter(talk, BROKER, CLUSTER, op(limit, None, DELETE))
    describe(talk, BROKER, CLUSTER, **{limit.replace(".", "__"): ABSENT})


def quota_of_replication(talk: Talk) -> None:
    """A setting that exists only while the broker runs."""
    name = "leader.replication.throttled.rate"
    alter(talk, BROKER, NODE, op(name, "5000"))
    describe(talk, BROKER, NODE, leader__replication__throttled__rate=2)
    alter(talk, BROKER, NODE, op(name, None, DELETE))
    describe(talk, BROKER, NODE, leader__replication__throttled__rate=ABSENT)


def threads_step_by_step(talk: Talk) -> None:
    """A pool that has doubled may double again; back in one step it may not."""
    for value in ("16", "32", "8", "16"):
        alter(talk, BROKER, NODE, op("num.io.threads", value))
        if value != "8":
            describe(talk, BROKER, NODE, num__io__threads=value)
    alter(talk, BROKER, NODE, op("num.io.threads", None, DELETE))
    describe(talk, BROKER, NODE, num__io__threads="8")


def minimum_lag_of_all(talk: Talk) -> None:
    """A topic's least lag of compaction is held against the most that brokers were told."""
    topic = live(talk)
    alter(talk, BROKER, CLUSTER, op("log.cleaner.max.compaction.lag.ms", "5000"))
    describe(talk, TOPIC, topic.name, max__compaction__lag__ms="5000")
    alter(talk, TOPIC, topic.name, op("min.compaction.lag.ms", "6000"))
    alter(talk, TOPIC, topic.name, op("min.compaction.lag.ms", "5000"))
    alter(talk, BROKER, CLUSTER, op("log.cleaner.min.compaction.lag.ms", "6000"))
    describe(talk, BROKER, CLUSTER, log__cleaner__min__compaction__lag__ms="6000")
    for bound in ("min", "max"):
        alter(talk, BROKER, CLUSTER, op(f"log.cleaner.{bound}.compaction.lag.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, max__compaction__lag__ms="9223372036854775807")


def texts_as_they_are_read(talk: Talk) -> None:
    """Blanks, signs, case and a word said twice: kept as given, described as understood."""
    topic = live(talk)
    changes = {"retention.ms": " +1000 ", "cleanup.policy": " compact , delete,compact", "preallocate": "TRUE"}
    changes |= {"min.cleanable.dirty.ratio": "5e-1", "unclean.leader.election.enable": " False "}
    alter(talk, TOPIC, topic.name, *(op(name, value) for name, value in changes.items()))
    wanted = {"retention__ms": "1000", "preallocate": "true", "min__cleanable__dirty__ratio": "0.5"}
    describe(talk, TOPIC, topic.name, **wanted, cleanup__policy=1, unclean__leader__election__enable=1)
    alter(talk, TOPIC, topic.name, op("cleanup.policy", "compact", SUBTRACT))
    describe(talk, TOPIC, topic.name, cleanup__policy=1)
    alter(talk, BROKER, NODE, op("log.cleanup.policy", " compact , delete "), op("log.retention.ms", " 9000 "))
    describe(talk, BROKER, NODE, log__cleanup__policy=2, log__retention__ms=2)
    alter(talk, BROKER, NODE, op("log.cleanup.policy", None, DELETE), op("log.retention.ms", None, DELETE))
    describe(talk, BROKER, NODE, log__cleanup__policy=5, log__retention__ms=5)


def configs_go_with_the_topic(talk: Talk) -> None:
    """Of a deleted topic nothing is left: a new one of its name has defaults."""
    topic = live(talk)
    alter(talk, TOPIC, topic.name, op("retention.ms", "1000"))
    talk.ask_quietly("DeleteTopics", at=5, topic_names=[topic.name], timeout_ms=10_000)
    alter(talk, TOPIC, topic.name, op("retention.ms", "2000"))
    asked = {"resource_type": TOPIC, "resource_name": topic.name}
    talk.until(lambda a: a.results[0].error_code == 3, "DescribeConfigs", at=4, resources=[asked])
    again = live(talk)
    describe(talk, TOPIC, again.name, retention__ms="604800000")


def by_either_request(talk: Talk) -> None:
    """Set by one request, replaced by the other, which forgets what it does not name."""
    topic = live(talk)
    alter(talk, TOPIC, topic.name, op("retention.ms", "1000"), op("segment.ms", "2000"))
    replace(talk, TOPIC, topic.name, {"segment.ms": "3000", "cleanup.policy": "compact"})
    describe(talk, TOPIC, topic.name, retention__ms=5, segment__ms="3000", cleanup__policy="compact")
    alter(talk, TOPIC, topic.name, op("cleanup.policy", "delete", APPEND), op("segment.ms", None, DELETE))
    describe(talk, TOPIC, topic.name, segment__ms=5, cleanup__policy="compact,delete")


def all_kinds_at_once(talk: Talk) -> None:
    """A topic, a broker, all brokers, a group and a subscription in one request, one of them wrong."""
    topic, group, metrics = live(talk), talk.name_of("group"), talk.name_of("metrics")
    asked = [
        resource(GROUP, group, op("consumer.session.timeout.ms", "50000")),
        resource(TOPIC, topic.name, op("retention.ms", "1000")),
        resource(TOPIC, talk.name_of("missing"), op("retention.ms", "1000")),
        resource(BROKER, NODE, op("log.retention.ms", "8000")),
        resource(BROKER, CLUSTER, op("log.retention.ms", "9000")),
        resource(METRICS, metrics, op("interval.ms", "1000")),
    ]
    talk.ask(resources=asked, validate_only=False)
    describe(talk, BROKER, NODE, log__retention__ms="8000")
    describe(talk, BROKER, CLUSTER, log__retention__ms="9000")
    describe(talk, TOPIC, topic.name, retention__ms="1000")
    for kind, name, config in ((BROKER, NODE, "log.retention.ms"), (BROKER, CLUSTER, "log.retention.ms")):
        alter(talk, kind, name, op(config, None, DELETE))
    describe(talk, BROKER, NODE, log__retention__ms=5)
    describe(talk, METRICS, metrics, interval__ms="1000")
    alter(talk, METRICS, metrics, op("interval.ms", None, DELETE))
    if groups_have_configs(talk):
        describe(talk, GROUP, group, consumer__session__timeout__ms="50000")
        alter(talk, GROUP, group, op("consumer.session.timeout.ms", None, DELETE))


def group_over_broker(talk: Talk) -> None:
    """A group's own config over the broker's, with its synonyms; one that no broker has."""
    if not groups_have_configs(talk):
        return
    group = talk.name_of("group")
    alter(talk, BROKER, CLUSTER, op("group.consumer.assignment.interval.ms", "2000"))
    describe(talk, GROUP, group, consumer__assignment__interval__ms="2000")
    alter(talk, GROUP, group, op("consumer.assignment.interval.ms", "3000"), op("share.auto.offset.reset", "earliest"))
    describe(talk, GROUP, group, consumer__assignment__interval__ms="3000", share__auto__offset__reset="earliest")
    replace(talk, GROUP, group, {})
    describe(talk, GROUP, group, consumer__assignment__interval__ms="2000", share__auto__offset__reset="latest")
    alter(talk, BROKER, CLUSTER, op("group.consumer.assignment.interval.ms", None, DELETE))
    describe(talk, GROUP, group, consumer__assignment__interval__ms="1000")


def level_of_a_logger(talk: Talk) -> None:
    """The root logger's level, set and set back; it is no config of a broker."""
    asked = {"resource_type": LOGGER, "resource_name": NODE, "configuration_keys": ["root"]}
    before = talk.ask_quietly("DescribeConfigs", at=4, resources=[asked]).results[0].configs[0].value
    for level in ("ERROR", "FATAL"):
        alter(talk, LOGGER, NODE, op("root", level))
        describe(talk, LOGGER, NODE, root=level)
    quietly(talk, LOGGER, NODE, op("root", before))
