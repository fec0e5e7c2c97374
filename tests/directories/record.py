"""Records tests/data/directories/kafka anew: `python -m tests.directories.record`; needs the jars (tests/kafka.py).

An Apache Kafka 4.3.1 with tiny snapshots of its metadata is given something of everything that they can hold, and
groups of all kinds with their members there; when it has cut its metadata log, which it looks at once a minute, it is
stopped with SIGTERM.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from kpybroker.wire.apis import request_type
from kpybroker.wire.fields import blank
from tests.directories.kafkas import DIRECTORY, METADATA
from tests.kafka import KafkaProcess, java
from tests.process import Link
from tests.requests import create_topic, metadata, produce
from tests.until import until

CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"
MORE_SETTINGS = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS;User:admin
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_admin="secret";
delegation.token.secret.key=secret
offsets.topic.num.partitions=1
share.coordinator.state.topic.num.partitions=1
transaction.state.log.num.partitions=1
metadata.max.idle.interval.ms=0
internal.metadata.log.segment.bytes=3000
metadata.log.max.record.bytes.between.snapshots=3000
metadata.max.retention.bytes=1
internal.metadata.delete.delay.millis=100
"""
MEMBER = "AAAAAAAAAAAAAAAAAAAAA"
PATIENCE_S = 150


def ask(link: Link, key: int, version: int, **fields: Any) -> Any:
    return link.ask(blank(request_type(key), **fields), version)


def cluster(link: Link) -> None:
    """Topics, one of them deleted, quotas, a credential, ACLs, one of them removed, configs of all kinds."""
    for name, partitions, configs in (
        ("orders", 3, {"retention.ms": "86400000"}),
        ("gone", 1, {}),
        ("compacted", 1, {"cleanup.policy": "compact", "min.insync.replicas": "1"}),
    ):
        link.ask(create_topic(name, partitions, configs), 7)
    entry = request_type(49).EntryData
    alice = entry(
        entity=[entry.EntityData(entity_type="user", entity_name="alice")],
        ops=[entry.OpData(key="producer_byte_rate", value=1e6, remove=False)],
    )
    anybody = entry(
        entity=[
            entry.EntityData(entity_type="user", entity_name=None),
            entry.EntityData(entity_type="client-id", entity_name="c"),
        ],
        ops=[entry.OpData(key="request_percentage", value=50.0, remove=False)],
    )
    ask(link, 49, 1, entries=[alice, anybody])
    bob = request_type(51).ScramCredentialUpsertion(
        name="bob", mechanism=1, iterations=4096, salt=b"salt" * 4, salted_password=b"x" * 32
    )
    ask(link, 51, 0, upsertions=[bob])
    entries = [
        request_type(30).AclCreation(
            resource_type=2,
            resource_name=name,
            principal="User:carol",
            host="*",
            operation=3,
            permission_type=3,
        )
        for name in ("orders", "compacted")
    ]
    ask(link, 30, 3, creations=entries)
    compacted = request_type(31).DeleteAclsFilter(
        resource_type_filter=2,
        resource_name_filter="compacted",
        pattern_type_filter=3,
        principal_filter=None,
        host_filter=None,
        operation=1,
        permission_type=1,
    )
    ask(link, 31, 3, filters=[compacted])
    alter(link, 4, "", "log.retention.ms", "604800001")
    alter(link, 4, "1", "log.cleaner.threads", "2")
    alter(link, 32, "sharing", "share.auto.offset.reset", "earliest")
    ask(link, 20, 5, topic_names=["gone"], timeout_ms=1000)
    link.ask(create_topic("gone"), 7)
    for index in range(3):
        link.ask(produce("orders", b"a%d" % index, b"b", index=index), 9)
    until(lambda: ask(link, 22, 4, transactional_id=None, producer_id=-1).error_code == 0)


def alter(link: Link, kind: int, resource: str, name: str, value: str) -> None:
    layout = request_type(44).AlterConfigsResource
    config = layout.AlterableConfig(name=name, config_operation=0, value=value)
    ask(link, 44, 1, resources=[layout(resource_type=kind, resource_name=resource, configs=[config])])


