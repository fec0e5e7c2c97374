"""What differs from run to run is replaced by symbols, by the rules declared here and by no others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

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
    Rule("finalized_features_epoch", "epoch!", "the metadata log's offset, which depends on everything before"),
    Rule("documentation", "text!", "prose for people; whether there is any is compared"),
)
CLOCK = {  # fields that hold the broker's time, or a time which the case gave: only the first kind is replaced
    "log_append_time_ms",
    "timestamp",
    "base_timestamp",
    "max_timestamp",
}
ORDERS = (
    Order("Metadata.topics", ("name", "topic_id"), "the order of a hash map"),
    Order("Metadata.brokers", ("node_id",), "the order of a hash map"),
    Order("ListGroups.groups", ("group_id",), "the order of a hash map"),
    Order("DescribeConfigs.configs", ("name",), "the order of a hash map"),
    Order("CreateTopics.configs", ("name",), "the order of a hash map"),
    Order("CreateTopics.topics", ("name",), "the order of a hash map"),
    Order("DeleteTopics.responses", ("name", "error_code"), "the order of a hash map"),
    Order("Produce.responses", ("name", "topic_id"), "the order of a hash map"),
    Order("Produce.partition_responses", ("index",), "the order of a hash map"),
    Order("ListOffsets.topics", ("name",), "the order of a hash map"),
    Order("ListOffsets.partitions", ("partition_index",), "the order of a hash map"),
    Order("OffsetFetch.topics", ("name", "topic_id"), "the order of a hash map, where all topics are asked for"),
    Order("OffsetFetch.partitions", ("partition_index",), "the order of a hash map, where all topics are asked for"),
    Order("DeleteGroups.results", ("group_id",), "as the groups' partitions answer"),
    Order("JoinGroup.members", ("group_instance_id", "member_id"), "a hash map; client ids lead member ids"),
    Order("DescribeGroups.groups", ("group_id",), "as the groups' partitions answer"),
    Order("DescribeGroups.members", ("group_instance_id", "member_id"), "the order of a hash map"),
    Order("ApiVersions.supported_features", ("name",), "the order of a hash map"),
    Order("ApiVersions.finalized_features", ("name",), "the order of a hash map"),
    Order("ApiVersions.api_keys", ("api_key",), "the order of a hash map"),
)
SHARED = {  # answers about everything there is: what other cases made is left out
    "Metadata.topics": "name",
    "ListGroups.groups": "group_id",
}
STARTER = {  # broker configs that whoever started the broker had to set, or that say on what machine it is
    *("process.roles", "node.id", "broker.id", "controller.quorum.voters", "listeners", "advertised.listeners"),
    *("controller.listener.names", "listener.security.protocol.map", "log.dirs", "log.dir", "num.partitions"),
    *("offsets.topic.replication.factor", "transaction.state.log.replication.factor"),
    *("transaction.state.log.min.isr", "group.initial.rebalance.delay.ms", "log.initial.task.delay.ms"),
}
OTHERS = ("__transaction_state",)
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LONG_NUMBER = re.compile(r"\d{13,}")
BY_FIELD = {rule.field: rule.symbol for rule in RULES}
BY_ARRAY = {order.array: order.by for order in ORDERS}


class Normaliser:
    """Replaces what is volatile in the answers of one case: the same value gets the same symbol all along."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
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
            value = [v for v in value if self._is_ours(v[key])]
        if path == "DescribeConfigs.configs":
            value = [v for v in value if v["name"] not in STARTER]
        if (by := BY_ARRAY.get(path)) is not None:
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
