"""DescribeAcls: what a broker without an authorizer says about its rules."""

from differ.talk import Talk

API = "DescribeAcls"
ANY, LITERAL, ALLOW = 1, 3, 3
TOPIC, READ = 2, 3


def everything(talk: Talk) -> None:
    """Any rule at all."""
    talk.ask(resource_type_filter=ANY, pattern_type_filter=ANY, operation=ANY, permission_type=ANY)


def of_a_topic(talk: Talk) -> None:
    """The rules of one topic, one principal and one host."""
    names = {"resource_name_filter": talk.name_of("topic"), "principal_filter": "User:someone", "host_filter": "*"}
    talk.ask(resource_type_filter=TOPIC, operation=READ, permission_type=ALLOW, **names)


def unheard_of_codes(talk: Talk) -> None:
    """Codes that nothing has, one at a time."""
    for field in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
        codes = {"resource_type_filter": TOPIC, "operation": READ, "permission_type": ALLOW}
        talk.ask(**codes | {field: 99})
        talk.ask(**codes | {field: -1})


def unknown_elements(talk: Talk) -> None:
    """Code 0, which says "unknown", is no filter: the connection is closed."""
    for field in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
        codes = {"resource_type_filter": TOPIC, "operation": READ, "permission_type": ALLOW}
        talk.ask(**codes | {field: 0})


def empty_names(talk: Talk) -> None:
    """Names that are empty, where null is any."""
    names = {"resource_name_filter": "", "principal_filter": "", "host_filter": ""}
    talk.ask(resource_type_filter=TOPIC, operation=READ, permission_type=ALLOW, **names)
