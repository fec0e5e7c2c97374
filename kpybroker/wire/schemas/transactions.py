"""Records of `__transaction_state`: who owns a transactional id, which partitions are touched (KIP-98)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import int8, int16, int32, int64, message, part, tag


@message(key=0, versions="0")
class TransactionLogKey:
    transactional_id: str


@message(key=0, versions="0-1", flexible="1+")
class TransactionLogValue:
    producer_id: int64
    previous_producer_id: Field[int64, "1+", tag(0)] = -1
    next_producer_id: Field[int64, "1+", tag(1)] = -1
    producer_epoch: int16
    next_producer_epoch: Field[int16, "1+", tag(3)] = -1
    transaction_timeout_ms: int32
    transaction_status: int8
    transaction_partitions: list[PartitionsSchema] | None
    transaction_last_update_timestamp_ms: int64
    transaction_start_timestamp_ms: int64
    client_transaction_version: Field[int16, "1+", tag(2)] = 0

    @part
    class PartitionsSchema:
        topic: str
        partition_ids: list[int32]
