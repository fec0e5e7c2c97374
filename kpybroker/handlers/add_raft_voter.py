"""AddRaftVoter (80): asks for another voter on the metadata log (KIP-853).

Versions: 0-1. Behaves: refused, as a quorum does whose voters are fixed at the start (kraft.version 0).
"""

from __future__ import annotations

from kpybroker.machine import Call
from kpybroker.metadata.quorum import refuse_voter
from kpybroker.state import State
from kpybroker.wire.messages.add_raft_voter import AddRaftVoterRequest, AddRaftVoterResponse


def add_raft_voter(state: State, call: Call) -> AddRaftVoterResponse:
    request: AddRaftVoterRequest = call.request
    refused = refuse_voter(
        state.directories.meta.cluster_id,
        request.cluster_id,
        request.voter_id,
        bytes(request.voter_directory_id),
        [listener.name for listener in request.listeners],
        state.settings.list("controller.listener.names")[0],
    )
    return AddRaftVoterResponse(error_code=refused.error, error_message=refused.message)
