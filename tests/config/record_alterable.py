"""Records what a running Kafka lets itself be told: python record_alterable.py HOST:PORT OUT.json"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kpybroker.config.tables import broker
from kpybroker.wire.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from tests.config.record_describe import BROKER, Kafka

INVALID_REQUEST = 42  # said by the broker that was asked; INVALID_CONFIG comes from the controller
TEXTS = (
    *("", "0", "1", "-1", "-2", "3", "16", "100", "5000", "1048576", "2147483647", "9223372036854775807"),
    *("true", "NaN", "0.5", "x", "a,b", ",", "*", "compact", "gzip", "h:5"),
    "org.apache.kafka.common.metrics.JmxReporter",
)
OF_ONE_LISTENER = (
    "listener.name.plaintext.max.connections",
    "listener.name.plaintext.max.connection.creation.rate",
    "listener.name.plaintext.num.network.threads",
    "listener.name.plaintext.ssl.keystore.location",
    "listener.name.other.max.connections",
    "listener.name.other.num.network.threads",
    "listener.name.other.max.connections.per.ip",
    "listener.name.other.no.such",
)
NAMES = (*broker.SETTINGS, *broker.DYNAMIC_ONLY, *OF_ONE_LISTENER, "my.own", "")


def is_taken(kafka: Kafka, resource_name: str, name: str, text: str) -> bool:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    change = resource(
        resource_type=BROKER,
        resource_name=resource_name,
        configs=[resource.AlterableConfig(name=name, config_operation=0, value=text)],
    )
    request = IncrementalAlterConfigsRequest(resources=[change], validate_only=True)
    answer = kafka.ask(44, 1, request, IncrementalAlterConfigsResponse).responses[0]
    assert answer.error_code in (0, 40, INVALID_REQUEST), answer
    return bool(answer.error_code != INVALID_REQUEST)


def record(address: str) -> dict[str, Any]:
    """For each name one letter a text: y is taken, n is refused."""
    kafka = Kafka(address)
    return {"texts": TEXTS} | {
        which: {
            name: "".join("y" if is_taken(kafka, resource_name, name, text) else "n" for text in TEXTS)
            for name in NAMES
        }
        for which, resource_name in (("one broker", "1"), ("all brokers", ""))
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(record(sys.argv[1]), indent=0) + "\n")
