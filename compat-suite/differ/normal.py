"""What differs from run to run is replaced by symbols, by the rules declared here and by no others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from differ.served import LATEST

NOTHING = ("", 0, -1, None, "A" * 22)  # an absent id or address stays as it is: absent is an answer
NAME_START = "differ-"


class Rule(NamedTuple):
    """A field (by its name, wherever it is) whose value is replaced, how, and why."""

    field: str
    symbol: str  # numbered by first appearance in a case, unless it ends with "!"
    reason: str


class Order(NamedTuple):
    """An array whose order is not Kafka's promise: sorted by these fields before anything is numbered."""

    array: str
    by: tuple[str, ...]
    reason: str


RULES = (
    Rule("topic_id", "topic", "random for each topic"),
    Rule("cluster_id", "cluster", "random for each data directory"),
    Rule("producer_id", "producer", "depends on what was asked before"),
    Rule("session_id", "session", "random for each fetch session"),
    Rule("host", "host!", "where the broker runs"),
    Rule("port", "port!", "where the broker runs"),
    Rule("log_dir", "directory!", "where the broker keeps its data"),
    Rule("total_bytes", "bytes!", "the size of that disk"),
    Rule("usable_bytes", "bytes!", "what is left of that disk"),
    Rule("finalized_features_epoch", "epoch!", "the metadata log's offset, which depends on everything before"),
    Rule("documentation", "text!", "prose for people; whether there is any is compared"),
)
CLOCK = {  # fields that hold the broker's time, or a time which the case gave: only the first kind is replaced
    "log_append_time_ms",
    "last_fetch_timestamp",
    "last_timestamp",
    "last_caught_up_timestamp",
    "timestamp",
    "base_timestamp",
    "max_timestamp",
}
ORDERS = (
    Order("Metadata.topics", ("name", "topic_id"), "the order of a hash map"),
    Order("Metadata.brokers", ("node_id",), "the order of a hash map"),
    Order("ListGroups.groups", ("group_id",), "the order of a hash map"),
    Order("DescribeConfigs.configs", ("name",), "the order of a hash map"),
    Order("ListConfigResources.config_resources", ("resource_type", "resource_name"), "the order of a hash map"),
    Order("CreateTopics.configs", ("name",), "the order of a hash map"),
    Order("CreateTopics.topics", ("name",), "the order of a hash map"),
    Order("DeleteTopics.responses", ("name", "error_code", "topic_id"), "the order of a hash map"),
    Order("CreatePartitions.results", ("name",), "the order of a hash map"),
    Order("ElectLeaders.replica_election_results", ("topic",), "the order of a hash map, where all are asked for"),
    Order("Produce.responses", ("name", "topic_id"), "the order of a hash map"),
    Order("Produce.partition_responses", ("index",), "the order of a hash map"),
    Order("ListOffsets.topics", ("name",), "the order of a hash map"),
    Order("ListOffsets.partitions", ("partition_index",), "the order of a hash map"),
    Order("OffsetFetch.topics", ("name", "topic_id"), "the order of a hash map, where all topics are asked for"),
    Order("OffsetFetch.partitions", ("partition_index",), "the order of a hash map, where all topics are asked for"),
    Order("DeleteRecords.topics", ("name",), "the order of a hash map"),
    Order("DeleteRecords.partitions", ("partition_index",), "the order of a hash map"),
    Order("DescribeLogDirs.topics", ("name",), "the order of a hash map"),
    Order("DescribeLogDirs.partitions", ("partition_index",), "the order of a hash map"),
    Order("AlterReplicaLogDirs.results", ("topic_name",), "the order of a hash map"),
    Order("AlterReplicaLogDirs.partitions", ("partition_index",), "the order of a hash map"),
    Order("DescribeProducers.active_producers", ("producer_id",), "the order of a hash map"),
    Order("DeleteGroups.results", ("group_id",), "as the groups' partitions answer"),
    Order("JoinGroup.members", ("group_instance_id", "member_id"), "a hash map; client ids lead member ids"),
    Order("DescribeGroups.groups", ("group_id",), "as the groups' partitions answer"),
    Order("DescribeGroups.members", ("group_instance_id", "member_id"), "the order of a hash map"),
    Order("DescribeClientQuotas.entries", ("entity",), "the order of a hash map"),
    Order("DescribeClientQuotas.entity", ("entity_type",), "the order of a hash map"),
    Order("DescribeClientQuotas.values", ("key",), "the order of a hash map"),
    Order("AlterClientQuotas.entries", ("entity",), "the order of a hash map"),
    Order("AlterClientQuotas.entity", ("entity_type",), "the order of a hash map"),
    Order("DescribeUserScramCredentials.results", ("user",), "the order of a hash map"),
    Order("DescribeUserScramCredentials.credential_infos", ("mechanism",), "the order of a hash map"),
    Order("AlterUserScramCredentials.results", ("user",), "the order of a hash map"),
    Order("ApiVersions.supported_features", ("name",), "the order of a hash map"),
    Order("ApiVersions.finalized_features", ("name",), "the order of a hash map"),
    Order("ApiVersions.api_keys", ("api_key",), "the order of a hash map"),
)
ORDERS_OF = {  # what only this release leaves to chance
    "3.9.1": (Order("Metadata.partitions", ("partition_index",), "the order of a hash map"),),
}
SHARED = {  # answers about everything there is: what other cases made is left out
    "Metadata.topics": "name",
    "ListGroups.groups": "group_id",
    "DescribeLogDirs.topics": "name",
    "ElectLeaders.replica_election_results": "topic",
    "ListConfigResources.config_resources": "resource_name",
}
LEFT_BEHIND = {("ListGroups.groups", "")}  # a group like any other, which many cases use
STARTER = {  # broker configs that whoever started the broker had to set, or that say on what machine it is
    *("process.roles", "node.id", "broker.id", "controller.quorum.voters", "listeners", "advertised.listeners"),
    *("controller.listener.names", "listener.security.protocol.map", "log.dirs", "log.dir", "num.partitions"),
    *("offsets.topic.replication.factor", "transaction.state.log.replication.factor"),
    *("transaction.state.log.min.isr", "group.initial.rebalance.delay.ms", "log.initial.task.delay.ms"),
}
OTHERS = ("__transaction_state", "__share_group_state")
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LONG_NUMBER = re.compile(r"\d{13,}")
BY_FIELD = {rule.field: rule.symbol for rule in RULES}


