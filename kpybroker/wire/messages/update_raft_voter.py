"""UpdateRaftVoter: a voter of the metadata quorum has new addresses or versions (KIP-853)."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import BrokerId, Uuid, int16, int32, message, part, tag, uint16


@message(key=82, versions="0", flexible="0+")
class UpdateRaftVoterRequest:
    cluster_id: str | None
    current_leader_epoch: int32
    voter_id: int32
    voter_directory_id: Uuid
    listeners: list[Listener]
    kraft_version_feature: KRaftVersionFeature

    @part
    class Listener:
        name: str
        host: str
        port: uint16

    @part
    class KRaftVersionFeature:
        min_supported_version: int16
        max_supported_version: int16


@message(key=82, versions="0", flexible="0+")
class UpdateRaftVoterResponse:
    throttle_time_ms: int32 = 0
    error_code: int16
    current_leader: Field[CurrentLeader | None, tag(0)] = None

    @part
    class CurrentLeader:
        leader_id: BrokerId = -1
        leader_epoch: int32 = -1
        host: str
        port: int32
