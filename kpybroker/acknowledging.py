"""When a Produce is answered: once all that it wrote may be seen, and need not wait for the disk any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kpybroker.machine import Answer, Call, Instant, Wait, Waiting
from kpybroker.partition import Partition
from kpybroker.state import State
from kpybroker.storage.directories import OfflineError
from kpybroker.syncing import Hold
from kpybroker.wire.errors import Error
from kpybroker.wire.fields import changed
from kpybroker.wire.messages.produce import ProduceRequest, ProduceResponse

TopicAnswer = ProduceResponse.TopicProduceResponse
PartitionAnswer = TopicAnswer.PartitionProduceResponse
ALL = -1


class Written(NamedTuple):
    """A batch that is held: where its answer stands, and where it does."""

    topic: int
    place: int
    partition: Partition
    base_offset: int


def acknowledge(state: State, call: Call, answers: list[TopicAnswer]) -> Answer | Waiting:
    """The answer, now or as soon as nothing of it is held.

    With acks=all it is late after timeout_ms: REQUEST_TIMED_OUT (DelayedProduce), though the records are in the log.
    Kafka has synced what it answers to acks=1 before it looks at the clock.
    """
    held = []
    for topic, answer in enumerate(answers):
        for place, part in enumerate(answer.partition_responses):
            if part.error_code == Error.NONE:
                try:
                    partition = state.replicas.get(answer.name, part.index, call.arrived)
                except OfflineError:  # since then its disk has failed another partition of this request
                    answer.partition_responses[place] = changed(part, error_code=Error.KAFKA_STORAGE_ERROR)
                    continue
                assert partition is not None
                if part.base_offset >= partition.hold.begins:
                    held.append(Written(topic, place, partition, part.base_offset))
    return _wait(state, call, answers, held) if held else ProduceResponse(responses=answers)


def _wait(state: State, call: Call, answers: list[TopicAnswer], held: list[Written]) -> Waiting:
    request: ProduceRequest = call.request
    now, until = call.arrived, call.arrived + request.timeout_ms if request.acks == ALL else None
    while True:
        waiting = []
        for written in held:
            error = _outcome(state, written, now)
            if error is None and until is not None and now >= until:
                error = Error.REQUEST_TIMED_OUT
            if error is None:
                waiting.append(written)
            elif error is not Error.NONE:
                parts = answers[written.topic].partition_responses
                parts[written.place] = changed(parts[written.place], error_code=error)
        if not waiting:
            return ProduceResponse(responses=answers)
        held = waiting
        now = yield Wait(tuple(dict.fromkeys(written.partition.key for written in held)), until)


def _outcome(state: State, written: Written, now: Instant) -> Error | None:
    """What has become of a batch; None while it is held."""
    partition = written.partition
    if partition.hold.failure is not None:
        return Error.KAFKA_STORAGE_ERROR
    if state.replicas.get(*partition.key, now) is not partition:
        return Error.UNKNOWN_TOPIC_OR_PARTITION  # deleted meanwhile
    return None if written.base_offset >= partition.hold.begins else Error.NONE


def once_synced(answer: Answer, partitions: Iterable[Partition]) -> Answer | Waiting:
    """An answer that tells of what was just written to these partitions."""
    held = [(each.hold, each.log.end_offset) for each in partitions if each.hold.begins < each.log.end_offset]
    return _wait_for(answer, held) if held else answer


def _wait_for(answer: Answer, held: list[tuple[Hold, int]]) -> Waiting:
    while held:
        yield Wait(tuple(dict.fromkeys(hold.key for hold, _ in held)), None)
        for hold, _ in held:
            if hold.failure is not None:
                raise hold.failure.with_traceback(None)
        held = [(hold, end_offset) for hold, end_offset in held if hold.begins < end_offset]
    return answer
