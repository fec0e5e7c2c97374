"""ApiVersions: what the broker serves, whatever the version that is asked."""

from differ.talk import Talk

API = "ApiVersions"


def named_client(talk: Talk) -> None:
    """A client that says who it is."""
    talk.ask(client_software_name="differ", client_software_version="1.0")


def asked_twice(talk: Talk) -> None:
    """A second request on the same connection is answered like the first."""
    for _ in range(2):
        talk.ask(client_software_name="differ", client_software_version="1.0")


def invalid_software_name(talk: Talk) -> None:
    """Names are made of letters, digits, dots and dashes (KIP-511)."""
    for name in ("", "with space", "-dash", "dash-", "a.b-c", "ünï"):
        talk.ask(client_software_name=name, client_software_version="1.0")


def invalid_software_version(talk: Talk) -> None:
    """Versions follow the same rule."""
    for version in ("", "1 0", ".1", "1."):
        talk.ask(client_software_name="differ", client_software_version=version)


def after_other_requests(talk: Talk) -> None:
    """ApiVersions need not come first."""
    talk.ask_quietly("Metadata", at=4, topics=[])
    talk.ask(client_software_name="differ", client_software_version="1.0")
