"""CreateAcls: rules that nobody would look at are not taken."""

from typing import Any

from differ.talk import Talk

API = "CreateAcls"


def _rule(**changed: Any) -> dict[str, Any]:
    rule = {"resource_type": 2, "resource_name": "topic", "principal": "User:someone", "host": "*"}
    return rule | {"operation": 3, "permission_type": 3} | changed


def one(talk: Talk) -> None:
    """A rule about a topic."""
    talk.ask(creations=[_rule()])


def several(talk: Talk) -> None:
    """Three rules, two of them the same: an answer for each."""
    talk.ask(creations=[_rule(), _rule(operation=4), _rule()])


def nothing(talk: Talk) -> None:
    """No rules."""
    talk.ask(creations=[])


def senseless(talk: Talk) -> None:
    """Without an authorizer nobody checks names: an empty one, a cluster of another name, no principal."""
    rules = [_rule(resource_name=""), _rule(resource_type=4, resource_name="other"), _rule(principal="someone")]
    talk.ask(creations=rules)
    talk.ask(creations=[_rule(resource_pattern_type=1), _rule(operation=99), _rule(permission_type=-1)])


def unknown_elements(talk: Talk) -> None:
    """Code 0, which says "unknown", makes no rule: the connection is closed."""
    for field in ("resource_type", "resource_pattern_type", "operation", "permission_type"):
        talk.ask(creations=[_rule(), _rule(**{field: 0})])
