"""SCRAM credentials: what is kept of a password, and that it outlives a restart."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode

import pytest

from kpybroker.storage.memory import MemoryFiles
from kpybroker.wire.messages.alter_user_scram_credentials import AlterUserScramCredentialsRequest
from kpybroker.wire.messages.describe_user_scram_credentials import DescribeUserScramCredentialsRequest
from tests.core import Bench, CoreClient

Upsertion = AlterUserScramCredentialsRequest.ScramCredentialUpsertion
Deletion = AlterUserScramCredentialsRequest.ScramCredentialDeletion
SHA_256, SHA_512 = 1, 2


def alter(client: CoreClient, *upsertions: Upsertion, deletions: tuple[Deletion, ...] = ()) -> dict[str, int]:
    """The error for each user."""
    request = AlterUserScramCredentialsRequest(deletions=list(deletions), upsertions=list(upsertions))
    return {result.user: result.error_code for result in client.ask(request, 0).results}


def new(name: str, mechanism: int, iterations: int = 4096) -> Upsertion:
    return Upsertion(name=name, mechanism=mechanism, iterations=iterations, salt=b"salt", salted_password=b"salted")


def described(client: CoreClient) -> dict[str, dict[int, int]]:
    """Everybody's iterations, by mechanism."""
    answer = client.ask(DescribeUserScramCredentialsRequest(users=None), 0)
    return {
        result.user: {info.mechanism: info.iterations for info in result.credential_infos} for result in answer.results
    }


def test_the_exchange_of_rfc_7677_fits_what_is_kept() -> None:
    """The RFC's user "user" with the password "pencil": the keys kept for it prove its client and its server right."""
    iterations, salt = 4096, b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    client_final = f"c=biws,r={nonce}"
    first = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i={iterations},{client_final}".encode()
    proof = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    signature = b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")

    bench = Bench()
    password = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, iterations)
    wanted = Upsertion(name="user", mechanism=SHA_256, iterations=iterations, salt=salt, salted_password=password)
    assert alter(bench.connect(), wanted) == {"user": 0}
    kept = bench.state.image.credentials.of("user")[SHA_256]
    assert (kept.salt, kept.iterations) == (salt, iterations)
    client_signature = hmac.digest(kept.stored_key, first, "sha256")
    client_key = bytes(a ^ b for a, b in zip(proof, client_signature, strict=True))
    assert hashlib.sha256(client_key).digest() == kept.stored_key
    assert hmac.digest(kept.server_key, first, "sha256") == signature


@pytest.mark.parametrize(("mechanism", "size"), [(SHA_256, 32), (SHA_512, 64)])
def test_the_password_itself_is_not_kept(mechanism: int, size: int) -> None:
    """Nothing on the disk holds the salted password: who reads the log cannot log in with it."""
    files = MemoryFiles()
    bench = Bench(files=files)
    secret = b"a salted password that nobody may read"
    wanted = Upsertion(name="u", mechanism=mechanism, iterations=4096, salt=b"s", salted_password=secret)
    assert alter(bench.connect(), wanted) == {"u": 0}
    kept = bench.state.image.credentials.of("u")[mechanism]
    assert (len(kept.stored_key), len(kept.server_key)) == (size, size)
    log = files.read_whole("__cluster_metadata-0/00000000000000000000.log")
    assert log is not None
    assert kept.stored_key in log
    assert secret not in log


def test_credentials_outlive_a_kill() -> None:
    """From the metadata log alone: the last of each mechanism is there, what was deleted is not."""
    files = MemoryFiles()
    client = Bench(files=files).connect()
    assert alter(client, new("a", SHA_256), new("b", SHA_256), new("gone", SHA_512)) == {"a": 0, "b": 0, "gone": 0}
    assert alter(client, new("a", SHA_512, 5000)) == {"a": 0}
    assert alter(client, new("a", SHA_256, 6000), deletions=(Deletion(name="gone", mechanism=SHA_512),)) == {
        "gone": 0,
        "a": 0,
    }
    again = Bench(files=files.copy())
    other = again.connect()
    assert described(other) == {"a": {SHA_256: 6000, SHA_512: 5000}, "b": {SHA_256: 4096}}
    assert alter(other, deletions=(Deletion(name="b", mechanism=SHA_256),)) == {"b": 0}
    assert described(Bench(files=files.copy()).connect()) == described(client)
    assert "b" not in described(other)
    assert not again.core.bugs


def test_the_last_of_a_mechanism_may_go_as_another_comes() -> None:
    """One request deletes the only credential of a mechanism and stores another of it: the new one stays."""
    client = Bench().connect()
    alter(client, new("old", SHA_256))
    assert alter(client, new("new", SHA_256), deletions=(Deletion(name="old", mechanism=SHA_256),)) == {
        "old": 0,
        "new": 0,
    }
    assert described(client) == {"new": {SHA_256: 4096}}
