"""Stock clients meet a cluster that asks nobody for rights, and keep users' passwords in it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka import admin, errors

from tests.clients.drivers import WAIT_S, wait_for
from tests.clients.with_confluent import error_code

SECURITY_DISABLED, RESOURCE_NOT_FOUND, UNACCEPTABLE_CREDENTIAL = 54, 91, 93
FEW_ITERATIONS, ITERATIONS, MORE_ITERATIONS = 4095, 4096, 8192


# -- rules ---------------------------------------------------------------------------------------------------------


def test_confluent_kafka_is_told_that_there_are_no_rules(confluent: AdminClient) -> None:
    """Creating and deleting ACLs come to SECURITY_DISABLED, which this client takes for none when it describes them."""
    rule = ("topic", ResourcePatternType.LITERAL, "User:someone", "*", AclOperation.READ, AclPermissionType.ALLOW)
    binding, matching = AclBinding(ResourceType.TOPIC, *rule), AclBindingFilter(ResourceType.TOPIC, *rule)
    assert confluent.describe_acls(matching).result(WAIT_S) == []
    assert error_code(confluent.create_acls([binding])[binding]) == SECURITY_DISABLED
    deleted: Future[None] = confluent.delete_acls([matching])[matching]
    assert error_code(deleted) == SECURITY_DISABLED


def test_kafka_python_is_told_that_there_are_no_rules(kafka_python: admin.KafkaAdminClient) -> None:
    """Describing, creating and deleting ACLs all come to SecurityDisabledError."""
    rule = (admin.ACLOperation.READ, admin.ACLPermissionType.ALLOW)
    topic = admin.ResourcePattern(admin.ResourceType.TOPIC, "topic")
    acl = admin.ACL("User:someone", "*", *rule, topic)
    with pytest.raises(errors.SecurityDisabledError):
        kafka_python.describe_acls(acl)
    assert kafka_python.create_acls([acl]) == {"succeeded": [], "failed": [errors.SecurityDisabledError]}
    [(_, matching, error)] = kafka_python.delete_acls([acl])
    assert (matching, error) == ([], errors.SecurityDisabledError)


# -- passwords -----------------------------------------------------------------------------------------------------


def test_confluent_kafka_keeps_passwords(confluent: AdminClient, name: str) -> None:
    """A password is stored, found by its mechanism, changed and deleted; afterwards nobody knows the user."""

    def found() -> list[tuple[ScramMechanism, int]]:
        try:
            asked: Any = confluent.describe_user_scram_credentials([name])
            described = asked[name].result(WAIT_S)
        except KafkaException as refused:
            assert refused.args[0].code() == RESOURCE_NOT_FOUND
            return []
        return [(info.mechanism, info.iterations) for info in described.scram_credential_infos]

    def store(mechanism: ScramMechanism, iterations: int) -> int:
        info = ScramCredentialInfo(mechanism, iterations)
        wanted = UserScramCredentialUpsertion(name, info, b"a password", b"salt")
        return error_code(confluent.alter_user_scram_credentials([wanted])[name])

    def delete(mechanism: ScramMechanism) -> int:
        return error_code(confluent.alter_user_scram_credentials([UserScramCredentialDeletion(name, mechanism)])[name])

    assert found() == []
    assert store(ScramMechanism.SCRAM_SHA_256, FEW_ITERATIONS) == UNACCEPTABLE_CREDENTIAL
    assert store(ScramMechanism.SCRAM_SHA_256, ITERATIONS) == 0
    assert store(ScramMechanism.SCRAM_SHA_512, ITERATIONS) == 0
    assert store(ScramMechanism.SCRAM_SHA_512, MORE_ITERATIONS) == 0
    both = {(ScramMechanism.SCRAM_SHA_256, ITERATIONS), (ScramMechanism.SCRAM_SHA_512, MORE_ITERATIONS)}
    wait_for(lambda: set(found()) == both)
    everybody: Any = confluent.describe_user_scram_credentials()
    assert name in everybody.result(WAIT_S)
    assert delete(ScramMechanism.SCRAM_SHA_256) == 0
    assert delete(ScramMechanism.SCRAM_SHA_256) == RESOURCE_NOT_FOUND
    assert delete(ScramMechanism.SCRAM_SHA_512) == 0
    wait_for(lambda: found() == [])


def test_kafka_python_keeps_passwords(kafka_python: admin.KafkaAdminClient, name: str) -> None:
    """A password is stored, found and deleted; what is wrong with another is told by the user's name."""
    mechanism = admin.ScramMechanism.SCRAM_SHA_256

    def seen() -> dict[str, object]:
        found: dict[str, object] = kafka_python.describe_user_scram_credentials([name])[name]
        return found

    few = admin.UserScramCredentialUpsertion(name, mechanism, "a password", iterations=FEW_ITERATIONS)
    assert kafka_python.alter_user_scram_credentials([few])[name]
    enough = admin.UserScramCredentialUpsertion(name, mechanism, "a password", iterations=ITERATIONS)
    assert kafka_python.alter_user_scram_credentials([enough])[name] is None
    infos = [{"mechanism": mechanism, "iterations": ITERATIONS}]
    wait_for(lambda: seen() == {"error": None, "credential_infos": infos})
    gone = admin.UserScramCredentialDeletion(name, mechanism)
    assert kafka_python.alter_user_scram_credentials([gone])[name] is None
    wait_for(lambda: bool(seen()["error"]))
