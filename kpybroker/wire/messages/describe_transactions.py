"""DescribeTransactions: state, producer and partitions of transactions (KIP-664)."""

from __future__ import annotations

from kpybroker.wire.declare import ProducerId, TopicName, TransactionalId, int16, int32, int64, message, part


@message(key=65, versions="0", flexible="0+")
class DescribeTransactionsRequest:
    transactional_ids: list[TransactionalId]


@message(key=65, versions="0", flexible="0+")
class DescribeTransactionsResponse:
    throttle_time_ms: int32 = 0
    transaction_states: list[TransactionState]

    @part
    class TransactionState:
        error_code: int16
        transactional_id: TransactionalId
        transaction_state: str
        transaction_timeout_ms: int32
        transaction_start_time_ms: int64
        producer_id: ProducerId
        producer_epoch: int16
        topics: list[TopicData]

        @part
        class TopicData:
            topic: TopicName
            partitions: list[int32]
