"""SaslAuthenticate: on a listener where nobody logs in."""

from differ.talk import Talk

API = "SaslAuthenticate"


def plain(talk: Talk) -> None:
    """A name and a password, without a handshake."""
    talk.ask(auth_bytes=b"\0user\0password")


def nothing(talk: Talk) -> None:
    """No bytes."""
    talk.ask(auth_bytes=b"")


def scram(talk: Talk) -> None:
    """The first message of SCRAM."""
    talk.ask(auth_bytes=b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")


def again(talk: Talk) -> None:
    """Twice on one connection, which stays usable."""
    for _ in range(2):
        talk.ask(auth_bytes=b"\0user\0password")
    talk.ask("Metadata", at=4, topics=[{"name": talk.name_of("missing")}], allow_auto_topic_creation=False)


def much(talk: Talk) -> None:
    """Far more bytes than any mechanism has."""
    talk.ask(auth_bytes=bytes(600_000))
