"""Decides on AlterClientQuotas: which entities and limits there may be, and the records that set and remove them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address

from kpybroker.machine import Call, Record
from kpybroker.metadata.controller import Controller
from kpybroker.metadata.image import MOST_RECORDS
from kpybroker.metadata.placement import Refused
from kpybroker.metadata.quotas import CLIENT_ID, IP, USER, Entity, entity_of
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.alter_client_quotas import AlterClientQuotasRequest, AlterClientQuotasResponse
from kpybroker.wire.schemas.cluster_state import ClientQuotaRecord

Answer = AlterClientQuotasResponse
ANY_NUMBER = None
LONG, INT = float(2**63 - 1), float(2**31 - 1)
# What is limited, and the largest whole number that it may be limited to (org.apache.kafka.server.config.QuotaConfig).
OF_CLIENTS = {
    "producer_byte_rate": LONG,
    "consumer_byte_rate": LONG,
    "request_percentage": ANY_NUMBER,
    "controller_mutation_rate": ANY_NUMBER,
}
OF_ADDRESSES = {"connection_creation_rate": INT}
A_FRACTION = 1e-6  # less than that is taken for rounding
SHORTENED_IPV4 = 15  # characters at most


def alter_client_quotas(controller: Controller, call: Call) -> tuple[tuple[Record, ...], AlterClientQuotasResponse]:
    """The records and the answer (ClientQuotaControlManager.alterClientQuotas).

    An entity that is named twice is refused; what its first mention changes is changed all the same.
    """
    request: AlterClientQuotasRequest = call.request
    records: list[Record] = []
    outcomes: dict[Entity, Refused | None] = {}
    for entry in request.entries:
        entity = entity_of((part.entity_type, part.entity_name) for part in entry.entity)
        changes = {op.key: None if op.remove else op.value for op in entry.ops}
        if entity in outcomes or len(changes) < len(entry.ops):
            outcomes[entity] = Refused(Error.INVALID_REQUEST, "an entity, or one of its limits, is named twice")
            continue
        reason = _refuse(entity, changes)
        outcomes[entity] = None if reason is None else Refused(Error.INVALID_REQUEST, reason)
        if reason is None:
            records += _records(controller.image.quotas.of(entity), entity, changes)
    if len(records) > MOST_RECORDS:
        too_many = Refused(Error.POLICY_VIOLATION, f"a request may make {MOST_RECORDS} changes, not {len(records)}")
        asked = [tuple((part.entity_type, part.entity_name) for part in entry.entity) for entry in request.entries]
        return (), Answer(entries=[_result(entity, too_many) for entity in asked])
    answer = Answer(entries=[_result(entity, refused) for entity, refused in outcomes.items()])
    return () if request.validate_only else tuple(records), answer


def _refuse(entity: Entity, changes: Mapping[str, float | None]) -> str | None:
    kinds = dict(entity)
    if not kinds:
        return "a limit needs a user, a client id or an address"
    for kind, name in entity:
        if kind not in (USER, CLIENT_ID, IP):
            return f"there are no entities of type '{kind}'"
        if name == "":
            return f"an entity of type '{kind}' needs a name; null is the default's"
    if IP not in kinds:
        limits: Mapping[str, float | None] = OF_CLIENTS
    elif len(kinds) > 1:
        return "an address goes with neither a user nor a client id"
    elif _is_address(kinds[IP]):
        limits = OF_ADDRESSES
    else:
        return f"'{kinds[IP]}' is no address"
    for key, value in changes.items():
        reason = _refuse_value(limits, key, value)
        if reason is not None:
            return reason
    return None


def _refuse_value(limits: Mapping[str, float | None], key: str, value: float | None) -> str | None:
    if value is None:  # whatever it is called: what is not there is removed easily
        return None
    if key not in limits:
        return f"'{key}' is no limit that such an entity has"
    if value <= 0:
        return f"{key} is larger than 0"
    most = limits[key]
    if most is ANY_NUMBER:
        return None
    if value > most:
        return f"{key} is {most:.0f} at most"
    if math.fmod(value, 1) > A_FRACTION:
        return f"{key} is a whole number"
    return None


def _records(now: Mapping[str, float], entity: Entity, changes: Mapping[str, float | None]) -> list[Record]:
    """A record for each limit that becomes another."""
    parts = [ClientQuotaRecord.EntityData(entity_type=kind, entity_name=name) for kind, name in entity]
    values = [
        ClientQuotaRecord(entity=parts, key=key, value=value or 0.0, remove=value is None)
        for key, value in changes.items()
        if now.get(key) != value
    ]
    return [Record(None, value, 0) for value in values]


def _result(entity: Entity, refused: Refused | None) -> AlterClientQuotasResponse.EntryData:
    error, message = (Error.NONE, None) if refused is None else refused
    parts = [Answer.EntryData.EntityData(entity_type=kind, entity_name=name) for kind, name in entity]
    return Answer.EntryData(error_code=error, error_message=message, entity=parts)


def _is_address(name: str | None) -> bool:
    """As java.net.InetAddress.getByName reads one; of names, which are not looked up here, only the one of oneself."""
    if name is None or name.lower() == "localhost":
        return True
    if ":" not in name:
        return _is_ipv4(name)
    if name.startswith("["):
        if not name.endswith("]"):
            return False
        name = name[1:-1]
    address, scoped, scope = name.partition("%")
    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return not scoped or (scope.isascii() and scope.isdecimal())


def _is_ipv4(name: str) -> bool:
    """Up to four numbers; the last one fills the bytes that are left."""
    numbers = name.split(".")
    if len(name) > SHORTENED_IPV4 or len(numbers) > 4 or not all(n.isascii() and n.isdecimal() for n in numbers):
        return False
    *firsts, last = map(int, numbers)
    return all(number < 256 for number in firsts) and last < 256 ** (4 - len(firsts))
