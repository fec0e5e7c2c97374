"""The life of a client quota: set, described in every way, changed, taken away. Each case takes away what it set."""

from collections.abc import Callable
from typing import Any

from differ.talk import Talk

API = "AlterClientQuotas"  # and DescribeClientQuotas at the same number
EXACT, DEFAULT, ANY = 0, 1, 2
PRODUCE, CONSUME, REQUESTS, CONNECTIONS = (
    *("producer_byte_rate", "consumer_byte_rate", "request_percentage", "connection_creation_rate"),
)
Entity = list[dict[str, Any]]


def _entity(**names: str | None) -> Entity:
    return [{"entity_type": kind.replace("_", "-"), "entity_name": name} for kind, name in names.items()]


def _change(entity: Entity, **values: float | None) -> dict[str, Any]:
    """A number sets a limit, None takes it away."""
    ops = [{"key": key, "value": value or 0.0, "remove": value is None} for key, value in values.items()]
    return {"entity": entity, "ops": ops}


def _part(kind: str, match_type: int, match: str | None = None) -> dict[str, Any]:
    return {"entity_type": kind, "match_type": match_type, "match": match}


def _exactly(entity: Entity) -> dict[str, Any]:
    parts = [
        _part(each["entity_type"], DEFAULT if each["entity_name"] is None else EXACT, each["entity_name"])
        for each in entity
    ]
    return {"components": parts, "strict": True}


def _described(talk: Talk, entity: Entity, **values: float) -> None:
    """Asks until the entity has these limits and no others; the brokers of Apache Kafka hear of them a little later."""

    def settled(answer: Any) -> bool:
        found = [{value.key: value.value for value in entry.values} for entry in answer.entries]
        return found == ([values] if values else [])

    talk.until(settled, "DescribeClientQuotas", **_exactly(entity))


def _has(count: int) -> Callable[[Any], bool]:
    return lambda answer: len(answer.entries) == count


def set_changed_removed(talk: Talk) -> None:
    """A limit from its first value to its end."""
    user = _entity(user=talk.name_of("user"))
    for value in (1_000_000.0, 2_000_000.0):
        talk.ask(entries=[_change(user, **{PRODUCE: value})])
        _described(talk, user, **{PRODUCE: value})
    talk.ask(entries=[_change(user, **{PRODUCE: None})])
    _described(talk, user)
    talk.ask(entries=[_change(user, **{PRODUCE: None})])


def keys_of_one_entity(talk: Talk) -> None:
    """Several limits come and go one by one; one request sets one of them and takes another away."""
    client = _entity(client_id=talk.name_of("client"))
    talk.ask(entries=[_change(client, **{PRODUCE: 1e6, REQUESTS: 99.5})])
    _described(talk, client, **{PRODUCE: 1e6, REQUESTS: 99.5})
    talk.ask(entries=[_change(client, **{PRODUCE: None, CONSUME: 2e6})])
    _described(talk, client, **{CONSUME: 2e6, REQUESTS: 99.5})
    talk.ask(entries=[_change(client, **{CONSUME: None, REQUESTS: None, PRODUCE: None})])
    _described(talk, client)


def same_value_again(talk: Talk) -> None:
    """What is set already may be set again."""
    user = _entity(user=talk.name_of("user"))
    for _ in range(2):
        talk.ask(entries=[_change(user, **{REQUESTS: 150.0})])
        _described(talk, user, **{REQUESTS: 150.0})
    talk.ask(entries=[_change(user, **{REQUESTS: None})])
    _described(talk, user)


def only_asked(talk: Talk) -> None:
    """What is only asked about is not kept, be it set or taken away."""
    user, other = _entity(user=talk.name_of("user")), _entity(user=talk.name_of("other"))
    talk.ask(entries=[_change(user, **{PRODUCE: 1e6})], validate_only=True)
    talk.ask(entries=[_change(other, **{PRODUCE: 1e6})])
    _described(talk, other, **{PRODUCE: 1e6})
    _described(talk, user)
    talk.ask(entries=[_change(other, **{PRODUCE: None})], validate_only=True)
    talk.ask(entries=[_change(other, **{CONSUME: 1e6})])
    _described(talk, other, **{PRODUCE: 1e6, CONSUME: 1e6})
    talk.ask(entries=[_change(other, **{PRODUCE: None, CONSUME: None})])
    _described(talk, other)


def user_client_and_both(talk: Talk) -> None:
    """A user, a client, and this client of this user are three entities; filters that are not strict find the pair."""
    user, client = talk.name_of("user"), talk.name_of("client")
    entities = [_entity(user=user), _entity(client_id=client), _entity(user=user, client_id=client)]
    talk.ask(entries=[_change(entity, **{PRODUCE: 1e6 + i}) for i, entity in enumerate(entities)])
    for i, entity in enumerate(entities):
        _described(talk, entity, **{PRODUCE: 1e6 + i})
    for parts, count in (
        ([_part("user", EXACT, user)], 2),
        ([_part("client-id", EXACT, client)], 2),
        ([_part("user", EXACT, user), _part("client-id", EXACT, client)], 1),
        ([_part("client-id", ANY), _part("user", EXACT, user)], 1),
        ([_part("user", ANY), _part("client-id", ANY)], 1),
        ([_part("user", EXACT, user), _part("client-id", DEFAULT)], 0),
        ([_part("user", ANY)], 2),
        ([], 3),
    ):
        talk.until(_has(count), "DescribeClientQuotas", components=parts)
    talk.ask("DescribeClientQuotas", components=[_part("user", ANY)], strict=True)
    talk.ask("DescribeClientQuotas", components=[], strict=True)
    talk.ask(entries=[_change(entity, **{PRODUCE: None}) for entity in entities])
    talk.until(_has(0), "DescribeClientQuotas", components=[])


