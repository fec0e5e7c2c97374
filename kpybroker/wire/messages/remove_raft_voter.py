"""RemoveRaftVoter: takes a controller out of the metadata quorum (KIP-853)."""

from __future__ import annotations

from kpybroker.wire.declare import Uuid, int16, int32, message


@message(key=81, versions="0", flexible="0+")
class RemoveRaftVoterRequest:
    cluster_id: str | None
    voter_id: int32
    voter_directory_id: Uuid


@message(key=81, versions="0", flexible="0+")
class RemoveRaftVoterResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    error_message: str | None
