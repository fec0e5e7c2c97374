"""A cluster without authorizer, SASL, tokens and a receiver of telemetry; and what only controllers offer."""

import struct

from differ.served import LATEST
from differ.talk import Step, Talk
from kpybroker.wire.declare import Versions

API = "ApiVersions"
VERSIONS = Versions(0, 0)
CLIENT = struct.pack(">h", 6) + b"differ"
TOPIC, READ, ALLOW = 2, 3, 3


def _header(key: int, version: int) -> bytes:
    return struct.pack(">hhi", key, version, 1) + CLIENT


def _still_here(talk: Talk) -> None:
    """The connection goes on."""
    talk.ask("Metadata", at=4, topics=[{"name": talk.name_of("missing")}], allow_auto_topic_creation=False)


def rules(talk: Talk) -> None:
    """A rule cannot be made, seen or deleted; the connection stays usable."""
    rule = {"resource_type": TOPIC, "resource_name": "topic", "principal": "User:someone", "host": "*"}
    talk.ask("CreateAcls", at=3, creations=[rule | {"operation": READ, "permission_type": ALLOW}])
    talk.ask("DescribeAcls", at=3, resource_type_filter=TOPIC, operation=READ, permission_type=ALLOW)
    found = {"resource_type_filter": TOPIC, "operation": READ, "permission_type": ALLOW}
    talk.ask("DeleteAcls", at=3, filters=[found])
    _still_here(talk)


def rules_in_words_unknown(talk: Talk) -> None:
    """A rule of an unknown kind closes the connection, whatever follows on another."""
    talk.ask("DescribeAcls", at=3)
    _still_here(talk)
    talk.ask("CreateAcls", at=3, creations=[{"resource_type": TOPIC}])
    _still_here(talk)
    talk.ask("DeleteAcls", at=3, filters=[{"resource_type_filter": TOPIC}])
    _still_here(talk)


def login(talk: Talk) -> None:
    """A client that is set up for SASL finds out that nobody logs in here."""
    talk.ask_quietly("ApiVersions", at=3, client_software_name="differ", client_software_version="1")
    talk.ask("SaslHandshake", at=1, mechanism="PLAIN")
    talk.ask("SaslAuthenticate", at=2, auth_bytes=b"\0user\0password")
    _still_here(talk)


def login_without_a_header(talk: Talk) -> None:
    """After SaslHandshake v0 old clients send bare frames: here they are no requests."""
    talk.ask("SaslHandshake", at=0, mechanism="PLAIN")
    talk.ask_bytes("bare PLAIN", b"\0user\0password")
    _still_here(talk)


def tokens(talk: Talk) -> None:
    """A delegation token cannot be had, renewed, ended or seen; the connection stays usable."""
    talk.ask("CreateDelegationToken", at=3, max_lifetime_ms=-1)
    talk.ask("RenewDelegationToken", at=2, hmac=b"token", renew_period_ms=-1)
    talk.ask("ExpireDelegationToken", at=2, hmac=b"token", expiry_time_period_ms=-1)
    talk.ask("DescribeDelegationToken", at=3, owners=None)
    _still_here(talk)


def only_among_controllers(talk: Talk) -> None:
    """APIs that controllers offer each other and their brokers: the connection is closed without an answer."""
    names = {52: "Vote", 53: "BeginQuorumEpoch", 54: "EndQuorumEpoch", 59: "FetchSnapshot", 62: "BrokerRegistration"}
    names |= {63: "BrokerHeartbeat", 70: "ControllerRegistration", 73: "AssignReplicasToDirs", 82: "UpdateRaftVoter"}
    _ask_blindly(talk, names)


def only_with_zookeeper(talk: Talk) -> None:
    """APIs that brokers had among themselves, or had of their controller, while there was ZooKeeper."""
    names = {4: "LeaderAndIsr", 5: "StopReplica", 6: "UpdateMetadata", 7: "ControlledShutdown", 56: "AlterPartition"}
    _ask_blindly(talk, names | {58: "Envelope", 67: "AllocateProducerIds"})


