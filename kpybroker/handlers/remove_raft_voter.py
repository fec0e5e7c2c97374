"""RemoveRaftVoter (81): asks for one voter less on the metadata log (KIP-853).

Versions: 0. Behaves: refused, as a quorum does whose voters are fixed at the start (kraft.version 0).
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.quorum import refuse_voter
from kpybroker.state import State
from kpybroker.wire.messages.remove_raft_voter import RemoveRaftVoterRequest, RemoveRaftVoterResponse


def remove_raft_voter(state: State, call: Call) -> RemoveRaftVoterResponse:
    request: RemoveRaftVoterRequest = call.request
    refused = refuse_voter(
        state.directories.meta.cluster_id, request.cluster_id, request.voter_id, bytes(request.voter_directory_id)
    )
    return RemoveRaftVoterResponse(error_code=refused.error, error_message=refused.message)
