"""Records what a real Kafka describes and refuses: python record_describe.py HOST:PORT SERVER_PROPERTIES OUT.json"""

from __future__ import annotations

import json
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from kpybroker.config.properties import read_properties
from kpybroker.wire.decode import decoder
from kpybroker.wire.encode import encode
from kpybroker.wire.header import RequestHeader
from kpybroker.wire.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse
from kpybroker.wire.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

TOPIC, BROKER, CLIENT_METRICS, GROUP = 2, 4, 16, 32
OVERRIDES = {
    "plain": {},
    "told": {
        "retention.ms": "60000",
        "segment.ms": " 1000 ",
        "cleanup.policy": "compact, delete",
        "min.cleanable.dirty.ratio": "1e-4",
        "preallocate": "TRUE",
        "compression.type": "zstd",
        "flush.ms": "+5",
        "leader.replication.throttled.replicas": "0:1",
    },
}
REFUSED: list[dict[str, str | None]] = [
    {"retention.mss": "1"},
    {"retention.ms": "abc"},
    {"retention.ms": "1_000"},
    {"retention.ms": "-2"},
    {"retention.ms": "9223372036854775808"},
    {"retention.ms": None},
    {"segment.bytes": "1048575"},
    {"segment.bytes": "2147483648"},
    {"segment.bytes": "1.5"},
    {"segment.ms": "0"},
    {"segment.index.bytes": "3"},
    {"cleanup.policy": "deleted"},
    {"cleanup.policy": "delete,delete"},
    {"cleanup.policy": "delete,"},
    {"preallocate": "yes"},
    {"min.cleanable.dirty.ratio": "1.1"},
    {"min.cleanable.dirty.ratio": "-0.1"},
    {"min.cleanable.dirty.ratio": "half"},
    {"min.insync.replicas": "0"},
    {"compression.type": "brotli"},
    {"compression.type": "GZIP"},
    {"compression.gzip.level": "0"},
    {"compression.gzip.level": "10"},
    {"compression.lz4.level": "18"},
    {"compression.zstd.level": "23"},
    {"message.timestamp.type": "logappendtime"},
    {"message.timestamp.before.max.ms": "-1"},
    {"leader.replication.throttled.replicas": "0:1,2"},
    {"follower.replication.throttled.replicas": "all"},
    {"min.compaction.lag.ms": "2", "max.compaction.lag.ms": "1"},
    {"max.compaction.lag.ms": "0"},
    {"local.retention.ms": "-3"},
    {"max.message.bytes": "-1"},
    {"remote.storage.enable": "true"},
]
ACCEPTED: list[dict[str, str | None]] = [
    {"cleanup.policy": ""},
    {"cleanup.policy": "compact,delete"},
    {"retention.bytes": "-5"},
    {"retention.ms": "-1"},
    {"segment.bytes": "1048576"},
    {"internal.segment.bytes": "100"},
    {"compression.gzip.level": "-1"},
    {"leader.replication.throttled.replicas": "*"},
    {"leader.replication.throttled.replicas": ""},
    {"min.cleanable.dirty.ratio": "1"},
    {"flush.ms": " 7 "},
    {"preallocate": "True"},
]


class Kafka:
    """A connection that asks one thing at a time."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.stream = self.socket.makefile("rb")

    def ask(self, key: int, version: int, request: Any, response: Any) -> Any:
        header = RequestHeader(
            request_api_key=key, request_api_version=version, correlation_id=1, client_id="record_describe"
        )
        frame = encode(header, 2) + encode(request, version)
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)
        size = struct.unpack(">i", self.stream.read(4))[0]
        answer = self.stream.read(size)
        return decoder(response, version)(memoryview(answer), 5)[0]  # correlation id, no tagged fields

    def create(self, name: str, configs: dict[str, str | None], *, validate_only: bool) -> Any:
        creatable = CreateTopicsRequest.CreatableTopic
        topic = creatable(
            name=name,
            num_partitions=1,
            replication_factor=1,
            assignments=[],
            configs=[creatable.CreatableTopicConfig(name=n, value=v) for n, v in configs.items()],
        )
        request = CreateTopicsRequest(topics=[topic], timeout_ms=5000, validate_only=validate_only)
        return self.ask(19, 7, request, CreateTopicsResponse).topics[0]

    def alter(self, kind: int, name: str, configs: dict[str, str]) -> None:
        resource = IncrementalAlterConfigsRequest.AlterConfigsResource
        change = resource(
            resource_type=kind,
            resource_name=name,
            configs=[resource.AlterableConfig(name=n, config_operation=0, value=v) for n, v in configs.items()],
        )
        request = IncrementalAlterConfigsRequest(resources=[change], validate_only=False)
        result = self.ask(44, 1, request, IncrementalAlterConfigsResponse).responses[0]
        assert result.error_code == 0, result

    def describe(self, kind: int, name: str) -> list[Any]:
        resource = DescribeConfigsRequest.DescribeConfigsResource(
            resource_type=kind, resource_name=name, configuration_keys=None
        )
        request = DescribeConfigsRequest(resources=[resource], include_synonyms=True, include_documentation=False)
        result = self.ask(32, 4, request, DescribeConfigsResponse).results[0]
        assert result.error_code == 0, result
        return sorted(
            [
                entry.name,
                entry.value,
                entry.read_only,
                entry.config_source,
                entry.is_sensitive,
                entry.config_type,
                [[each.name, each.value, each.source] for each in entry.synonyms],
            ]
            for entry in result.configs
        )


def record(address: str, properties: dict[str, str]) -> dict[str, Any]:
    kafka = Kafka(address)
    for name, overrides in OVERRIDES.items():
        made = kafka.create(name, dict(overrides), validate_only=False)
        assert made.error_code in (0, 36), made  # 36: it is there already
    kafka.alter(GROUP, "told", {"consumer.session.timeout.ms": "50000", "share.auto.offset.reset": "earliest"})
    kafka.alter(CLIENT_METRICS, "told", {"interval.ms": "1000", "match": "client_id=.*"})
    answers = [(configs, kafka.create("refused", configs, validate_only=True)) for configs in REFUSED + ACCEPTED]
    return {
        "properties": properties,
        "topic": {
            name: {"overrides": made, "entries": kafka.describe(TOPIC, name)} for name, made in OVERRIDES.items()
        },
        "broker": kafka.describe(BROKER, properties["node.id"]),
        "cluster": kafka.describe(BROKER, ""),
        "group": {name: kafka.describe(GROUP, name) for name in OVERRIDES},
        "client metrics": {name: kafka.describe(CLIENT_METRICS, name) for name in OVERRIDES},
        "create": [
            {"configs": configs, "code": answer.error_code, "message": answer.error_message}
            for configs, answer in answers
        ],
    }


if __name__ == "__main__":
    given = read_properties(Path(sys.argv[2]).read_bytes())
    Path(sys.argv[3]).write_text(json.dumps(record(sys.argv[1], given), indent=0) + "\n")
