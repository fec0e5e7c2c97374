"""AlterUserScramCredentials: what is refused. What is kept is in the conversation scram_life."""

from typing import Any

from differ.talk import Talk

API = "AlterUserScramCredentials"
SHA_256, SHA_512 = 1, 2


def _new(name: str, mechanism: int = SHA_256, iterations: int = 4096, **more: Any) -> dict[str, Any]:
    made = {"name": name, "mechanism": mechanism, "iterations": iterations, "salt": b"salt"}
    return made | {"salted_password": b"salted password"} | more


def _gone(name: str, mechanism: int = SHA_256) -> dict[str, Any]:
    return {"name": name, "mechanism": mechanism}


def nothing(talk: Talk) -> None:
    """Neither the one nor the other."""
    talk.ask()


def empty_names(talk: Talk) -> None:
    """A name is needed; also where the mechanism is wrong too."""
    talk.ask(upsertions=[_new("")])
    talk.ask(deletions=[_gone("")])
    talk.ask(upsertions=[_new("", 0)], deletions=[_gone("", 3)])


def unknown_mechanisms(talk: Talk) -> None:
    """Mechanisms that there are not."""
    for mechanism in (0, 3, -1, 127):
        talk.ask(upsertions=[_new(talk.name_of("user"), mechanism)])
        talk.ask(deletions=[_gone(talk.name_of("user"), mechanism)])


def iterations(talk: Talk) -> None:
    """Fewer than the RFC wants, more than Kafka does."""
    for mechanism in (SHA_256, SHA_512):
        for count in (4095, 16385, 0, -1, 2**31 - 1):
            talk.ask(upsertions=[_new(talk.name_of("user"), mechanism, count)])


def empty_password(talk: Talk) -> None:
    """A salted password of no bytes makes no key."""
    talk.ask(upsertions=[_new(talk.name_of("user"), salted_password=b"")])
    talk.ask(upsertions=[_new(talk.name_of("user"), SHA_512, salted_password=b"")])


def delete_what_is_not_there(talk: Talk) -> None:
    """A user without credentials."""
    for mechanism in (SHA_256, SHA_512):
        talk.ask(deletions=[_gone(talk.name_of("nobody"), mechanism)])


def twice(talk: Talk) -> None:
    """One user altered twice in a request: not at all, whatever it is."""
    user = talk.name_of("user")
    talk.ask(upsertions=[_new(user), _new(user)])
    talk.ask(upsertions=[_new(user), _new(user, SHA_512)])
    talk.ask(deletions=[_gone(user), _gone(user)])
    talk.ask(deletions=[_gone(user)], upsertions=[_new(user)])
    talk.ask(upsertions=[_new(user), _new(user), _new(user, 0)])


def twice_without_a_password(talk: Talk) -> None:
    """That there is no password is noticed last, after all that has to do with other changes."""
    user = talk.name_of("user")
    empty = _new(user, salted_password=b"")
    talk.ask(upsertions=[empty, empty])
    talk.ask(upsertions=[empty, _new(user)])
    talk.ask(upsertions=[_new(user, 0), empty])
    talk.ask(upsertions=[empty, _new(talk.name_of("other"), 0)])


def mistakes_told_once(talk: Talk) -> None:
    """Of several mistakes about one user the first is told."""
    user = talk.name_of("user")
    talk.ask(upsertions=[_new(user, 0), _new(user, SHA_256, 1)])
    talk.ask(upsertions=[_new(user, SHA_256, 1), _new(user, 0)])
    talk.ask(upsertions=[_new(user, SHA_256, 1)], deletions=[_gone(user, 0)])
    talk.ask(upsertions=[_new(user, 0, 1)])


def several(talk: Talk) -> None:
    """Several users, each with a mistake of its own."""
    names = [talk.name_of(name) for name in ("a", "b", "c")]
    talk.ask(upsertions=[_new(names[0], 0), _new(names[1], SHA_256, 1)], deletions=[_gone(names[2])])
