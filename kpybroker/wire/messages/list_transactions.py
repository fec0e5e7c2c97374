"""ListTransactions: the transactions that a broker coordinates, by state, producer, age or name (KIP-664, KIP-994)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import ProducerId, TransactionalId, int16, int32, int64, message, part


@message(key=66, versions="0-2", flexible="0+")
class ListTransactionsRequest:
    state_filters: list[str]
    producer_id_filters: list[ProducerId]
    duration_filter: Field[int64, "1+"] = -1
    transactional_id_pattern: Field[str | None, "2+"] = None


@message(key=66, versions="0-2", flexible="0+")
class ListTransactionsResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    unknown_state_filters: list[str]
    transaction_states: list[TransactionState]

    @part
    class TransactionState:
        transactional_id: TransactionalId
        producer_id: ProducerId
        transaction_state: str
