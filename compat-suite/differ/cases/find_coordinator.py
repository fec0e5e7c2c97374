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
    """Kinds of coordinator that are none; keys that are none of a share group's partition (KIP-932)."""
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


@versions("6+")
def share_partition(talk: Talk) -> None:
    """A share group's partition has a coordinator, once the topic behind it is made."""
    keys = [f"{talk.name_of('group')}:{'A' * 21}Q:{index}" for index in (0, 1)]
    talk.until(lambda a: a.coordinators[0].error_code != 15, key_type=2, coordinator_keys=keys)


@versions("6+")
def no_share_partitions(talk: Talk) -> None:
    """Keys of share groups' partitions with too few parts, without a group, a topic's id or a partition (KIP-932)."""
    some_id = "A" * 21 + "Q"
    _ask(talk, "", "group", f"group:{some_id}", f":{some_id}:0", f" :{some_id}:0", key_type=2)
    _ask(
        talk,
        f"group:{some_id}:",
        f"group:{some_id}:x",
        f"group:{some_id}:2147483648",
        f"group:{some_id}: 1",
        key_type=2,
    )
    _ask(talk, "group:short:0", f"group:{'A' * 30}:0", "group:no id:0", "::", f"group:{some_id}:1:x", key_type=2)
    _ask(talk, f"group:{some_id}=:0", f"group:{some_id[1:]}:0", f"group:{some_id}:0x1", f"\t\n:{some_id}:0", key_type=2)
