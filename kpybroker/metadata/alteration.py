"""Decides on AlterConfigs and IncrementalAlterConfigs: what each resource has afterwards, or why nothing changes.

As in Kafka a broker looks first (ConfigAdminManager), the controller after it (ConfigurationControlManager).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from kpybroker.config.client_metrics import UnusableSubscription, check_client_metrics
from kpybroker.config.dynamic import applicable, check_dynamic
from kpybroker.config.groups import check_group
from kpybroker.config.loggers import LEVELS, ROOT, Loggers
from kpybroker.config.tables import broker, topic
from kpybroker.config.topics import check_topic
from kpybroker.config.values import Row, SettingError, java_number
from kpybroker.machine import Record
from kpybroker.metadata.controller import MINIMUM_IN_SYNC, Controller
from kpybroker.metadata.features import ELIGIBLE_LEADERS
from kpybroker.metadata.image import (
    BROKER_RESOURCE,
    GROUP_RESOURCE,
    LOGGER_RESOURCE,
    METRICS_RESOURCE,
    MOST_RECORDS,
    TOPIC_RESOURCE,
    Image,
)
from kpybroker.metadata.placement import Refused
from kpybroker.metadata.topic_names import refuse_name
from kpybroker.wire.errors import Error
from kpybroker.wire.schemas.cluster_state import ConfigRecord
from kpybroker.wire.schemas.cluster_topics import ClearElrRecord

SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3  # AlterConfigOp.OpType
OPERATIONS = (SET, DELETE, APPEND, SUBTRACT)
TWICE = Refused(Error.INVALID_REQUEST, "the request names this resource twice")
LONGEST_VALUE = 32_767
WITHOUT_DEFAULT = "process.roles"  # the one list of a broker that has to be given
# The lists that can be appended to and taken from: those of a group or a subscription cannot (KafkaConfigSchema).
_ROWS: dict[int, dict[str, Row]] = {TOPIC_RESOURCE: topic.SETTINGS, BROKER_RESOURCE: broker.SETTINGS}

Altered: TypeAlias = dict[str, str | None]  # by name; None: as if it had never been set


class Change(NamedTuple):
    name: str
    operation: int
    value: str | None


class Asked(NamedTuple):
    """A resource of a request; `replaced`: what the changes do not name goes."""

    kind: int
    name: str
    changes: tuple[Change, ...]
    replaced: bool = False


def alter(
    controller: Controller, node: int, loggers: Loggers, asked: Sequence[Asked], *, validate_only: bool
) -> tuple[tuple[Record, ...], list[Refused]]:
    """The records, and an error (NONE, if it is none) for each resource that was asked for. A wrong one keeps no other
    from changing."""
    counts = Counter((each.kind, each.name) for each in asked)
    first = [
        _look(controller, node, loggers, each, validate_only) if counts[each.kind, each.name] == 1 else TWICE
        for each in asked
    ]
    left = [each for each, done in zip(asked, first, strict=True) if done is None]
    if any(change.operation not in OPERATIONS for each in left for change in each.changes):
        failed = Refused(Error.UNKNOWN_SERVER_ERROR, None)  # an operation that is none breaks Kafka's whole request
        return (), [done or failed for done in first]
    values: list[ConfigRecord] = []
    answers: list[Refused] = []
    for each, done in zip(asked, first, strict=True):
        if done is not None:
            answers.append(done)
            continue
        made = _records(controller, each)
        answers.append(made if isinstance(made, Refused) else Refused(Error.NONE, None))
        values += [] if isinstance(made, Refused) else made
    if len(values) > MOST_RECORDS:
        excessive = Refused(Error.POLICY_VIOLATION, f"more than {MOST_RECORDS} configs would change at once")
        return (), [done or excessive for done in first]
    cleared = [
        ClearElrRecord(topic_name=value.resource_name if value.resource_type == TOPIC_RESOURCE else "")
        for value in values
        if value.name == MINIMUM_IN_SYNC and _has_eligible_leaders(controller.image)
    ]
    return () if validate_only else tuple(Record(None, value, 0) for value in (*values, *cleared)), answers


def _look(controller: Controller, node: int, loggers: Loggers, each: Asked, validate_only: bool) -> Refused | None:
    """What the broker that was asked says itself, without the controller; None where it has nothing to say."""
    if len({change.name for change in each.changes}) < len(each.changes):
        return Refused(Error.INVALID_REQUEST, "the request names a config of this resource twice")
    nothing = [change.name for change in each.changes if change.value is None and change.operation != DELETE]
    if nothing:
        return Refused(Error.INVALID_REQUEST, f"no value was given for {', '.join(nothing)}")
    if each.kind == LOGGER_RESOURCE and not each.replaced:
        return refuse_node(each.name, node) or _levels(loggers, each.changes, validate_only)
    if each.kind == BROKER_RESOURCE:
        return (refuse_node(each.name, node) if each.name else None) or _refuse_dynamic(controller, each)
    if each.kind in (TOPIC_RESOURCE, METRICS_RESOURCE, GROUP_RESOURCE):
        return None
    return Refused(Error.INVALID_REQUEST, f"resources of type {each.kind} have no configs to alter")


def refuse_node(name: str, node: int) -> Refused | None:
    """Why this is not the name of the broker that was asked."""
    number = java_number(name, 31)
    if number is None:
        return Refused(Error.INVALID_REQUEST, f"a broker's id is a number, not '{name}'")
    if number != node:
        return Refused(Error.INVALID_REQUEST, f"this is broker {node}, not '{name}'")
    return None


def _levels(loggers: Loggers, changes: Sequence[Change], validate_only: bool) -> Refused:
    """Sets levels; nothing is set where one of them is wrong."""
    for change in changes:
        if change.operation not in OPERATIONS:
            return Refused(Error.UNKNOWN_SERVER_ERROR, None)
        if change.operation in (APPEND, SUBTRACT):
            return Refused(Error.INVALID_REQUEST, "a logger has one level: set it")
        if change.name not in loggers.levels:
            return Refused(Error.INVALID_CONFIG, f"there is no logger {change.name}")
        if change.operation == DELETE and change.name == ROOT:
            return Refused(Error.INVALID_REQUEST, "the root logger keeps a level")
        if change.operation == SET and change.value not in LEVELS:
            return Refused(Error.INVALID_CONFIG, f"the level {change.value} is none of {', '.join(LEVELS)}")
    if not validate_only:
        loggers.levels.update({change.name: change.value for change in changes if change.value is not None})
    return Refused(Error.NONE, None)


def _refuse_dynamic(controller: Controller, each: Asked) -> Refused | None:
    """Why a broker does not let itself be told so while it runs."""
    one_broker = each.name != ""
    before: Mapping[str, str] = {}
    if not each.replaced:
        before = applicable(controller.image.configs.get((BROKER_RESOURCE, each.name), {}), one_broker=one_broker)
    if any(change.operation not in OPERATIONS for change in each.changes):
        return Refused(Error.INVALID_REQUEST, "there is no such operation on a config")
    altered = _altered(each, before)
    if isinstance(altered, Refused):
        return altered
    proposed = {name: text for name, text in {**before, **altered}.items() if text is not None}
    try:
        check_dynamic(controller.settings, proposed, one_broker=one_broker)
    except SettingError as error:
        return Refused(Error.INVALID_REQUEST, str(error))
    return None


def _records(controller: Controller, each: Asked) -> list[ConfigRecord] | Refused:
    """What the controller writes; of a value that stays as it is only a broker's is written again (KAFKA-14136)."""
    current = controller.image.configs.get((each.kind, each.name), {})
    altered = _altered(each, current)
    if isinstance(altered, Refused):
        return altered
    always = each.kind == BROKER_RESOURCE
    written = {name: text for name, text in altered.items() if always or current.get(name) != text}
    if each.replaced:
        written |= {name: None for name in current if name not in altered}
    after = {name: text for name, text in {**current, **written}.items() if text is not None}
    refused = (
        _refuse_minimum(controller.image, each, written) or _refuse_long(written) or _refuse(controller, each, after)
    )
    if refused is not None:
        return refused
    return [
        ConfigRecord(resource_type=each.kind, resource_name=each.name, name=name, value=text)
        for name, text in written.items()
    ]


