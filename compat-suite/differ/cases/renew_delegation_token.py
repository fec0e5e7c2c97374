"""RenewDelegationToken: who has not logged in renews no token."""

from differ.talk import Talk

API = "RenewDelegationToken"


def unknown(talk: Talk) -> None:
    """A token that nobody has."""
    talk.ask(hmac=b"no such token", renew_period_ms=1000)


def nothing(talk: Talk) -> None:
    """An empty token."""
    talk.ask(hmac=b"", renew_period_ms=1000)


def for_as_long_as_possible(talk: Talk) -> None:
    """The broker's own period."""
    talk.ask(hmac=b"no such token", renew_period_ms=-1)


def periods(talk: Talk) -> None:
    """Other periods, senseless ones among them."""
    for period_ms in (0, -2, 2**63 - 1):
        talk.ask(hmac=b"no such token", renew_period_ms=period_ms)


def after_create(talk: Talk) -> None:
    """With what the refusal of a new token holds."""
    made = talk.ask("CreateDelegationToken", max_lifetime_ms=-1)
    talk.ask(hmac=bytes(made.hmac), renew_period_ms=1000)
