"""DescribeConfigs (32): the settings of topics, brokers, groups and metrics subscriptions, and where each comes from.

Versions: 1-4. Behaves: an empty list of keys, or none, is all of them; synonyms are told when asked for.
Differs from Kafka: the documentation of a setting is null: Kafka's own text is not ours to give.
"""

from __future__ import annotations

from kpybroker.config.describe import (
    Entry,
    describe_broker,
    describe_brokers,
    describe_client_metrics,
    describe_group,
    describe_topic,
)
from kpybroker.machine import Call
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse

Resource = DescribeConfigsRequest.DescribeConfigsResource
Result = DescribeConfigsResponse.DescribeConfigsResult
ConfigEntry = Result.DescribeConfigsResourceResult
LONGEST_ID = len("-2147483648")
TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32  # ConfigResource.Type


def describe_configs(state: State, call: Call) -> DescribeConfigsResponse:
    request: DescribeConfigsRequest = call.request
    results = []
    for resource in request.resources:
        found = _describe(state, resource)
        if isinstance(found, tuple):
            results.append(_result(resource, found[0], found[1], []))
        else:
            entries = [_entry(entry, request.include_synonyms) for entry in found]
            results.append(_result(resource, Error.NONE, "", entries))
    return DescribeConfigsResponse(throttle_time_ms=0, results=results)


def _describe(state: State, resource: Resource) -> list[Entry] | tuple[Error, str]:
    kind, name = resource.resource_type, resource.resource_name
    keys = resource.configuration_keys or None
    overrides = state.image.configs.get((kind, name), {})
    if kind == TOPIC:
        reason = refuse_name(name)
        if reason is not None:
            return Error.INVALID_TOPIC_EXCEPTION, reason
        if name not in state.image.topics:
            return Error.UNKNOWN_TOPIC_OR_PARTITION, ""
        return describe_topic(state.settings, overrides, keys)
    if kind == BROKER:
        if not name:
            return describe_brokers(state.settings, keys)
        if len(name) > LONGEST_ID or not name.removeprefix("-").isdecimal():
            return Error.INVALID_REQUEST, f"a broker's id is a number, not '{name}'"
        if int(name) != state.node_id:
            return Error.INVALID_REQUEST, f"this is broker {state.node_id}, and '{name}' was asked for"
        return describe_broker(state.settings, keys)
    if kind == CLIENT_METRICS:
        return describe_client_metrics(overrides, keys)
    if kind == GROUP:
        return describe_group(state.settings, overrides, keys)
    return Error.INVALID_REQUEST, f"resources of type {kind} are not described here"


def _entry(entry: Entry, include_synonyms: bool) -> ConfigEntry:
    synonyms = [
        ConfigEntry.DescribeConfigsSynonym(name=name, value=value, source=source)
        for name, value, source in (entry.synonyms if include_synonyms else ())
    ]
    return ConfigEntry(
        name=entry.name,
        value=entry.value,
        read_only=entry.read_only,
        is_default=entry.is_default,
        config_source=entry.config_source,
        is_sensitive=entry.is_sensitive,
        synonyms=synonyms,
        config_type=entry.config_type,
        documentation=entry.documentation,
    )


def _result(resource: Resource, error: Error, message: str, configs: list[ConfigEntry]) -> Result:
    return Result(
        error_code=error,
        error_message=message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=configs,
    )