def defaults(talk: Talk) -> None:
    """The defaults of users, of clients, and of every client of every user; a filter of any name finds them too."""
    named = talk.name_of("user")
    entities = [_entity(user=None), _entity(client_id=None), _entity(user=None, client_id=None)]
    entities += [_entity(user=named, client_id=None)]
    talk.ask(entries=[_change(entity, **{PRODUCE: 1e9 + i}) for i, entity in enumerate(entities)])
    for i, entity in enumerate(entities):
        _described(talk, entity, **{PRODUCE: 1e9 + i})
    for parts in (
        [_part("user", DEFAULT)],
        [_part("client-id", DEFAULT)],
        [_part("user", ANY)],
        [_part("user", EXACT, named)],
        [_part("user", DEFAULT), _part("client-id", ANY)],
        [_part("user", EXACT, "")],
        [_part("user", EXACT, "<default>")],
    ):
        talk.ask("DescribeClientQuotas", components=parts)
        talk.ask("DescribeClientQuotas", components=parts, strict=True)
    talk.ask(entries=[_change(entity, **{PRODUCE: None}) for entity in entities])
    talk.until(_has(0), "DescribeClientQuotas", components=[])


def addresses(talk: Talk) -> None:
    """Addresses are entities of their own; they are kept as they were written."""
    written = [_entity(ip="203.0.113.7"), _entity(ip="2001:DB8::7"), _entity(ip=None)]
    talk.ask(entries=[_change(entity, **{CONNECTIONS: 1e6 + i}) for i, entity in enumerate(written)])
    for i, entity in enumerate(written):
        _described(talk, entity, **{CONNECTIONS: 1e6 + i})
    talk.ask("DescribeClientQuotas", components=[_part("ip", ANY)])
    talk.ask("DescribeClientQuotas", components=[_part("ip", EXACT, "2001:db8::7")])
    talk.ask("DescribeClientQuotas", components=[_part("user", ANY)])
    talk.ask(entries=[_change(entity, **{CONNECTIONS: None}) for entity in written])
    talk.until(_has(0), "DescribeClientQuotas", components=[_part("ip", ANY)])


def one_wrong_key(talk: Talk) -> None:
    """One wrong change of an entity undoes its others; the other entities of the request get theirs."""
    wrong, right = _entity(user=talk.name_of("wrong")), _entity(user=talk.name_of("right"))
    changes = [_change(wrong, **{PRODUCE: 1e6, "speed": 1.0}), _change(right, **{PRODUCE: 1e6})]
    talk.ask(entries=changes)
    _described(talk, right, **{PRODUCE: 1e6})
    _described(talk, wrong)
    talk.ask(entries=[_change(right, **{PRODUCE: None})])
    _described(talk, right)


def entity_twice(talk: Talk) -> None:
    """An entity that a request names twice is refused, and its first change is made all the same."""
    user, other = _entity(user=talk.name_of("user")), _entity(user=talk.name_of("other"))
    talk.ask(entries=[_change(user, **{PRODUCE: 1e6}), _change(user, **{CONSUME: 2e6})])
    talk.ask(entries=[_change(other, **{PRODUCE: 3e6})])
    _described(talk, other, **{PRODUCE: 3e6})
    talk.ask("DescribeClientQuotas", **_exactly(user))
    talk.ask(entries=[_change(entity, **{PRODUCE: None, CONSUME: None}) for entity in (user, other)])
    _described(talk, user)
    _described(talk, other)


def last_of_two_names(talk: Talk) -> None:
    """An entity with two users is the last one's."""
    one, two = talk.name_of("one"), talk.name_of("two")
    talk.ask(entries=[_change(_entity(user=one) + _entity(user=two), **{PRODUCE: 1e6})])
    _described(talk, _entity(user=two), **{PRODUCE: 1e6})
    _described(talk, _entity(user=one))
    talk.ask(entries=[_change(_entity(user=two), **{PRODUCE: None})])
    _described(talk, _entity(user=two))


def odd_names(talk: Talk) -> None:
    """Names may hold anything."""
    for name in ("with space", "a/b=c,d%", "\u00fc\u4e16", "<default>", "x" * 300):
        user = _entity(user=talk.name_of(name))
        talk.ask(entries=[_change(user, **{PRODUCE: 1e6})])
        _described(talk, user, **{PRODUCE: 1e6})
        talk.ask(entries=[_change(user, **{PRODUCE: None})])
        _described(talk, user)


def large_and_small_values(talk: Talk) -> None:
    """Values come back as they were given, as far as a double holds them."""
    user = _entity(user=talk.name_of("user"))
    for value in (2.0**53 + 2, 2.0**63, 1e-300, 0.1):
        key = PRODUCE if value > 1 else REQUESTS
        talk.ask(entries=[_change(user, **{key: value})])
        _described(talk, user, **{key: value})
        talk.ask(entries=[_change(user, **{key: None})])
        _described(talk, user)
