"""The life of a SCRAM credential: stored, described, changed, deleted. Each case deletes what it stored."""

from collections.abc import Callable
from typing import Any

from differ.scram import SHA_256, SHA_512, deletion, upsertion
from differ.talk import Talk

API = "AlterUserScramCredentials"


def _described(talk: Talk, user: str, **iterations: int) -> None:
    """Asks until the user has these credentials and no others; Apache Kafka's brokers hear of it a little later."""
    wanted = {SHA_256: iterations.get("sha256"), SHA_512: iterations.get("sha512")}
    there = {mechanism: count for mechanism, count in wanted.items() if count is not None}

    def settled(answer: Any) -> bool:
        return {info.mechanism: info.iterations for info in answer.results[0].credential_infos} == there

    talk.until(settled, "DescribeUserScramCredentials", users=[{"name": user}])


def _users(count: int) -> Callable[[Any], bool]:
    return lambda answer: len(answer.results) == count


def stored_changed_deleted(talk: Talk) -> None:
    """From the first password to the end, and a second end."""
    user = talk.name_of("user")
    for iterations in (4096, 8192):
        talk.ask(upsertions=[upsertion(user, iterations=iterations)])
        _described(talk, user, sha256=iterations)
    talk.ask(deletions=[deletion(user)])
    _described(talk, user)
    talk.ask(deletions=[deletion(user)])


def both_mechanisms(talk: Talk) -> None:
    """A user has one credential of each mechanism; they come and go on their own."""
    user = talk.name_of("user")
    talk.ask(upsertions=[upsertion(user, SHA_512, 5000)])
    talk.ask(upsertions=[upsertion(user, SHA_256, 6000)])
    _described(talk, user, sha256=6000, sha512=5000)
    talk.ask(deletions=[deletion(user, SHA_512)])
    _described(talk, user, sha256=6000)
    talk.ask(deletions=[deletion(user, SHA_512)])
    talk.ask(deletions=[deletion(user)])
    _described(talk, user)


def least_and_most_iterations(talk: Talk) -> None:
    """The numbers of iterations that are just allowed."""
    user = talk.name_of("user")
    for iterations in (4096, 16384):
        talk.ask(upsertions=[upsertion(user, SHA_512, iterations)])
        _described(talk, user, sha512=iterations)
    talk.ask(deletions=[deletion(user, SHA_512)])
    _described(talk, user)


def everybody(talk: Talk) -> None:
    """Null and an empty list ask for all users; a list of names gives each its answer."""
    names = [talk.name_of(name) for name in ("a", "b", "c")]
    talk.ask(upsertions=[upsertion(name, iterations=4096 + i) for i, name in enumerate(names)])
    talk.until(_users(3), "DescribeUserScramCredentials", users=None)
    talk.ask("DescribeUserScramCredentials", users=[])
    asked = [*names[::2], talk.name_of("nobody"), names[0]]
    talk.ask("DescribeUserScramCredentials", users=[{"name": name} for name in asked])
    talk.ask(deletions=[deletion(name) for name in names])
    talk.until(_users(0), "DescribeUserScramCredentials", users=None)


def stored_and_deleted_at_once(talk: Talk) -> None:
    """One request that stores one user's and deletes another's. A third one's stays meanwhile: brokers of Apache Kafka
    lose what comes in one batch with the end of a mechanism's last credential (ScramDelta.apply)."""
    one, two, three = talk.name_of("one"), talk.name_of("two"), talk.name_of("three")
    talk.ask(upsertions=[upsertion(one), upsertion(three)])
    talk.ask(upsertions=[upsertion(two)], deletions=[deletion(one)])
    _described(talk, two, sha256=4096)
    _described(talk, one)
    talk.ask(deletions=[deletion(two), deletion(three)])
    _described(talk, two)
    _described(talk, three)


def altered_twice(talk: Talk) -> None:
    """A user that a request deletes and stores keeps what there was, also where two mechanisms are meant."""
    user = talk.name_of("user")
    talk.ask(upsertions=[upsertion(user)])
    talk.ask(deletions=[deletion(user)], upsertions=[upsertion(user, SHA_512)])
    talk.ask(deletions=[deletion(user), deletion(user)])
    talk.ask(upsertions=[upsertion(user, iterations=5000), upsertion(user, iterations=6000)])
    talk.ask(deletions=[deletion(user), deletion(user), deletion(user)])
    _described(talk, user, sha256=4096)
    talk.ask(deletions=[deletion(user)])
    _described(talk, user)


def right_and_wrong(talk: Talk) -> None:
    """One user's mistake does not keep another's password away; but a mistake undoes all of that user's changes."""
    names = [talk.name_of(name) for name in ("right", "wrong", "missing")]
    talk.ask(upsertions=[upsertion(names[0]), upsertion(names[1], iterations=1)], deletions=[deletion(names[2])])
    _described(talk, names[0], sha256=4096)
    talk.ask(upsertions=[upsertion(names[0], SHA_512)], deletions=[deletion(names[0], SHA_512)])
    _described(talk, names[0], sha256=4096)
    talk.ask(deletions=[deletion(names[0])])
    _described(talk, names[0])


def odd_names_and_salts(talk: Talk) -> None:
    """Names may hold anything, a salt may be empty."""
    for name in ("with space", "a=b,c", "\u00fc\u4e16", "x" * 300):
        user = talk.name_of(name)
        talk.ask(upsertions=[upsertion(user, salt=b"", salted_password=bytes(range(256)))])
        _described(talk, user, sha256=4096)
        talk.ask(deletions=[deletion(user)])
        _described(talk, user)
