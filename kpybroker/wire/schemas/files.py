"""Kafka's small binary files: snapshots of producers beside a log, and the quorum's state."""

from __future__ import annotations

from typing import Annotated as Field

from kpybroker.wire.declare import NO_ID, Uuid, int16, int32, int64, message, part, uint32


# `<offset>.snapshot` beside the segments; the version stands before it, the checksum is over what follows it.
@message(versions="1")
class ProducerSnapshot:
    crc: uint32
    producer_entries: list[ProducerEntry]

    @part
    class ProducerEntry:
        producer_id: int64
        epoch: int16
        last_sequence: int32
        last_offset: int64
        offset_delta: int32
        timestamp: int64
        coordinator_epoch: int32
        current_txn_first_offset: int64


@message(versions="0-1", flexible="0+")
class QuorumStateData:
    cluster_id: Field[str, "0"] = ""
    leader_id: int32 = -1
    leader_epoch: int32 = -1
    voted_id: int32 = -1
    voted_directory_id: Field[Uuid, "1+"] = NO_ID
    applied_offset: Field[int64, "0"] = 0
    current_voters: Field[list[Voter] | None, "0"] = []

    @part
    class Voter:
        voter_id: int32
