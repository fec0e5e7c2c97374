"""What several handlers say alike: where a broker is reached, and what a client may do."""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.directories import directory_of, is_online
from kpybroker.metadata.image import Image, PartitionImage
from kpybroker.state import State
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error

# AclOperation bits that a client has where nobody asks for rights (org.apache.kafka.common.utils.Utils.to32BitField
# over AclEntry.supportedOperations).
_OPERATIONS = {
    "cluster": sum(1 << code for code in (5, 7, 8, 9, 10, 11, 12)),
    "topic": sum(1 << code for code in (3, 4, 5, 6, 7, 8, 10, 11)),
    "group": sum(1 << code for code in (3, 6, 8, 10, 11)),
}

NO_AUTHORIZER = Error.SECURITY_DISABLED, "this broker has no authorizer"


def operations(resource: str) -> int:
    """The operations that everybody may do on a cluster, topic or group, as the bits of an answer."""
    return _OPERATIONS[resource]


def has_unknown(*codes: int) -> bool:
    """Code 0 is "unknown" in all that ACLs are made of; Kafka cannot read a request that has one (o.a.k.common.acl)."""
    return 0 in codes


def endpoint(state: State, call: Call, node: int) -> tuple[str, int]:
    """Where this caller reaches a broker: what is advertised, or else the address that the caller itself dialled."""
    advertised = state.image.nodes[node].endpoints.get(call.peer.listener)
    return call.peer.dialled if advertised is None else advertised


def offline_replicas(image: Image, partition: PartitionImage) -> list[int]:
    """The replicas on brokers that are gone or fenced, or in directories that are offline there."""
    nodes = image.nodes
    return [
        node
        for node in partition.replicas
        if node not in nodes
        or nodes[node].fenced
        or (node != partition.leader and not is_online(directory_of(partition, node), nodes[node].log_dirs))
    ]


def resolve(state: State, name: str, topic_id: bytes, *, by_id: bool) -> tuple[str, bytes]:
    """A topic's name and id from whichever of them a request carries; empty and zero where there is no such topic."""
    if by_id:
        topic = state.image.topics_by_id.get(topic_id)
        return ("", topic_id) if topic is None else (topic.name, topic_id)
    topic = state.image.topics.get(name)
    return (name, NO_ID) if topic is None else (name, topic.id)