def _ask_blindly(talk: Talk, names: dict[int, str]) -> None:
    for key, name in names.items():
        for version in range(2):
            talk.ask_bytes(f"{name} v{version}", _header(key, version) + bytes(60))
    _still_here(talk)


def past_the_last_version(talk: Talk) -> None:
    """One version more than there is of the APIs of security: the connection is closed."""
    for key, version in ((17, 2), (29, 4), (30, 4), (31, 4), (36, 3), (38, 4), (39, 3), (40, 3), (41, 4)):
        talk.ask_bytes(f"key {key} v{version}", _header(key, version) + bytes(60))
    for key, version in ((48, 2), (49, 2), (50, 1), (51, 1), (71, 1), (72, 1)):
        talk.ask_bytes(f"key {key} v{version}", _header(key, version) + bytes(60))


def telemetry_unlisted(talk: Talk) -> None:
    """ApiVersions has the APIs of telemetry only where somebody receives it."""
    answer = talk.ask_quietly("ApiVersions", at=4, client_software_name="differ", client_software_version="1")
    listed = [api.api_key for api in answer.api_keys if api.api_key in (71, 72)]
    talk.steps.append(Step("of 71 and 72", listed))


def telemetry_asked(talk: Talk) -> None:
    """Whoever asks all the same gets an id and a subscription to nothing, and may push once in an interval."""
    talk.leave_open("client_instance_id", "subscription_id", because="both are random")
    given = talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=bytes(16))
    assert any(bytes(given.client_instance_id))
    mine = {"client_instance_id": bytes(given.client_instance_id), "subscription_id": given.subscription_id}
    talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=mine["client_instance_id"])
    talk.ask("PushTelemetry", at=0, **mine, metrics=b"metrics")
    talk.ask("PushTelemetry", at=0, **mine, metrics=b"metrics")
    talk.ask("PushTelemetry", at=0, **mine, terminating=True)
    talk.ask("PushTelemetry", at=0, **mine, terminating=True)
    _still_here(talk)
    talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=mine["client_instance_id"])


def telemetry_of_an_id_of_ones_own(talk: Talk) -> None:
    """A client may bring its id; its subscription is a checksum of what is wanted and of the id."""
    first, second = b"first client id!", b"second client id"
    for identity in (first, second):
        talk.connect(identity.decode()[:6].strip()).ask("GetTelemetrySubscriptions", at=0, client_instance_id=identity)
    talk.connect("again").ask("GetTelemetrySubscriptions", at=0, client_instance_id=first)


def telemetry_refused(talk: Talk) -> None:
    """Ids that are reserved, another subscription, unknown compression, too much of it."""
    for number in (0, 1):
        talk.ask("PushTelemetry", at=0, client_instance_id=bytes(15) + bytes([number]))
    talk.ask("PushTelemetry", at=0, client_instance_id=b"wrong subscriber", subscription_id=1, metrics=b"m")
    talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=b"wrong subscriber")
    for name, more in (
        ("codec", {"compression_type": 9}),
        ("size", {"metrics": bytes(1_048_577)}),
        ("most", {"metrics": bytes(1_048_576)}),
        ("none", {}),
        ("gzip", {"compression_type": 1, "metrics": b"not gzip"}),
    ):
        other = talk.connect(name)
        identity = f"client {name}    ".encode()[:16].ljust(16)
        given = other.ask("GetTelemetrySubscriptions", at=0, client_instance_id=identity)
        mine = {"client_instance_id": identity, "subscription_id": given.subscription_id}
        other.ask("PushTelemetry", at=0, **mine, **more)
        other.ask("GetTelemetrySubscriptions", at=0, client_instance_id=identity)


def telemetry_ends_with_its_connection(talk: Talk) -> None:
    """What the broker knows of a client it forgets with the client's connection; before 4.0 it did not."""
    identity = b"a client that is"
    talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=identity)
    talk.ask("GetTelemetrySubscriptions", at=0, client_instance_id=identity)
    talk.close()
    second = talk.connect("second")
    outcome = 0 if talk.release == LATEST else 89
    second.until(lambda a: a.error_code == outcome, "GetTelemetrySubscriptions", at=0, client_instance_id=identity)