def _altered(each: Asked, current: Mapping[str, str]) -> Altered | Refused:
    """What the changes make of each config that they name."""
    altered: Altered = {}
    for name, operation, value in each.changes:
        if operation in (SET, DELETE):
            altered[name] = value if operation == SET else None
            continue
        row = _ROWS.get(each.kind, {}).get(name)
        if row is None or row[0] != "list":
            return Refused(Error.INVALID_CONFIG, f"{name} is no list that can be extended or shortened")
        if name == WITHOUT_DEFAULT:
            return Refused(Error.UNKNOWN_SERVER_ERROR, None)  # for Kafka looks for the default to start from
        parts = [part for part in _split(current.get(name, row[1] or "")) if part]
        for part in _split(value or ""):
            if operation == APPEND and part not in parts:
                parts.append(part)
            elif operation == SUBTRACT and part in parts:
                parts.remove(part)
        altered[name] = ",".join(parts)
    return altered


def _split(text: str) -> list[str]:
    """As Java splits at commas: nothing empty at the end, but for an empty text itself."""
    return text.rstrip(",").split(",") if text.rstrip(",") or not text else []


def _has_eligible_leaders(image: Image) -> bool:
    return image.features.get(ELIGIBLE_LEADERS, 0) > 0


def _refuse_minimum(image: Image, each: Asked, written: Altered) -> Refused | None:
    """With eligible leader replicas the whole cluster has one minimum, always (KIP-966)."""
    if each.kind != BROKER_RESOURCE or MINIMUM_IN_SYNC not in written or not _has_eligible_leaders(image):
        return None
    if each.name:
        return Refused(Error.INVALID_CONFIG, f"{MINIMUM_IN_SYNC} is set for all brokers, not for one")
    if written[MINIMUM_IN_SYNC] is None:
        return Refused(Error.INVALID_CONFIG, f"{MINIMUM_IN_SYNC} of all brokers is kept")
    return None


