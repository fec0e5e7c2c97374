"""ExpireDelegationToken: who has not logged in ends no token."""

from differ.talk import Talk

API = "ExpireDelegationToken"


def unknown(talk: Talk) -> None:
    """A token that nobody has."""
    talk.ask(hmac=b"no such token", expiry_time_period_ms=1000)


def nothing(talk: Talk) -> None:
    """An empty token."""
    talk.ask(hmac=b"", expiry_time_period_ms=1000)


def at_once(talk: Talk) -> None:
    """Now."""
    talk.ask(hmac=b"no such token", expiry_time_period_ms=-1)


def periods(talk: Talk) -> None:
    """Other periods, senseless ones among them."""
    for period_ms in (0, -2, 2**63 - 1):
        talk.ask(hmac=b"no such token", expiry_time_period_ms=period_ms)


def after_create(talk: Talk) -> None:
    """With what the refusal of a new token holds."""
    made = talk.ask("CreateDelegationToken", max_lifetime_ms=-1)
    talk.ask(hmac=bytes(made.hmac), expiry_time_period_ms=1000)
