"""GetTelemetrySubscriptions: not listed by a broker without a receiver of telemetry, and answered all the same."""

from differ.talk import Talk

API = "GetTelemetrySubscriptions"


def own_id(talk: Talk) -> None:
    """A client with an id of its own, which it keeps."""
    talk.ask(client_instance_id=b"one of the cases")


def new_id(talk: Talk) -> None:
    """A client without an id gets one, and another the next time."""
    talk.leave_open("client_instance_id", "subscription_id", because="both are random")
    first, second = talk.ask(), talk.ask()
    assert bytes(first.client_instance_id) != bytes(second.client_instance_id)
    assert bytes(16) not in (bytes(first.client_instance_id), bytes(second.client_instance_id))


def reserved_id(talk: Talk) -> None:
    """The other id that is nobody's is taken for an id here."""
    talk.ask(client_instance_id=bytes(15) + b"\1")


def too_often(talk: Talk) -> None:
    """A second time within the interval."""
    for _ in range(2):
        talk.ask(client_instance_id=b"a client in hast")


def largest_id(talk: Talk) -> None:
    """Ids whose halves are negative numbers to Java: the subscription is a checksum of the id too."""
    talk.ask(client_instance_id=b"\xff" * 16)
    talk.ask(client_instance_id=b"\xff" * 8 + b"\x80" * 8)
    talk.ask(client_instance_id=b"\x7f" * 8 + b"\xfe" * 8)


def two_of_one_connection(talk: Talk) -> None:
    """Two clients of one connection do not know of each other."""
    for identity in (b"the first of two", b"the other of two"):
        talk.ask(client_instance_id=identity)
