"""The quorum of the metadata log: this one node, from the start to the end (kraft.version 0)."""

from __future__ import annotations

from collections.abc import Sequence

from kpybroker.metadata.placement import Refused
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error


def refuse_voter(
    own_cluster_id: str,
    cluster_id: str | None,
    voter_id: int,
    directory_id: bytes,
    listeners: Sequence[str] | None = None,
    controller_listener: str = "",
) -> Refused:
    """Why the quorum takes no voter and lets none go; `listeners` are those of one that would come."""
    if cluster_id is not None and cluster_id != own_cluster_id:
        return Refused(Error.INCONSISTENT_CLUSTER_ID, f"this cluster is '{own_cluster_id}', not '{cluster_id}'")
    if voter_id < 0 or directory_id == NO_ID:
        return Refused(Error.INVALID_REQUEST, "a voter has an id and a directory")
    if listeners is not None and controller_listener.upper() not in [name.upper() for name in listeners]:
        return Refused(Error.INVALID_REQUEST, f"a voter has a listener named {controller_listener}")
    return Refused(Error.UNSUPPORTED_VERSION, "kraft.version is 0: the voters are those of the start")
