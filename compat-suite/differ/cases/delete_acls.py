"""DeleteAcls: without an authorizer there are no rules to delete."""

from typing import Any

from differ.talk import Talk

API = "DeleteAcls"


def _filter(**changed: Any) -> dict[str, Any]:
    return {"resource_type_filter": 2, "operation": 3, "permission_type": 3} | changed


def one(talk: Talk) -> None:
    """The rules of all topics."""
    talk.ask(filters=[_filter()])


def several(talk: Talk) -> None:
    """Three filters, two of them the same: an answer for each."""
    names = {"resource_name_filter": "topic", "principal_filter": "User:someone", "host_filter": "127.0.0.1"}
    talk.ask(filters=[_filter(), _filter(**names), _filter()])


def nothing(talk: Talk) -> None:
    """No filters."""
    talk.ask(filters=[])


def unheard_of_codes(talk: Talk) -> None:
    """Codes that nothing has."""
    for field in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
        talk.ask(filters=[_filter(**{field: 99}), _filter(**{field: -1})])


def unknown_elements(talk: Talk) -> None:
    """Code 0, which says "unknown", is no filter: the connection is closed."""
    for field in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
        talk.ask(filters=[_filter(), _filter(**{field: 0})])
