"""The table of error codes, against two that others made."""

from __future__ import annotations

from kafka import errors
from kio.schema.errors import ErrorCode

from kpybroker.wire.encode import encode
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.heartbeat import HeartbeatResponse

# kafka-python keeps names that Kafka has changed since
OLDER_NAMES = {
    "UNKNOWN": "UNKNOWN_SERVER_ERROR",
    "NO_ERROR": "NONE",
    "NOT_LEADER_FOR_PARTITION": "NOT_LEADER_OR_FOLLOWER",
    "MESSAGE_SIZE_TOO_LARGE": "MESSAGE_TOO_LARGE",
    "INVALID_TOPIC": "INVALID_TOPIC_EXCEPTION",
    "INVALID_REPLICATION_ASSIGNMENT": "INVALID_REPLICA_ASSIGNMENT",
}


def test_all_errors_of_kio() -> None:
    """Names and codes are exactly those of kio, which generates its table from Kafka's."""
    assert {error.name: error.value for error in Error} == {code.name.upper(): code.value for code in ErrorCode}


def test_all_errors_of_kafka_python() -> None:
    """Every error that kafka-python can raise for a code is the one that we mean by it."""
    theirs = {
        made.errno: made.message for made in vars(errors).values() if isinstance(getattr(made, "errno", None), int)
    }
    assert len(theirs) > 120
    assert {code: Error(code).name for code in theirs} == {
        code: OLDER_NAMES.get(name, name) for code, name in theirs.items()
    }


def test_an_error_is_its_code() -> None:
    """An error goes into an answer as the number it is."""
    answer = HeartbeatResponse(throttle_time_ms=0, error_code=Error.UNKNOWN_MEMBER_ID)
    assert encode(answer, 0) == b"\x00\x19"
