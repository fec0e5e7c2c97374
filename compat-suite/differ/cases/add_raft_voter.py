"""AddRaftVoter: a quorum that is fixed at the start takes no further voters (KIP-853)."""

from typing import Any

from differ.talk import Talk

API = "AddRaftVoter"
NEW = {"voter_id": 2, "voter_directory_id": b"voter's own disk", "timeout_ms": 1_000, "cluster_id": None}
LISTENERS = [{"name": "CONTROLLER", "host": "127.0.0.1", "port": 9}]


def _ask(talk: Talk, **more: Any) -> None:
    talk.ask(**NEW | {"listeners": LISTENERS} | more)


def another_voter(talk: Talk) -> None:
    """Refused, with and without the cluster's id."""
    _ask(talk)
    cluster = talk.ask_quietly("DescribeCluster", at=0).cluster_id
    _ask(talk, cluster_id=cluster)


def the_same_voter(talk: Talk) -> None:
    """The one that there is, too."""
    _ask(talk, voter_id=1)


def other_cluster(talk: Talk) -> None:
    """Not for this cluster; nothing else is looked at then."""
    for cluster in ("another", ""):
        _ask(talk, cluster_id=cluster)
        _ask(talk, cluster_id=cluster, voter_id=-1, listeners=[])


def invalid_voters(talk: Talk) -> None:
    """An id below zero, no directory."""
    _ask(talk, voter_id=-1)
    _ask(talk, voter_directory_id=bytes(16))
    _ask(talk, voter_id=2**31 - 1)


def invalid_listeners(talk: Talk) -> None:
    """Without the controllers' listener; its name in small letters; others beside it; twice."""
    (one,) = LISTENERS
    other = one | {"name": "OTHER"}
    for listeners in ([], [other], [one | {"name": "controller"}], [other, one], [one, one], [one | {"port": 0}]):
        _ask(talk, listeners=listeners)
    _ask(talk, listeners=[one | {"host": ""}])


def acknowledged_before(talk: Talk) -> None:
    """Whenever the answer is wanted."""
    _ask(talk, ack_when_committed=False)
