"""EndTxn: commits or aborts a transaction; from v5 the producer gets a new epoch with it (KIP-98, KIP-890)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import ProducerId, TransactionalId, int16, int32, message


@message(key=26, versions="0-5", flexible="3+")
class EndTxnRequest:
    transactional_id: TransactionalId
    producer_id: ProducerId
    producer_epoch: int16
    committed: bool


@message(key=26, versions="0-5", flexible="3+")
class EndTxnResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    producer_id: Field[ProducerId, "5+"] = -1
    producer_epoch: Field[int16, "5+"] = -1
