"""Client quotas: which limits a user, a client or an address has, folded from the cluster's records and found again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from kpybroker.wire.schemas.cluster_state import ClientQuotaRecord

USER, CLIENT_ID, IP = "user", "client-id", "ip"  # org.apache.kafka.common.quota.ClientQuotaEntity
Entity: TypeAlias = tuple[tuple[str, str | None], ...]  # (kind, name), by kind; without a name: the kind's default
Limits: TypeAlias = dict[str, float]


def entity_of(parts: Iterable[tuple[str, str | None]]) -> Entity:
    """The entity with these parts, in whatever order they come; of two parts of one kind the last one counts."""
    return tuple(sorted(dict(parts).items()))


class Quotas:
    """Every limit that is set. They are stored and described; nobody is slowed down by them yet."""

    def __init__(self) -> None:
        self._limits: dict[Entity, Limits] = {}

    def of(self, entity: Entity) -> Mapping[str, float]:
        return self._limits.get(entity, {})

    def find(self, named: Mapping[str, str | None], *, any_name: Iterable[str], strict: bool) -> Iterator[Entity]:
        """The entities with these names, and some name of the kinds in `any_name`; strictly: with no other parts."""
        kinds = {*named, *any_name}
        for entity in self._limits:
            parts = dict(entity)
            if kinds <= parts.keys() and named.items() <= parts.items() and (len(parts) == len(kinds) or not strict):
                yield entity

    def all(self) -> Iterator[tuple[Entity, Mapping[str, float]]]:
        yield from self._limits.items()

    def replay(self, record: ClientQuotaRecord) -> None:
        entity = entity_of((part.entity_type, part.entity_name) for part in record.entity)
        limits = self._limits.setdefault(entity, {})
        if record.remove:
            limits.pop(record.key, None)
        else:
            limits[record.key] = record.value
        if not limits:
            del self._limits[entity]
