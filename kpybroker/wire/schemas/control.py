"""Values of control records: ends of transactions, the metadata quorum's own records, what frames a snapshot."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, BrokerId, Uuid, int16, int32, int64, message, part, uint16


# The key of every control record, behind its version.
@message(versions="0")
class ControlRecordTypeSchema:
    type: int16


# Not a control record: who asked, inside an Envelope.
@message(versions="0", flexible="0+")
class DefaultPrincipalData:
    type: str
    name: str
    token_authenticated: bool


# ABORT and COMMIT; behind its version.
@message(versions="0")
class EndTxnMarker:
    coordinator_epoch: int32


@message(versions="0", flexible="0+")
class KRaftVersionRecord:
    version: int16
    kraft_version: int16


@message(versions="0-1", flexible="0+")
class LeaderChangeMessage:
    version: int16
    leader_id: BrokerId
    voters: list[Voter]
    granting_voters: list[Voter]


@part
class Voter:
    voter_id: int32
    voter_directory_id: Field[Uuid, "1+"] = NO_ID


@message(versions="0", flexible="0+")
class SnapshotFooterRecord:
    version: int16


@message(versions="0", flexible="0+")
class SnapshotHeaderRecord:
    version: int16
    last_contained_log_timestamp: int64


@message(versions="0", flexible="0+")
class VotersRecord:
    version: int16
    voters: list[Voter]

    @part
    class Voter:
        voter_id: BrokerId
        voter_directory_id: Uuid
        endpoints: list[Endpoint]
        kraft_version_feature: KRaftVersionFeature

        @part
        class Endpoint:
            name: str
            host: str
            port: uint16

        @part
        class KRaftVersionFeature:
            min_supported_version: int16
            max_supported_version: int16
