"""AlterClientQuotas: sets and removes rate limits of users, clients and addresses (KIP-546)."""

from __future__ import annotations

from kpybroker.wire.declare import float64, int16, int32, message, part


@message(key=49, versions="0-1", flexible="1+")
class AlterClientQuotasRequest:
    entries: list[EntryData]
    validate_only: bool

    @part
    class EntryData:
        entity: list[EntityData]
        ops: list[OpData]

        @part
        class EntityData:
            entity_type: str
            entity_name: str | None

        @part
        class OpData:
            key: str
            value: float64
            remove: bool


@message(key=49, versions="0-1", flexible="1+")
class AlterClientQuotasResponse:
    throttle_time_ms: int32 = 0
    entries: list[EntryData]

    @part
    class EntryData:
        error_code: int16
        error_message: str | None
        entity: list[EntityData]

        @part
        class EntityData:
            entity_type: str
            entity_name: str | None
