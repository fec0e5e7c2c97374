"""FindCoordinator: of groups, transactions and share groups; one key up to version 3, several from 4 on."""

from differ.talk import Talk, versions

API = "FindCoordinator"


def _ask(talk: Talk, *keys: str, key_type: int = 0) -> None:
    talk.ask(key=keys[0] if keys else "", coordinator_keys=list(keys), key_type=key_type)


def of_group(talk: Talk) -> None:
    """A group need not exist."""
    _ask(talk, talk.name_of("group"))


@versions("1+")
def of_transaction(talk: Talk) -> None:
    """A transactional id need not exist either."""
    _ask(talk, talk.name_of("transaction"), key_type=1)


def empty_key(talk: Talk) -> None:
    """The empty group id, the empty transactional id."""
    _ask(talk, "")
    _ask(talk, "", key_type=1)


@versions("1+")
def unknown_kinds(talk: Talk) -> None:
    """Kinds of coordinator that are none; share groups before they were (KIP-932)."""
    for key_type in (2, 3, -1):
        _ask(talk, talk.name_of("any"), key_type=key_type)


@versions("4+")
def several(talk: Talk) -> None:
    """Several keys, one of them twice."""
    _ask(talk, talk.name_of("a"), talk.name_of("b"), talk.name_of("a"), "")


@versions("4+")
def nothing(talk: Talk) -> None:
    """No keys."""
    _ask(talk)


def odd_names(talk: Talk) -> None:
    """Group ids may be anything."""
    for name in ("sp ace", "ünï", "a" * 300):
        _ask(talk, name)
