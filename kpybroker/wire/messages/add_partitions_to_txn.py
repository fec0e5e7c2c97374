"""AddPartitionsToTxn: enlists partitions in a transaction; brokers ask for many at once from v4 (KIP-98, KIP-890)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import ProducerId, TopicName, TransactionalId, int16, int32, message, part


@message(key=24, versions="0-5", flexible="3+")
class AddPartitionsToTxnRequest:
    transactions: Field[list[AddPartitionsToTxnTransaction], "4+"] = []
    v3_and_below_transactional_id: Field[TransactionalId, "0-3"] = ""
    v3_and_below_producer_id: Field[ProducerId, "0-3"] = 0
    v3_and_below_producer_epoch: Field[int16, "0-3"] = 0
    v3_and_below_topics: Field[list[AddPartitionsToTxnTopic], "0-3"] = []

    @part
    class AddPartitionsToTxnTransaction:
        transactional_id: TransactionalId
        producer_id: ProducerId
        producer_epoch: int16
        verify_only: bool = False
        topics: list[AddPartitionsToTxnTopic]


@part
class AddPartitionsToTxnTopic:
    name: TopicName
    partitions: list[int32]


@message(key=24, versions="0-5", flexible="3+")
class AddPartitionsToTxnResponse:
    throttle_time_ms: int32 = 0
    error_code: Field[int16, "4+"] = 0
    results_by_transaction: Field[list[AddPartitionsToTxnResult], "4+"] = []
    results_by_topic_v3_and_below: Field[list[AddPartitionsToTxnTopicResult], "0-3"] = []

    @part
    class AddPartitionsToTxnResult:
        transactional_id: TransactionalId
        topic_results: list[AddPartitionsToTxnTopicResult]


@part
class AddPartitionsToTxnTopicResult:
    name: TopicName
    results_by_partition: list[AddPartitionsToTxnPartitionResult]


@part
class AddPartitionsToTxnPartitionResult:
    partition_index: int32
    partition_error_code: int16
