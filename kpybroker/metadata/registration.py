"""Decides on UnregisterBroker: a broker that is gone for good is forgotten."""

from __future__ import annotations

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.partition_change import PartitionChange
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from kpybroker.wire.schemas.cluster_nodes import UnregisterBrokerRecord


def unregister_broker(controller: Controller, call: Call) -> tuple[tuple[Record, ...], UnregisterBrokerResponse]:
    """The records and the answer (ReplicationControlManager.unregisterBroker). The broker itself stays."""
    request: UnregisterBrokerRequest = call.request
    image, number = controller.image, request.broker_id
    node = image.nodes.get(number)
    if node is None:
        return (), _answer(Error.BROKER_ID_NOT_REGISTERED, f"broker {number} is not registered")
    if number == call.node:
        return (), _answer(Error.INVALID_REQUEST, f"broker {number} is running: stop it first")
    records = []
    active = [other for other in image.active_nodes if other != number]
    for topic in image.topics.values():
        for partition in topic.partitions.values():
            if number in partition.isr:
                change = PartitionChange(partition, topic.id, active)
                change.isr = [other for other in partition.isr if other != number]
                record = change.record()
                if record is not None:
                    records.append(record)
    records.append(Record(None, UnregisterBrokerRecord(broker_id=number, broker_epoch=node.epoch), 0))
    return tuple(records), _answer(Error.NONE, "")


def _answer(error: Error, message: str) -> UnregisterBrokerResponse:
    return UnregisterBrokerResponse(error_code=error, error_message=message)
