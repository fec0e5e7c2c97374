"""DescribeDelegationToken: who has not logged in sees no tokens."""

from differ.talk import Talk

API = "DescribeDelegationToken"


def everybodys(talk: Talk) -> None:
    """Null asks for the tokens of all owners."""
    talk.ask(owners=None)


def nobodys(talk: Talk) -> None:
    """An empty list asks for none."""
    talk.ask(owners=[])


def somebodys(talk: Talk) -> None:
    """The tokens of two owners."""
    talk.ask(owners=[{"principal_type": "User", "principal_name": name} for name in ("one", "two")])


def ones_own(talk: Talk) -> None:
    """Who has not logged in is called ANONYMOUS."""
    talk.ask(owners=[{"principal_type": "User", "principal_name": "ANONYMOUS"}])


def other_kinds(talk: Talk) -> None:
    """Kinds of principals that there are not."""
    talk.ask(owners=[{"principal_type": "Group", "principal_name": "one"}])
    talk.ask(owners=[{"principal_type": "", "principal_name": ""}])
