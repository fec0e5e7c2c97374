"""The table of handlers: which API is answered, in which versions, by which function. Nothing registers itself."""

from __future__ import annotations

from kpybroker.handlers.api_versions import api_versions
from kpybroker.handlers.create_topics import create_topics
from kpybroker.handlers.delete_groups import delete_groups
from kpybroker.handlers.delete_topics import delete_topics
from kpybroker.handlers.describe_cluster import describe_cluster
from kpybroker.handlers.describe_configs import describe_configs
from kpybroker.handlers.describe_groups import describe_groups
from kpybroker.handlers.fetch import fetch
from kpybroker.handlers.find_coordinator import find_coordinator
from kpybroker.handlers.heartbeat import heartbeat
from kpybroker.handlers.init_producer_id import init_producer_id
from kpybroker.handlers.join_group import join_group
from kpybroker.handlers.leave_group import leave_group
from kpybroker.handlers.list_groups import list_groups
from kpybroker.handlers.list_offsets import list_offsets
from kpybroker.handlers.metadata import metadata
from kpybroker.handlers.offset_commit import offset_commit
from kpybroker.handlers.offset_fetch import offset_fetch
from kpybroker.handlers.produce import produce
from kpybroker.handlers.sync_group import sync_group
from kpybroker.machine import Api

_ROWS = (
    Api(0, 3, 13, produce),
    Api(1, 4, 18, fetch),
    Api(2, 1, 11, list_offsets),
    Api(3, 0, 13, metadata),
    Api(8, 2, 10, offset_commit),
    Api(9, 1, 10, offset_fetch),
    Api(10, 0, 6, find_coordinator),
    Api(11, 0, 9, join_group),
    Api(12, 0, 4, heartbeat),
    Api(13, 0, 5, leave_group),
    Api(14, 0, 5, sync_group),
    Api(15, 0, 6, describe_groups),
    Api(16, 0, 5, list_groups),
    Api(18, 0, 4, api_versions),
    Api(19, 2, 7, create_topics),
    Api(20, 1, 6, delete_topics),
    Api(22, 0, 5, init_producer_id),
    Api(32, 1, 4, describe_configs),
    Api(42, 0, 2, delete_groups),
    Api(60, 0, 2, describe_cluster),
)
APIS = {api.key: api for api in _ROWS}
PRODUCE = 0
# Produce is listed from 0, as Apache Kafka does: librdkafka tells by it whether it may compress (KAFKA-18659).
ADVERTISED = tuple((api.key, 0 if api.key == PRODUCE else api.first, api.last) for api in _ROWS)
