"""AlterClientQuotas: what is refused, and what an answer looks like. What is kept is in the conversation quota_life."""

from typing import Any

from differ.talk import Step, Talk

API = "AlterClientQuotas"


def _entity(**names: str | None) -> list[dict[str, Any]]:
    return [{"entity_type": kind.replace("_", "-"), "entity_name": name} for kind, name in names.items()]


def _set(key: str, value: float) -> dict[str, Any]:
    return {"key": key, "value": value}


def _change(entity: list[dict[str, Any]], *ops: dict[str, Any]) -> dict[str, Any]:
    return {"entity": entity, "ops": list(ops)}


def _check(talk: Talk, *entries: dict[str, Any]) -> None:
    """Only asked whether it would be right, so that nothing is left behind."""
    talk.ask(entries=list(entries), validate_only=True)


def every_key(talk: Talk) -> None:
    """Each limit that users and clients can have, and the one of addresses."""
    keys = ("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate")
    user, client = talk.name_of("user"), talk.name_of("client")
    for entity in (_entity(user=user), _entity(client_id=client), _entity(user=user, client_id=client)):
        _check(talk, _change(entity, *[_set(key, 1000.0) for key in keys]))
    _check(talk, _change(_entity(ip="203.0.113.1"), _set("connection_creation_rate", 10.0)))


def default_entities(talk: Talk) -> None:
    """Null names the default of a kind."""
    for entity in (_entity(user=None), _entity(client_id=None), _entity(user=None, client_id=None)):
        _check(talk, _change(entity, _set("producer_byte_rate", 1e9)))
    _check(talk, _change(_entity(ip=None), _set("connection_creation_rate", 1000.0)))


def unknown_keys(talk: Talk) -> None:
    """Keys that there are not, or not for this kind; also when they are to be removed."""
    user, address = _entity(user=talk.name_of("user")), _entity(ip="203.0.113.1")
    for key in ("", "speed", "connection_creation_rate", "PRODUCER_BYTE_RATE", "SCRAM-SHA-256"):
        _check(talk, _change(user, _set(key, 1.0)))
        _check(talk, _change(user, {"key": key, "remove": True}))
    _check(talk, _change(address, _set("producer_byte_rate", 1.0)))
    _check(talk, _change(address, {"key": "producer_byte_rate", "remove": True}))


def bad_values(talk: Talk) -> None:
    """Zero, less, fractions of whole numbers, numbers that are too large."""
    user = _entity(user=talk.name_of("user"))
    for value in (0.0, -0.0, -1.0, 0.5, 1.5, 1.0000001, 2.0**63, 2.0**63 + 2048, 1e300, float("inf")):
        _check(talk, _change(user, _set("producer_byte_rate", value)))
    for value in (0.0, -1.0, 1e-9, 0.5, 200.0, 1e300, float("inf"), float("-inf")):
        _check(talk, _change(user, _set("request_percentage", value)))
    for value in (0.0, 0.5, 1.5, 2.0**31 - 1, 2.0**31):
        _check(talk, _change(_entity(ip="203.0.113.1"), _set("connection_creation_rate", value)))


def wrong_entities(talk: Talk) -> None:
    """No entity, a kind that there is not, an empty name, an address beside others."""
    rate = _set("producer_byte_rate", 1000.0)
    named = talk.name_of("name")
    for entity in (
        [],
        [{"entity_type": "group", "entity_name": named}],
        [{"entity_type": "", "entity_name": named}],
        _entity(user=""),
        _entity(client_id=""),
        _entity(user=named, client_id=""),
        _entity(ip=""),
        [*_entity(user=named), {"entity_type": "group", "entity_name": named}],
        _entity(ip="203.0.113.1", user=named),
        _entity(ip="203.0.113.1", client_id=None),
        _entity(ip=None, user=None, client_id=None),
    ):
        _check(talk, _change(entity, rate))


def addresses(talk: Talk) -> None:
    """What counts as an address."""
    for address in (
        *("127.0.0.1", "1.2.3", "1.2", "1", "4294967295", "4294967296", "1.2.3.256", "010.0.0.1", "1.2.3.4.5", "1..2"),
        *("::1", "[::1]", "[::1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", ":::"),
        *("localhost", "no.such.host.invalid", "no address", "*", "1.2.3.0/24", "-1", "fe80::1%1"),
    ):
        _check(talk, _change(_entity(ip=address), _set("connection_creation_rate", 10.0)))


def kind_twice(talk: Talk) -> None:
    """An entity with two users: the last one counts."""
    user = _entity(user=talk.name_of("one")) + _entity(user=talk.name_of("two"))
    _check(talk, _change(user, _set("producer_byte_rate", 1000.0)))


def key_twice(talk: Talk) -> None:
    """The same key twice, set or removed."""
    user = _entity(user=talk.name_of("user"))
    one, other = _set("producer_byte_rate", 1000.0), {"key": "producer_byte_rate", "remove": True}
    for ops in ((one, one), (one, other), (other, one), (other, other)):
        _check(talk, _change(user, *ops))


def entity_twice(talk: Talk) -> None:
    """The same entity twice, its parts in another order, beside a third one and beside mistakes."""
    user, client = _entity(user=talk.name_of("user")), _entity(client_id=talk.name_of("client"))
    rate, wrong = _set("producer_byte_rate", 1000.0), _set("speed", 1.0)
    _check(talk, _change(user, rate), _change(client, rate), _change(user, rate))
    _check(talk, _change(user + client, rate), _change(client + user, _set("consumer_byte_rate", 1000.0)))
    _check(talk, _change(user, wrong), _change(user, rate))
    _check(talk, _change(user, rate), _change(user, wrong))


def right_and_wrong(talk: Talk) -> None:
    """Several entities in one request: an answer for each."""
    users = [_entity(user=talk.name_of(name)) for name in ("a", "b", "c")]
    rate = _set("producer_byte_rate", 1000.0)
    _check(talk, _change(users[0], rate), _change(users[1], rate, _set("speed", 1.0)), _change(users[2], rate))


def nothing(talk: Talk) -> None:
    """No entries, and an entry without changes."""
    talk.ask(entries=[])
    talk.ask(entries=[_change(_entity(user=talk.name_of("user")))])
    talk.ask(entries=[_change(_entity(ip="no address"))])


def remove_what_is_not_there(talk: Talk) -> None:
    """A limit that nobody set."""
    talk.ask(entries=[_change(_entity(user=talk.name_of("user")), {"key": "producer_byte_rate", "remove": True})])


def too_many(talk: Talk) -> None:
    """More changes than one request may make: ten thousand are taken, one more is too many."""
    keys = ("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate")
    changes = [_set(key, 1000.0) for key in keys]
    entries = [_change(_entity(user=talk.name_of(f"user-{i}")), *changes) for i in range(2501)]
    for count in (2500, 2501):
        answer = talk.ask_quietly("AlterClientQuotas", at=talk.version, entries=entries[:count], validate_only=True)
        assert len(answer.entries) == count
        outcomes = sorted({(each.error_code, bool(each.error_message)) for each in answer.entries})
        talk.steps.append(Step(f"{count} entities: which errors, and whether with a message", [*map(list, outcomes)]))
