"""AddOffsetsToTxn: a producer announces that its transaction will commit a group's offsets (KIP-98)."""

from __future__ import annotations

from kpybroker.wire.declare import GroupId, ProducerId, TransactionalId, int16, int32, message


@message(key=25, versions="0-4", flexible="3+")
class AddOffsetsToTxnRequest:
    transactional_id: TransactionalId
    producer_id: ProducerId
    producer_epoch: int16
    group_id: GroupId


@message(key=25, versions="0-4", flexible="3+")
class AddOffsetsToTxnResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
