"""The table of handlers: which API is answered, in which versions, by which function. Nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kpybroker.machine import Api, Call

if TYPE_CHECKING:
    from kpybroker.state import State


class Handler:
    """The function of the same name in the file of that name, imported with its messages at the first request.

    A start that imported all of them would take a quarter longer, and most clients use a few.
    """

    __slots__ = ("_function", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._function: Callable[[State, Call], Any] | None = None

    def __call__(self, state: State, call: Call) -> Any:
        if self._function is None:
            self._function = getattr(import_module(f"kpybroker.handlers.{self.name}"), self.name)
        return self._function(state, call)


_ROWS = (
    Api(0, 3, 13, Handler("produce")),
    Api(1, 4, 18, Handler("fetch")),
    Api(2, 1, 11, Handler("list_offsets")),
    Api(3, 0, 13, Handler("metadata")),
    Api(8, 2, 10, Handler("offset_commit")),
    Api(9, 1, 10, Handler("offset_fetch")),
    Api(10, 0, 6, Handler("find_coordinator")),
    Api(11, 0, 9, Handler("join_group")),
    Api(12, 0, 4, Handler("heartbeat")),
    Api(13, 0, 5, Handler("leave_group")),
    Api(14, 0, 5, Handler("sync_group")),
    Api(15, 0, 6, Handler("describe_groups")),
    Api(16, 0, 5, Handler("list_groups")),
    Api(18, 0, 4, Handler("api_versions")),
    Api(19, 2, 7, Handler("create_topics")),
    Api(20, 1, 6, Handler("delete_topics")),
    Api(22, 0, 5, Handler("init_producer_id")),
    Api(32, 1, 4, Handler("describe_configs")),
    Api(42, 0, 2, Handler("delete_groups")),
    Api(60, 0, 2, Handler("describe_cluster")),
)
APIS = {api.key: api for api in _ROWS}
PRODUCE = 0
# Produce is listed from 0, as Apache Kafka does: librdkafka tells by it whether it may compress (KAFKA-18659).
ADVERTISED = tuple((api.key, 0 if api.key == PRODUCE else api.first, api.last) for api in _ROWS)
