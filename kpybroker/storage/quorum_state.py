"""`quorum-state`: who leads the metadata log and in which epoch, in Kafka's two versions of the file."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from kpybroker.storage.files import Files, StorageError

QUORUM_STATE = "quorum-state"
NO_LEADER = NOT_VOTED = -1
NO_DIRECTORY = "AAAAAAAAAAAAAAAAAAAAAA"  # org.apache.kafka.raft.ReplicaKey.NO_DIRECTORY_ID
STATIC, DYNAMIC = 0, 1  # the version with voters that are set at start, and the one with voters in the log (KIP-853)


class QuorumState(NamedTuple):
    """An election, as the file tells it. Without voters they stand in the log, or nowhere yet."""

    version: int
    leader: int
    epoch: int
    voters: tuple[int, ...] = ()


def read_quorum_state(files: Files, directory: str) -> QuorumState | None:
    """None: there was no election yet."""
    path = f"{directory}/{QUORUM_STATE}"
    data = files.read_whole(path)
    if data is None:
        return None
    try:
        fields = json.loads(data)
        version = fields["data_version"]
        if version not in (STATIC, DYNAMIC):
            raise StorageError(f"{files.root}/{path}", f"version {version} is not known")
        voters = tuple(voter["voterId"] for voter in fields.get("currentVoters") or ())
        return QuorumState(version, int(fields["leaderId"]), int(fields["leaderEpoch"]), voters)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{files.root}/{path}", "not a quorum-state file; move it away: it is made anew") from error


def write_quorum_state(files: Files, directory: str, state: QuorumState) -> None:
    """On the disk before anything is written in the epoch (FileQuorumStateStore)."""
    fields: dict[str, Any] = {"leaderId": state.leader, "leaderEpoch": state.epoch, "votedId": NOT_VOTED}
    if state.version == STATIC:
        voters = [{"voterId": voter} for voter in state.voters]
        fields = {"clusterId": "", **fields, "appliedOffset": 0, "currentVoters": voters}
    else:
        fields["votedDirectoryId"] = NO_DIRECTORY
    fields["data_version"] = state.version
    data = json.dumps(fields, separators=(",", ":")).encode()
    files.make_directory(directory)
    files.write_whole(f"{directory}/{QUORUM_STATE}", data, sync=True)
