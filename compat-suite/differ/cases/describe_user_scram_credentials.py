"""DescribeUserScramCredentials: users that have none. Those that have are in the conversation scram_life."""

from differ.talk import Talk

API = "DescribeUserScramCredentials"


def unknown(talk: Talk) -> None:
    """A user without credentials."""
    talk.ask(users=[{"name": talk.name_of("nobody")}])


def several(talk: Talk) -> None:
    """Three users without credentials."""
    talk.ask(users=[{"name": talk.name_of(name)} for name in ("b", "a", "c")])


def twice(talk: Talk) -> None:
    """The same user twice, and three times, beside another."""
    one, other = {"name": talk.name_of("one")}, {"name": talk.name_of("other")}
    talk.ask(users=[one, one])
    talk.ask(users=[one, other, one, one])


def empty_name(talk: Talk) -> None:
    """A name that nobody can have."""
    talk.ask(users=[{"name": ""}])


def everybody(talk: Talk) -> None:
    """Null and an empty list ask for all: nobody has any."""
    talk.until(lambda a: not a.results, users=None)
    talk.ask(users=[])
