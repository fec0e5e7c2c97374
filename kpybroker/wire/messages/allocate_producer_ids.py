"""AllocateProducerIds: a broker takes a block of producer ids from the controller, to hand out itself (KIP-730)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, ProducerId, int16, int32, int64, message


@message(key=67, versions="0", flexible="0+")
class AllocateProducerIdsRequest:
    broker_id: BrokerId
    broker_epoch: int64 = -1


@message(key=67, versions="0", flexible="0+")
class AllocateProducerIdsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    producer_id_start: ProducerId
    producer_id_len: int32