class Normaliser:
    """Replaces what is volatile in the answers of one case: the same value gets the same symbol all along."""

    def __init__(self, prefix: str, release: str = LATEST) -> None:
        self.prefix = prefix
        self.orders = {order.array: order.by for order in (*ORDERS, *ORDERS_OF.get(release, ()))}
        self.began_ms = int(time.time() * 1000) - 60_000
        self.symbols: dict[tuple[str, Any], str] = {}
        self.unsettled: dict[str, str] = {}  # fields that a case declares open, with the reason

    def answer(self, api: str, value: dict[str, Any]) -> dict[str, Any]:
        def order(name: str, inner: Any) -> Any:
            return self._order(f"{api}.{name}", inner)

        # ordered by names first, so that the numbers are stable; then by the symbols
        named = self._walk(self._walk(value, order), self._replace)
        made: dict[str, Any] = self._walk(self._walk(named, order), self._reword)
        return made

    def know(self, kind: str, value: Any) -> None:
        """Numbers a value before it appears in an answer."""
        self._symbol(kind, value)

    def _walk(self, value: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
        value = change(name, value)
        if isinstance(value, dict):
            return {key: self._walk(inner, change, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._walk(inner, change) for inner in value]
        return value

    def _order(self, path: str, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if (key := SHARED.get(path)) is not None:
            value = [v for v in value if self._is_ours(v[key]) and (path, v[key]) not in LEFT_BEHIND]
        if path == "DescribeLogDirs.topics":  # how full the internal topics are depends on every case before
            value = [v for v in value if not v["name"].startswith("__")]
        if path == "DescribeConfigs.configs":
            value = [v for v in value if v["name"] not in STARTER]
        if (by := self.orders.get(path)) is not None:
            return sorted(value, key=lambda v: [_sortable(v.get(field)) for field in by])
        return value

    def _is_ours(self, name: str | None) -> bool:
        if name is None or not name.startswith((NAME_START, *OTHERS)):
            return True
        return name.startswith(self.prefix)

    def _replace(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            value = UUID_TEXT.sub(lambda found: self._symbol("uuid", found[0]), value)
        if name in self.unsettled:
            return "<either>"
        if name in CLOCK and isinstance(value, int) and value >= self.began_ms:
            return "<now>"
        if name not in BY_FIELD or value in NOTHING or isinstance(value, (dict, list)):
            return value
        symbol = BY_FIELD[name]
        return f"<{symbol[:-1]}>" if symbol.endswith("!") else self._symbol(symbol, value)

    def _symbol(self, kind: str, value: Any) -> str:
        number = 1 + sum(k == kind for k, _ in self.symbols)
        return self.symbols.setdefault((kind, value), f"<{kind}-{number}>")

    def _reword(self, name: str, value: Any) -> Any:
        """Ids and times inside sentences."""
        if isinstance(value, str) and name.endswith("message"):
            for (_, known), symbol in self.symbols.items():
                if isinstance(known, str):
                    value = value.replace(known, symbol)
            value = LONG_NUMBER.sub("<number>", value)
        return value


def _sortable(value: Any) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))
