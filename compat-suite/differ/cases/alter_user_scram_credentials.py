"""AlterUserScramCredentials: what is refused. What is kept is in the conversation scram_life."""

from differ.scram import SHA_256, SHA_512, deletion, upsertion
from differ.talk import Talk

API = "AlterUserScramCredentials"


def nothing(talk: Talk) -> None:
    """Neither the one nor the other."""
    talk.ask()


def empty_names(talk: Talk) -> None:
    """A name is needed; also where the mechanism is wrong too."""
    talk.ask(upsertions=[upsertion("")])
    talk.ask(deletions=[deletion("")])
    talk.ask(upsertions=[upsertion("", 0)], deletions=[deletion("", 3)])


def unknown_mechanisms(talk: Talk) -> None:
    """Mechanisms that there are not."""
    for mechanism in (0, 3, -1, 127):
        talk.ask(upsertions=[upsertion(talk.name_of("user"), mechanism)])
        talk.ask(deletions=[deletion(talk.name_of("user"), mechanism)])


def iterations(talk: Talk) -> None:
    """Fewer than the RFC wants, more than Kafka does."""
    for mechanism in (SHA_256, SHA_512):
        for count in (4095, 16385, 0, -1, 2**31 - 1):
            talk.ask(upsertions=[upsertion(talk.name_of("user"), mechanism, count)])


def empty_password(talk: Talk) -> None:
    """A salted password of no bytes makes no key."""
    talk.ask(upsertions=[upsertion(talk.name_of("user"), salted_password=b"")])
    talk.ask(upsertions=[upsertion(talk.name_of("user"), SHA_512, salted_password=b"")])


def delete_what_is_not_there(talk: Talk) -> None:
    """A user without credentials."""
    for mechanism in (SHA_256, SHA_512):
        talk.ask(deletions=[deletion(talk.name_of("nobody"), mechanism)])


def twice(talk: Talk) -> None:
    """One user altered twice in a request: not at all, whatever it is."""
    user = talk.name_of("user")
    talk.ask(upsertions=[upsertion(user), upsertion(user)])
    talk.ask(upsertions=[upsertion(user), upsertion(user, SHA_512)])
    talk.ask(deletions=[deletion(user), deletion(user)])
    talk.ask(deletions=[deletion(user)], upsertions=[upsertion(user)])
    talk.ask(upsertions=[upsertion(user), upsertion(user), upsertion(user, 0)])


def twice_without_a_password(talk: Talk) -> None:
    """That there is no password is noticed last, after all that has to do with other changes."""
    user = talk.name_of("user")
    empty = upsertion(user, salted_password=b"")
    talk.ask(upsertions=[empty, empty])
    talk.ask(upsertions=[empty, upsertion(user)])
    talk.ask(upsertions=[upsertion(user, 0), empty])
    talk.ask(upsertions=[empty, upsertion(talk.name_of("other"), 0)])


def mistakes_told_once(talk: Talk) -> None:
    """Of several mistakes about one user the first is told."""
    user = talk.name_of("user")
    talk.ask(upsertions=[upsertion(user, 0), upsertion(user, SHA_256, 1)])
    talk.ask(upsertions=[upsertion(user, SHA_256, 1), upsertion(user, 0)])
    talk.ask(upsertions=[upsertion(user, SHA_256, 1)], deletions=[deletion(user, 0)])
    talk.ask(upsertions=[upsertion(user, 0, 1)])


def several(talk: Talk) -> None:
    """Several users, each with a mistake of its own."""
    names = [talk.name_of(name) for name in ("a", "b", "c")]
    talk.ask(upsertions=[upsertion(names[0], 0), upsertion(names[1], SHA_256, 1)], deletions=[deletion(names[2])])
