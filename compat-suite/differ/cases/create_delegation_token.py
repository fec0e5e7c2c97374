"""CreateDelegationToken: who has not logged in gets no token."""

from typing import Any

from differ.talk import Talk, versions

API = "CreateDelegationToken"


def _renewer(name: str, kind: str = "User") -> dict[str, Any]:
    return {"principal_type": kind, "principal_name": name}


def own(talk: Talk) -> None:
    """A token for oneself."""
    talk.ask(max_lifetime_ms=-1)


def lifetimes(talk: Talk) -> None:
    """Other lifetimes, senseless ones among them."""
    for lifetime_ms in (1, 0, -2, 2**63 - 1):
        talk.ask(max_lifetime_ms=lifetime_ms)


def renewers(talk: Talk) -> None:
    """Renewers, one of a kind that there is not, one without a name."""
    talk.ask(renewers=[_renewer("one"), _renewer("two")], max_lifetime_ms=1000)
    talk.ask(renewers=[_renewer("one", "Group")], max_lifetime_ms=1000)
    talk.ask(renewers=[_renewer("", "")], max_lifetime_ms=1000)


@versions("3+")
def owners(talk: Talk) -> None:
    """For somebody else; a name that is empty or null means oneself."""
    for kind, name in (("User", "other"), ("Group", "other"), ("", "other"), ("User", ""), ("Group", None)):
        talk.ask(owner_principal_type=kind, owner_principal_name=name, max_lifetime_ms=1000)


@versions("3+")
def owner_without_a_kind(talk: Talk) -> None:
    """A name without a kind of principal."""
    talk.ask(owner_principal_type=None, owner_principal_name="other", max_lifetime_ms=1000)
    talk.ask(owner_principal_type=None, owner_principal_name=None, max_lifetime_ms=1000)
