"""Decides on DeleteTopics: which of the topics that a request names go, and the answer for each name and id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.image import Image
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from kpybroker.wire.schemas.cluster_topics import RemoveTopicRecord

Result = DeleteTopicsResponse.DeletableTopicResult
Named = tuple[str | None, bytes]  # a topic's name or None, its id or zeros


def delete_topics(controller: Controller, call: Call) -> tuple[tuple[Record, ...], DeleteTopicsResponse]:
    """The records and the answer (ControllerApis.deleteTopics). What is named twice stays."""
    image: Image = controller.image
    request: DeleteTopicsRequest = call.request
    asked: list[Named] = [(name, NO_ID) for name in request.topic_names]
    asked += [(state.name, bytes(state.topic_id)) for state in request.topics]
    if not controller.settings.boolean("delete.topic.enable"):
        error = Error.TOPIC_DELETION_DISABLED if call.version >= 3 else Error.INVALID_REQUEST
        results = [_result(name, topic_id, error, None) for name, topic_id in asked]
        return (), DeleteTopicsResponse(responses=results)
    results, names, ids = _sorted_out(asked)
    if request.timeout_ms <= 0 and (names or ids):  # the controller's queue drops what is late when it comes
        results = [_result(name, topic_id, Error.REQUEST_TIMED_OUT, None) for name, topic_id in asked]
        return (), DeleteTopicsResponse(responses=results)
    going: dict[bytes, str] = {}
    for topic_id in ids:
        topic = image.topics_by_id.get(topic_id)
        if topic is None:
            results.append(_result(None, topic_id, Error.UNKNOWN_TOPIC_ID, "this cluster has no such topic"))
        else:
            going[topic_id] = topic.name
    twice = {topic_id for name, topic_id in asked if name is None} - set(ids)
    for name in names:
        topic = image.topics.get(name)
        if topic is None:
            results.append(_result(name, NO_ID, Error.UNKNOWN_TOPIC_OR_PARTITION, "this cluster has no such topic"))
        elif topic.id in going or topic.id in twice:
            going.pop(topic.id, None)
            twice.add(topic.id)
            results.append(_result(name, topic.id, Error.INVALID_REQUEST, "the topic is named by its id as well"))
        else:
            going[topic.id] = name
    results += [_result(name, topic_id, Error.NONE, None) for topic_id, name in going.items()]
    records = tuple(Record(None, RemoveTopicRecord(topic_id=topic_id), 0) for topic_id in going)
    return records, DeleteTopicsResponse(responses=results)


def _sorted_out(asked: Sequence[Named]) -> tuple[list[Result], list[str], list[bytes]]:
    """Answers for what is wrong in itself, then the names and the ids that were each given once."""
    wrong: list[Result] = []
    counts: Counter[Named] = Counter()
    for name, topic_id in asked:
        if name is None and topic_id == NO_ID:
            wrong.append(_result(None, NO_ID, Error.INVALID_REQUEST, "neither a topic's name nor its id was given"))
        elif name is not None and topic_id != NO_ID:
            wrong.append(_result(name, topic_id, Error.INVALID_REQUEST, "a topic's name and its id were both given"))
        else:
            counts[name, topic_id] += 1
    wrong += [
        _result(name, topic_id, Error.INVALID_REQUEST, "the request names this topic twice")
        for (name, topic_id), count in counts.items()
        if count > 1
    ]
    names = [name for (name, _), count in counts.items() if count == 1 and name is not None]
    ids = [topic_id for (name, topic_id), count in counts.items() if count == 1 and name is None]
    return wrong, names, ids


def _result(name: str | None, topic_id: bytes, error: Error, message: str | None) -> Result:
    return Result(name=name, topic_id=topic_id, error_code=error, error_message=message)
