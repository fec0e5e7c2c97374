"""SaslHandshake: on a listener where nobody logs in."""

from differ.talk import Talk

API = "SaslHandshake"


def plain(talk: Talk) -> None:
    """A mechanism that Kafka has."""
    talk.ask(mechanism="PLAIN")


def again(talk: Talk) -> None:
    """Twice on one connection, which stays usable."""
    for _ in range(2):
        talk.ask(mechanism="SCRAM-SHA-256")
    talk.ask("Metadata", at=4, topics=[{"name": talk.name_of("missing")}], allow_auto_topic_creation=False)


def unknown_mechanism(talk: Talk) -> None:
    """A mechanism that nobody has, and none."""
    talk.ask(mechanism="ROT13")
    talk.ask(mechanism="")


def in_the_middle(talk: Talk) -> None:
    """After other requests."""
    talk.ask_quietly("ApiVersions", at=0)
    talk.ask(mechanism="GSSAPI")


def then_authenticate(talk: Talk) -> None:
    """The step that would follow."""
    talk.ask(mechanism="PLAIN")
    talk.ask("SaslAuthenticate", at=1, auth_bytes=b"\0user\0password")