def _refuse_long(written: Altered) -> Refused | None:
    for name, text in written.items():
        if text is not None and len(text.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_VALUE:
            return Refused(Error.INVALID_CONFIG, f"the value of {name} is longer than {LONGEST_VALUE}")
    return None


def _refuse(controller: Controller, each: Asked, after: Mapping[str, str]) -> Refused | None:
    """Why a resource cannot be as it would be afterwards; then, whether it is there at all."""
    try:
        if each.kind == TOPIC_RESOURCE:
            return _refuse_topic(controller, each.name, after)
        if each.kind == GROUP_RESOURCE:
            if not each.name:
                return Refused(Error.INVALID_REQUEST, "a group has a name")
            check_group(controller.settings, after)
        if each.kind == METRICS_RESOURCE:
            if not each.name:
                return Refused(Error.INVALID_REQUEST, "a subscription has a name")
            check_client_metrics(after)
    except SettingError as error:
        invalid = Error.INVALID_REQUEST if isinstance(error, UnusableSubscription) else Error.INVALID_CONFIG
        return Refused(invalid, str(error))
    return None


def _refuse_topic(controller: Controller, name: str, after: Mapping[str, str]) -> Refused | None:
    reason = refuse_name(name)
    if reason is not None:
        return Refused(Error.INVALID_TOPIC_EXCEPTION if name else Error.INVALID_REQUEST, reason)
    reason = check_topic(controller.settings, after)
    if reason is not None:
        return Refused(Error.INVALID_CONFIG, reason)
    if name not in controller.image.topics:
        return Refused(Error.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}")
    return None
