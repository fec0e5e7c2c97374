"""The table of handlers: which API is answered, in which versions, by which function. Nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kpybroker.machine import Api, Call
from kpybroker.releases import LATEST, Offer, Versions, is_since, table

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
    Api(0, 0, 13, Handler("produce")),
    Api(1, 0, 18, Handler("fetch")),
    Api(2, 0, 11, Handler("list_offsets")),
    Api(3, 0, 13, Handler("metadata")),
    Api(8, 0, 10, Handler("offset_commit")),
    Api(9, 0, 10, Handler("offset_fetch")),
    Api(10, 0, 6, Handler("find_coordinator")),
    Api(11, 0, 9, Handler("join_group")),
    Api(12, 0, 4, Handler("heartbeat")),
    Api(13, 0, 5, Handler("leave_group")),
    Api(14, 0, 5, Handler("sync_group")),
    Api(15, 0, 6, Handler("describe_groups")),
    Api(16, 0, 5, Handler("list_groups")),
    Api(17, 0, 1, Handler("sasl_handshake")),
    Api(18, 0, 4, Handler("api_versions")),
    Api(19, 0, 7, Handler("create_topics")),
    Api(20, 0, 6, Handler("delete_topics")),
    Api(21, 0, 2, Handler("delete_records")),
    Api(22, 0, 5, Handler("init_producer_id")),
    Api(23, 0, 4, Handler("offset_for_leader_epoch")),
    Api(29, 0, 3, Handler("describe_acls")),
    Api(30, 0, 3, Handler("create_acls")),
    Api(31, 0, 3, Handler("delete_acls")),
    Api(32, 0, 4, Handler("describe_configs")),
    Api(33, 0, 2, Handler("alter_configs")),
    Api(34, 0, 2, Handler("alter_replica_log_dirs")),
    Api(35, 0, 5, Handler("describe_log_dirs")),
    Api(36, 0, 2, Handler("sasl_authenticate")),
    Api(37, 0, 3, Handler("create_partitions")),
    Api(38, 0, 3, Handler("create_delegation_token")),
    Api(39, 0, 2, Handler("renew_delegation_token")),
    Api(40, 0, 2, Handler("expire_delegation_token")),
    Api(41, 0, 3, Handler("describe_delegation_token")),
    Api(42, 0, 2, Handler("delete_groups")),
    Api(43, 0, 2, Handler("elect_leaders")),
    Api(44, 0, 1, Handler("incremental_alter_configs")),
    Api(45, 0, 1, Handler("alter_partition_reassignments")),
    Api(46, 0, 0, Handler("list_partition_reassignments")),
    Api(47, 0, 0, Handler("offset_delete")),
    Api(48, 0, 1, Handler("describe_client_quotas")),
    Api(49, 0, 1, Handler("alter_client_quotas")),
    Api(50, 0, 0, Handler("describe_user_scram_credentials")),
    Api(51, 0, 0, Handler("alter_user_scram_credentials")),
    Api(55, 0, 2, Handler("describe_quorum")),
    Api(57, 0, 2, Handler("update_features")),
    Api(60, 0, 2, Handler("describe_cluster")),
    Api(61, 0, 0, Handler("describe_producers")),
    Api(64, 0, 0, Handler("unregister_broker")),
    Api(71, 0, 0, Handler("get_telemetry_subscriptions")),
    Api(72, 0, 0, Handler("push_telemetry")),
    Api(74, 0, 1, Handler("list_config_resources")),
    Api(75, 0, 0, Handler("describe_topic_partitions")),
    Api(80, 0, 1, Handler("add_raft_voter")),
    Api(81, 0, 0, Handler("remove_raft_voter")),
)
APIS = {api.key: api for api in _ROWS}
PRODUCE, TELEMETRY = 0, (71, 72)


@cache
def offered(release: str = "", *, strict: bool = False) -> Offer:
    """What is offered as one of RELEASES: its table, whole. As none: the tables of 4.3 and 3.9, as far as we go.

    Strictly, no release is the latest.
    """
    if release == "" and not strict:
        return _everything()
    shown = release or LATEST
    listed = table(shown)
    answered = dict(listed)
    if is_since(shown, "4.0"):
        answered[PRODUCE] = Versions(3, listed[PRODUCE].last)
    if is_since(shown, "3.7"):
        # Kafka answers these always, and lists them only where a receiver is plugged in (KIP-714).
        answered |= {key: _ours(APIS[key]) for key in TELEMETRY}
    return Offer(shown, listed, answered)


def _everything() -> Offer:
    answered = {api.key: _ours(api) for api in _ROWS}
    listed = {key: own for key, own in answered.items() if key not in TELEMETRY}  # which no Kafka lists by itself
    # Produce is listed from 0, as Apache Kafka does: librdkafka tells by it whether it may compress (KAFKA-18659).
    listed[PRODUCE] = Versions(0, listed[PRODUCE].last)
    return Offer(LATEST, listed, answered)


def _ours(api: Api) -> Versions:
    return Versions(api.first, api.last)
