"""DescribeClientQuotas: filters, right ones and wrong ones. What they find is in the conversation quota_life."""

from typing import Any

from differ.talk import Talk

API = "DescribeClientQuotas"
EXACT, DEFAULT, ANY = 0, 1, 2


def _part(kind: str, match_type: int, match: str | None = None) -> dict[str, Any]:
    return {"entity_type": kind, "match_type": match_type, "match": match}


def nothing_found(talk: Talk) -> None:
    """Names that no limit is for, strictly and not."""
    for strict in (False, True):
        for kind in ("user", "client-id"):
            talk.ask(components=[_part(kind, EXACT, talk.name_of("nobody"))], strict=strict)
    talk.ask(components=[_part("ip", EXACT, "203.0.113.1")])


def several_kinds(talk: Talk) -> None:
    """A user and a client, in either order."""
    parts = [_part("user", EXACT, talk.name_of("nobody")), _part("client-id", EXACT, talk.name_of("client"))]
    talk.ask(components=parts, strict=True)
    talk.ask(components=parts[::-1])
    talk.ask(components=[parts[0], _part("client-id", DEFAULT)])
    talk.ask(components=[parts[0], _part("client-id", ANY)])


def empty_name(talk: Talk) -> None:
    """An empty name is a name."""
    talk.ask(components=[_part("user", EXACT, "")])


def no_address(talk: Talk) -> None:
    """An address that is none: filters are not checked for it."""
    talk.ask(components=[_part("ip", EXACT, "no address")])


def wrong_kinds(talk: Talk) -> None:
    """Kinds of entities that there are not."""
    for kind in ("", "group", "User", "clientId"):
        talk.ask(components=[_part(kind, EXACT, "name")])
    talk.ask(components=[_part("user", EXACT, "name"), _part("group", ANY)])


def kind_twice(talk: Talk) -> None:
    """The same kind twice: whatever is asked of it."""
    name = _part("user", EXACT, "name")
    for other in (name, _part("user", DEFAULT), _part("user", ANY)):
        talk.ask(components=[name, other])
        talk.ask(components=[other, name])
    talk.ask(components=[_part("user", ANY), _part("user", ANY)])


def wrong_matches(talk: Talk) -> None:
    """A name where none belongs, none where one belongs, a way to match that there is not."""
    talk.ask(components=[_part("user", EXACT)])
    talk.ask(components=[_part("user", DEFAULT, "name")])
    talk.ask(components=[_part("user", ANY, "name")])
    for match_type in (3, -1):
        talk.ask(components=[_part("user", match_type, "name")])


def address_and_others(talk: Talk) -> None:
    """An address goes with nothing else."""
    for match_type, match in ((EXACT, "203.0.113.1"), (DEFAULT, None), (ANY, None)):
        for kind in ("user", "client-id"):
            talk.ask(components=[_part("ip", match_type, match), _part(kind, ANY)])
    talk.ask(components=[_part("user", EXACT, "name"), _part("client-id", DEFAULT), _part("ip", DEFAULT)])


def first_of_two_mistakes(talk: Talk) -> None:
    """Of several mistakes the first is told."""
    talk.ask(components=[_part("group", EXACT, "x"), _part("", EXACT, "x")])
    talk.ask(components=[_part("", EXACT, "x"), _part("group", EXACT, "x")])
    talk.ask(components=[_part("user", 7), _part("group", EXACT, "x")])
    talk.ask(components=[_part("ip", ANY), _part("user", ANY), _part("user", ANY)])
