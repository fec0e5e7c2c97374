"""InitProducerId: a producer's id and epoch; with a transactional id older producers are fenced (KIP-98, KIP-360)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import ProducerId, TransactionalId, int16, int32, message


@message(key=22, versions="0-6", flexible="2+")
class InitProducerIdRequest:
    transactional_id: TransactionalId | None
    transaction_timeout_ms: int32
    producer_id: Field[ProducerId, "3+"] = -1
    producer_epoch: Field[int16, "3+"] = -1
    enable2_pc: Field[bool, "6+"] = False
    keep_prepared_txn: Field[bool, "6+"] = False


@message(key=22, versions="0-6", flexible="2+")
class InitProducerIdResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    producer_id: ProducerId = -1
    producer_epoch: int16
    ongoing_txn_producer_id: Field[ProducerId, "6+"] = -1
    ongoing_txn_producer_epoch: Field[int16, "6+"] = -1