def token(link: Link) -> None:
    """Delegation tokens are for those who have logged in."""
    ask(link, 17, 1, mechanism="PLAIN")
    ask(link, 36, 2, auth_bytes=b"\0admin\0secret")
    ask(link, 38, 3, owner_principal_type=None, owner_principal_name=None, max_lifetime_ms=-1)


def groups(link: Link) -> None:
    """A simple group, a consumer group, one that is empty again, a share group and a streams group, with offsets."""
    (topic,) = link.ask(metadata("orders"), 12).topics
    until(lambda: ask(link, 10, 4, coordinator_keys=["x"]).coordinators[0].error_code == 0)
    until(lambda: commit(link, "simple") == 0)
    owned = request_type(68).TopicPartitions(topic_id=bytes(topic.topic_id), partitions=[0, 1, 2])
    member = MEMBER + "Q"
    joined = ask(
        link,
        68,
        1,
        group_id="consuming",
        member_id=member,
        rebalance_timeout_ms=300_000,
        subscribed_topic_names=["orders"],
        topic_partitions=[],
    )
    epoch = joined.member_epoch
    ask(link, 68, 1, group_id="consuming", member_id=member, member_epoch=epoch, topic_partitions=[owned])
    commit(link, "consuming", member, epoch)
    member = MEMBER + "g"
    joined = ask(
        link,
        68,
        1,
        group_id="emptied",
        member_id=member,
        rebalance_timeout_ms=300_000,
        subscribed_topic_regex="ord.*",
        topic_partitions=[],
    )
    commit(link, "emptied", member, joined.member_epoch)
    ask(link, 68, 1, group_id="emptied", member_id=member, member_epoch=-1)
    ask(link, 76, 1, group_id="sharing", member_id=MEMBER + "w", subscribed_topic_names=["orders"])
    topology = request_type(88).Topology
    part = blank(topology.Subtopology, subtopology_id="0", source_topics=["orders"])
    member = MEMBER[:-1] + "BA"
    joined = ask(
        link,
        88,
        0,
        group_id="streaming",
        member_id=member,
        rebalance_timeout_ms=300_000,
        topology=topology(epoch=1, subtopologies=[part]),
        active_tasks=[],
        standby_tasks=[],
        warmup_tasks=[],
        process_id="p",
        client_tags=[],
    )
    commit(link, "streaming", member, joined.member_epoch)


def commit(link: Link, group: str, member: str = "", epoch: int = -1) -> int:
    layout = request_type(8).OffsetCommitRequestTopic
    parts = [
        layout.OffsetCommitRequestPartition(
            partition_index=index, committed_offset=index + 1, committed_metadata=f"{group} {index}"
        )
        for index in range(3)
    ]
    topics = [blank(layout, name="orders", partitions=parts)]
    answer = ask(link, 8, 9, group_id=group, generation_id_or_member_epoch=epoch, member_id=member, topics=topics)
    error: int = answer.topics[0].partitions[0].error_code
    return error


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="directory-"))
    data = folder / "data"
    settings = folder / "format.properties"
    settings.write_text(
        f"process.roles=broker,controller\nnode.id=1\nlog.dirs={data}\n"
        "controller.quorum.voters=1@127.0.0.1:1\ncontroller.listener.names=CONTROLLER\n"
        "listeners=PLAINTEXT://:0,CONTROLLER://:1\n"
    )
    subprocess.run(java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", settings), check=True)
    with KafkaProcess(folder, data, MORE_SETTINGS, sasl=True) as kafka:
        with Link(("127.0.0.1", kafka.port)) as link, Link(("127.0.0.1", kafka.sasl_port)) as logged_in:
            cluster(link)
            token(logged_in)
            for number in range(120):
                alter(link, 2, "orders", "retention.ms", str(86_400_000 + number))
            until(lambda: not (data / METADATA / f"{'0' * 20}.log").exists(), PATIENCE_S)
            groups(link)
        kafka.stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    shutil.copytree(data, DIRECTORY, ignore=shutil.ignore_patterns(".lock", "*-delete", "*.deleted"))
    for path in DIRECTORY.rglob("*.checkpoint"):
        path.chmod(0o644)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
