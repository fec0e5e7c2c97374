"""Client telemetry (KIP-714): who has asked what to measure, and how often they may ask and deliver.

Soft state, as in org.apache.kafka.server.ClientMetricsManager without a receiver: it is gone with its connection.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from kpybroker.machine import Instant
from kpybroker.metadata.creation import new_id
from kpybroker.wire.checksum import crc32c
from kpybroker.wire.compiler import WireError
from kpybroker.wire.compression import NAMES, NONE, Data, decompress
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error

PUSH_INTERVAL_MS = 300_000  # ClientMetricsConfigs.INTERVAL_MS_DEFAULT
FORGOTTEN_MS = 3 * PUSH_INTERVAL_MS
MAX_CLIENTS = 16384  # ClientMetricsManager.CACHE_MAX_SIZE
RESERVED = (NO_ID, bytes(15) + b"\1")  # org.apache.kafka.common.Uuid.RESERVED
NEVER: Instant = -(2**62)
BETTERED_BY_ASKING = (Error.UNKNOWN_SUBSCRIPTION_ID, Error.UNSUPPORTED_COMPRESSION_TYPE)


class Push(NamedTuple):
    """What a client delivers."""

    subscription: int
    is_last: bool
    codec: int
    metrics: Data


class Client(Struct):
    subscription: int
    heard: Instant
    asked: Instant = NEVER
    pushed: Instant = NEVER
    last_error: Error = Error.NONE
    is_ending: bool = False


class Telemetry:
    """The clients that have asked. Nobody receives metrics here, so nothing is ever requested of them.

    `forgiving`, as Kafka is since 4.0: a client is forgotten with its connection, and one that was refused for what it
    can better asks again at once.
    """

    def __init__(self, rng: random.Random, *, forgiving: bool) -> None:
        self._random = rng
        self._is_forgiving = forgiving
        self._clients: dict[bytes, Client] = {}  # the one heard of last comes last
        self._by_connection: dict[int, bytes] = {}  # the one that each connection was the first to name, the latest

    def ask(self, identity: bytes, connection: int, now: Instant) -> tuple[bytes, int] | Error:
        """A client's id, new if it has none, and its subscription; or that it asks too often."""
        if identity == NO_ID:
            identity = new_id(self._random)
        client = self._client(identity, connection, now)
        if now - max(client.asked, client.pushed) >= PUSH_INTERVAL_MS:
            client.asked = now
        elif not (self._is_forgiving and client.last_error in BETTERED_BY_ASKING):
            return Error.THROTTLING_QUOTA_EXCEEDED
        client.last_error = Error.NONE
        return identity, client.subscription

    def push(self, identity: bytes, connection: int, push: Push, max_bytes: int, now: Instant) -> Error:
        if identity in RESERVED:
            return Error.INVALID_REQUEST
        client = self._client(identity, connection, now)
        client.last_error = _accept(client, push, max_bytes, now)
        client.is_ending = push.is_last
        return client.last_error

    def connection_closed(self, connection: int) -> None:
        identity = self._by_connection.pop(connection, None)
        if identity is not None and self._is_forgiving:
            self._clients.pop(identity, None)

    def _client(self, identity: bytes, connection: int, now: Instant) -> Client:
        client = self._clients.pop(identity, None)
        if client is None or now - client.heard >= FORGOTTEN_MS:
            client = Client(_subscription(identity, ()), now)
            self._by_connection[connection] = identity
        client.heard = now
        self._clients[identity] = client
        if len(self._clients) > MAX_CLIENTS:
            del self._clients[next(iter(self._clients))]
        return client


def _accept(client: Client, push: Push, max_bytes: int, now: Instant) -> Error:
    if client.is_ending:
        return Error.INVALID_REQUEST
    # The first push after an answer may come at any time: clients spread theirs over the interval.
    if client.asked > client.pushed or now - client.pushed >= PUSH_INTERVAL_MS:
        client.pushed = now
    elif not push.is_last:
        return Error.THROTTLING_QUOTA_EXCEEDED
    if push.subscription != client.subscription:
        return Error.UNKNOWN_SUBSCRIPTION_ID
    if not 0 <= push.codec < len(NAMES):
        return Error.UNSUPPORTED_COMPRESSION_TYPE
    if len(push.metrics) > max_bytes:
        return Error.TELEMETRY_TOO_LARGE
    try:
        decompress(push.codec if push.metrics else NONE, push.metrics, max_bytes)
    except WireError:
        return Error.INVALID_RECORD
    return Error.NONE


def _subscription(identity: bytes, metrics: Sequence[str]) -> int:
    """A checksum of what is requested and how often, mixed with the client's id: a client sees that it has changed."""
    high, low = int.from_bytes(identity[:8], "big"), int.from_bytes(identity[8:], "big")
    mixed = high ^ low
    number = crc32c(f"[{', '.join(metrics)}]{PUSH_INTERVAL_MS}".encode()) ^ (mixed >> 32) ^ (mixed & 0xFFFFFFFF)
    return (number & 0xFFFFFFFF) - (1 << 32) * (number >> 31 & 1)
