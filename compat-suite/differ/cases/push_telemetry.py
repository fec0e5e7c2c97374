"""PushTelemetry: not listed by a broker without a receiver of telemetry, and checked all the same."""

from differ.talk import Talk

API = "PushTelemetry"


def reserved_ids(talk: Talk) -> None:
    """Ids that are nobody's."""
    for number in (0, 1):
        talk.ask(client_instance_id=bytes(15) + bytes([number]), metrics=b"metrics")


def unasked(talk: Talk) -> None:
    """A client that has not asked for its subscription cannot know it; it may not try again at once."""
    for _ in range(2):
        talk.ask(client_instance_id=b"a client unasked", subscription_id=1, metrics=b"metrics")


def unasked_and_last(talk: Talk) -> None:
    """What says that it is the last is heard at any time, and nothing after it."""
    for is_last in (True, False, True):
        talk.ask(client_instance_id=b"a client,unasked", subscription_id=1, terminating=is_last)


def pushed(talk: Talk) -> None:
    """As it should be."""
    given = talk.ask("GetTelemetrySubscriptions", client_instance_id=b"as it should be!")
    mine = {"client_instance_id": b"as it should be!", "subscription_id": given.subscription_id}
    talk.ask(**mine, metrics=b"metrics")
    talk.ask(**mine, metrics=b"metrics")


def codecs(talk: Talk) -> None:
    """Every codec, with nothing in it and with what it cannot read; codecs that there are not."""
    for codec in range(-1, 6):
        for metrics in (b"", b"no such format"):
            identity = f"codec {codec}, {len(metrics)} b".encode().ljust(16)
            given = talk.ask_quietly("GetTelemetrySubscriptions", at=0, client_instance_id=identity)
            mine = {"client_instance_id": identity, "subscription_id": given.subscription_id}
            talk.ask(**mine, compression_type=codec, metrics=metrics)


def after_a_wrong_subscription(talk: Talk) -> None:
    """Who is told that its subscription is not known may ask at once, and push with what it hears."""
    talk.ask(client_instance_id=b"knows no better!", subscription_id=1)
    given = talk.ask("GetTelemetrySubscriptions", client_instance_id=b"knows no better!")
    mine = {"client_instance_id": b"knows no better!", "subscription_id": given.subscription_id}
    talk.ask(**mine, metrics=b"metrics")
    talk.ask(**mine, terminating=True)
