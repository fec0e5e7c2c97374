"""DescribeClientQuotas: the rate limits that match a filter (KIP-546)."""

from __future__ import annotations

from kpybroker.wire.declare import float64, int8, int16, int32, message, part


@message(key=48, versions="0-1", flexible="1+")
class DescribeClientQuotasRequest:
    components: list[ComponentData]
    strict: bool

    @part
    class ComponentData:
        entity_type: str
        match_type: int8
        match: str | None


@message(key=48, versions="0-1", flexible="1+")
class DescribeClientQuotasResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
    entries: list[EntryData] | None

    @part
    class EntryData:
        entity: list[EntityData]
        values: list[ValueData]

        @part
        class EntityData:
            entity_type: str
            entity_name: str | None

        @part
        class ValueData:
            key: str
            value: float64
