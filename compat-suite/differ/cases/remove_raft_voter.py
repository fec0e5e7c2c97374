"""RemoveRaftVoter: a quorum that is fixed at the start keeps its voters (KIP-853)."""

from typing import Any

from differ.talk import Talk

API = "RemoveRaftVoter"
OLD = {"voter_id": 2, "voter_directory_id": b"voter's own disk", "cluster_id": None}


def _ask(talk: Talk, **more: Any) -> None:
    talk.ask(**OLD | more)


def another_voter(talk: Talk) -> None:
    """One that there is not, with and without the cluster's id."""
    _ask(talk)
    cluster = talk.ask_quietly("DescribeCluster", at=0).cluster_id
    _ask(talk, cluster_id=cluster)


def the_only_voter(talk: Talk) -> None:
    """The one that there is."""
    _ask(talk, voter_id=1)


def other_cluster(talk: Talk) -> None:
    """Not of this cluster; nothing else is looked at then."""
    for cluster in ("another", ""):
        _ask(talk, cluster_id=cluster)
        _ask(talk, cluster_id=cluster, voter_id=-1)


def invalid_voters(talk: Talk) -> None:
    """An id below zero, no directory."""
    _ask(talk, voter_id=-1)
    _ask(talk, voter_directory_id=bytes(16))


def asked_twice(talk: Talk) -> None:
    """The same again."""
    _ask(talk)
    _ask(talk)
