"""UnregisterBroker: the cluster forgets a broker that will not come back (KIP-631)."""

from __future__ import annotations

from kpybroker.wire.declare import BrokerId, int16, int32, message


@message(key=64, versions="0", flexible="0+")
class UnregisterBrokerRequest:
    broker_id: BrokerId


@message(key=64, versions="0", flexible="0+")
class UnregisterBrokerResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
