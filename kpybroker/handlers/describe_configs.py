"""DescribeConfigs (32): the settings of topics, brokers, loggers, groups and subscriptions, and where each comes from.

Versions: 0-4. Behaves: an empty list of keys, or none, is all of them; synonyms are told when asked for. A
resource of an unknown kind fails all that were asked for with it.
Version 0 has a place for what is a default, where Kafka 3.9 says of everything that it is none.
Differs from Kafka: the documentation of a setting is null: Kafka's own text is not ours to give; the root logger is
the only one.
"""

from __future__ import annotations

from kpybroker.config.describe import (
    Entry,
    describe_broker,
    describe_brokers,
    describe_client_metrics,
    describe_group,
    describe_loggers,
    describe_topic,
)
from kpybroker.machine import Call
from kpybroker.metadata.alteration import refuse_node
from kpybroker.metadata.image import (
    BROKER_RESOURCE,
    GROUP_RESOURCE,
    LOGGER_RESOURCE,
    METRICS_RESOURCE,
    TOPIC_RESOURCE,
)
from kpybroker.metadata.placement import Refused
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.state import State
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse

Resource = DescribeConfigsRequest.DescribeConfigsResource
Result = DescribeConfigsResponse.DescribeConfigsResult
ConfigEntry = Result.DescribeConfigsResourceResult
KINDS = (TOPIC_RESOURCE, BROKER_RESOURCE, LOGGER_RESOURCE, METRICS_RESOURCE, GROUP_RESOURCE)


def describe_configs(state: State, call: Call) -> DescribeConfigsResponse:
    request: DescribeConfigsRequest = call.request
    unknown = [resource.resource_type for resource in request.resources if resource.resource_type not in KINDS]
    if unknown:
        reason = f"resources of type {unknown[0]} are not described here"
        refused = [_result(resource, Error.INVALID_REQUEST, reason, []) for resource in request.resources]
        return DescribeConfigsResponse(throttle_time_ms=0, results=refused)
    results = []
    for resource in request.resources:
        found = _describe(state, resource)
        if isinstance(found, Refused):
            results.append(_result(resource, found.error, found.message, []))
        else:
            entries = [_entry(entry, request.include_synonyms) for entry in found]
            results.append(_result(resource, Error.NONE, "", entries))
    return DescribeConfigsResponse(throttle_time_ms=0, results=results)


def _describe(state: State, resource: Resource) -> list[Entry] | Refused:
    kind, name = resource.resource_type, resource.resource_name
    keys = resource.configuration_keys or None
    overrides = state.image.configs.get((kind, name), {})
    refused = _refuse(state, kind, name)
    if refused is not None:
        return refused
    if kind == TOPIC_RESOURCE:
        return describe_topic(state.settings, overrides, keys)
    if kind == BROKER_RESOURCE:
        return describe_broker(state.settings, keys) if name else describe_brokers(state.settings, keys)
    if kind == LOGGER_RESOURCE:
        return describe_loggers(state.loggers, keys)
    if kind == METRICS_RESOURCE:
        return describe_client_metrics(overrides, keys)
    return describe_group(state.settings, overrides, keys)


def _refuse(state: State, kind: int, name: str) -> Refused | None:
    """Why there is no such resource to describe."""
    if kind == TOPIC_RESOURCE:
        reason = refuse_name(name)
        if reason is not None:
            return Refused(Error.INVALID_TOPIC_EXCEPTION, reason)
        return None if name in state.image.topics else Refused(Error.UNKNOWN_TOPIC_OR_PARTITION, "")
    if kind in (BROKER_RESOURCE, LOGGER_RESOURCE) and (name or kind == LOGGER_RESOURCE):
        return refuse_node(name, state.node_id)
    if kind in (METRICS_RESOURCE, GROUP_RESOURCE) and not name:
        return Refused(Error.INVALID_REQUEST, "it has to be named")
    return None


def _entry(entry: Entry, include_synonyms: bool) -> ConfigEntry:
    synonyms = [
        ConfigEntry.DescribeConfigsSynonym(name=name, value=value, source=source)
        for name, value, source in (entry.synonyms if include_synonyms else ())
    ]
    return ConfigEntry(
        name=entry.name,
        value=entry.value,
        read_only=entry.read_only,
        config_source=entry.config_source,
        is_sensitive=entry.is_sensitive,
        synonyms=synonyms,
        config_type=entry.config_type,
        documentation=entry.documentation,
    )


def _result(resource: Resource, error: Error, message: str | None, configs: list[ConfigEntry]) -> Result:
    return Result(
        error_code=error,
        error_message=message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=configs,
    )
