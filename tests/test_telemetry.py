"""Client telemetry without a receiver: ids, intervals, and what is forgotten when."""

from __future__ import annotations

from typing import Any

from kpybroker.telemetry import MAX_CLIENTS
from kpybroker.wire.compression import GZIP, compress
from kpybroker.wire.messages.get_telemetry_subscriptions import GetTelemetrySubscriptionsRequest
from kpybroker.wire.messages.push_telemetry import PushTelemetryRequest
from tests.core import Bench, CoreClient

INTERVAL_MS = 300_000
THROTTLED, INVALID_REQUEST, UNKNOWN_SUBSCRIPTION, TOO_LARGE, INVALID_RECORD = 89, 42, 117, 118, 87
NOBODY = bytes(16)
ID = b"an id of one own"


def ask(client: CoreClient, identity: bytes = ID) -> Any:
    return client.ask(GetTelemetrySubscriptionsRequest(client_instance_id=identity), 0)


def push(client: CoreClient, subscription: int, identity: bytes = ID, *, last: bool = False, data: bytes = b"m") -> int:
    request = PushTelemetryRequest(
        client_instance_id=identity, subscription_id=subscription, terminating=last, compression_type=0, metrics=data
    )
    error: int = client.ask(request, 0).error_code
    return error


def test_an_id_is_given_once() -> None:
    """Who has none gets one, from the seed; who has one keeps it."""
    bench = Bench()
    given = [ask(bench.connect(), NOBODY).client_instance_id for _ in range(3)]
    assert len({bytes(each) for each in given} | {NOBODY}) == 4
    assert [ask(Bench().connect(), NOBODY).client_instance_id] == given[:1]
    assert ask(bench.connect()).client_instance_id == ID


def test_once_in_an_interval() -> None:
    """A client asks once and pushes once in an interval; the first push after an answer may come at once."""
    bench = Bench()
    client = bench.connect()
    subscription = ask(client).subscription_id
    for _ in range(3):
        assert push(client, subscription) == 0
        bench.advance(INTERVAL_MS - 1)
        assert push(client, subscription) == THROTTLED
        assert ask(client).error_code == THROTTLED
        bench.advance(1)
    assert ask(client).error_code == 0


def test_the_last_push_is_the_last() -> None:
    """It may come at any time; after it there is none, until the client is forgotten."""
    bench = Bench()
    client = bench.connect()
    subscription = ask(client).subscription_id
    assert [push(client, subscription), push(client, subscription, last=True)] == [0, 0]
    assert push(client, subscription) == INVALID_REQUEST
    bench.advance(3 * INTERVAL_MS)
    assert push(client, subscription) == 0


def test_what_is_pushed_is_looked_at() -> None:
    """What says that it is gzip has to be, and may not be larger than telemetry.max.bytes, nor become larger."""
    bench = Bench(config={"telemetry.max.bytes": "1000"})

    def deliver(metrics: bytes) -> int:
        client = bench.connect()
        identity = client.number.to_bytes(16, "big")[::-1]
        request = PushTelemetryRequest(
            client_instance_id=identity,
            subscription_id=ask(client, identity).subscription_id,
            terminating=False,
            compression_type=GZIP,
            metrics=metrics,
        )
        error: int = client.ask(request, 0).error_code
        return error

    assert ask(bench.connect()).telemetry_max_bytes == 1000
    assert deliver(compress(GZIP, bytes(1000))) == 0
    assert deliver(compress(GZIP, bytes(1001))) == INVALID_RECORD
    assert deliver(b"not gzip") == INVALID_RECORD
    assert deliver(bytes(1001)) == TOO_LARGE
    assert deliver(b"") == 0


def test_a_connection_takes_its_client_along() -> None:
    """A client that comes again is asked anew; before 4.0 it had to wait."""
    for release, expected in (("4.3", 0), ("3.9", THROTTLED)):
        bench = Bench(release=release)
        first, second = bench.connect(), bench.connect()
        assert ask(first).error_code == 0
        assert ask(second).error_code == THROTTLED
        bench.core.disconnected(first.number, bench.now)
        assert ask(second).error_code == expected


def test_a_client_that_was_wrong_asks_again() -> None:
    """Who pushed for a subscription that is not known may ask at once; before 4.0 it had to wait."""
    for release, expected in (("4.3", 0), ("3.9", THROTTLED)):
        client = Bench(release=release).connect()
        assert push(client, 1) == UNKNOWN_SUBSCRIPTION
        assert ask(client).error_code == expected


def test_so_many_clients_and_no_more_are_remembered() -> None:
    """The one that was heard of longest ago is forgotten first, as in Kafka's cache of 16384."""
    bench = Bench()
    client = bench.connect()
    for number in range(2, MAX_CLIENTS + 2):
        bench.state.telemetry.ask(number.to_bytes(16, "big"), client.number, bench.now)
    second, third = (2).to_bytes(16, "big"), (3).to_bytes(16, "big")
    assert ask(client, second).error_code == THROTTLED
    assert ask(client).error_code == 0
    assert ask(client, second).error_code == THROTTLED
    assert ask(client, third).error_code == 0
