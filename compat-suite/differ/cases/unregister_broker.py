"""UnregisterBroker: brokers that are not registered."""

from differ.talk import Talk

API = "UnregisterBroker"


def unknown(talk: Talk) -> None:
    """A broker that never was."""
    talk.ask(broker_id=7)


def asked_twice(talk: Talk) -> None:
    """The same again."""
    talk.ask(broker_id=7)
    talk.ask(broker_id=7)


def below_zero(talk: Talk) -> None:
    """No id at all."""
    talk.ask(broker_id=-1)


def smallest_and_largest(talk: Talk) -> None:
    """The ends of the range."""
    for number in (-(2**31), 0, 2**31 - 1):
        talk.ask(broker_id=number)


def others_go_on(talk: Talk) -> None:
    """The brokers that there are stay."""
    talk.ask(broker_id=2)
    talk.ask("DescribeCluster", at=2, include_fenced_brokers=True)
