"""AddRaftVoter: makes a caught-up controller a voter of the metadata quorum (KIP-853)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import Uuid, int16, int32, message, part, uint16


@message(key=80, versions="0-1", flexible="0+")
class AddRaftVoterRequest:
    cluster_id: str | None
    timeout_ms: int32
    voter_id: int32
    voter_directory_id: Uuid
    listeners: list[Listener]
    ack_when_committed: Field[bool, "1+"] = True

    @part
    class Listener:
        name: str
        host: str
        port: uint16


@message(key=80, versions="0-1", flexible="0+")
class AddRaftVoterResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
