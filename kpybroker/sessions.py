"""Incremental fetch sessions (KIP-227): what a consumer follows is kept, so that only changes are asked and told."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from msgspec import Struct

from kpybroker.machine import Instant
from kpybroker.wire.declare import NO_ID
from kpybroker.wire.errors import Error
from kpybroker.wire.messages.fetch import FetchRequest, FetchResponse

INITIAL_EPOCH, FINAL_EPOCH = 0, -1  # org.apache.kafka.common.requests.FetchMetadata
LAST_EPOCH = 2**31 - 1
NO_SESSION = 0
MIN_EVICTION_MS = 120_000  # kafka.server: MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS
SHARDS = 8  # kafka.server.BrokerServer: the cache is cut into slices by session id, to share its locks
FIRST_OF_IDS = 13  # the Fetch version from which on topics go by their ids (KIP-516)
IDS_OF_A_SHARD = (2**31 - 1) // SHARDS

PartitionData = FetchResponse.FetchableTopicResponse.PartitionData
PartitionKey = tuple[str, bytes, int]  # topic name (empty where the id counts), topic id, partition


class Followed(Struct):
    """One partition that a fetch asks for, and what the session's client was last told of it."""

    topic: str
    topic_id: bytes
    index: int
    fetch_offset: int
    max_bytes: int
    current_leader_epoch: int
    last_fetched_epoch: int
    high_watermark: int = -1
    log_start_offset: int = -1

    def tell(self, answer: PartitionData) -> bool:
        """Notes what is about to be sent; True if an incremental answer must carry this partition."""
        news = (
            len(answer.records or b"") > 0
            or self.high_watermark != answer.high_watermark
            or self.log_start_offset != answer.log_start_offset
            or answer.error_code != 0
            or answer.diverging_epoch is not None
        )
        # An error is told again until it is gone: the next answer must differ from what is remembered.
        self.high_watermark = -1 if answer.error_code else answer.high_watermark
        self.log_start_offset = answer.log_start_offset
        return news


Answered = tuple[Followed, PartitionData]


class Session(Struct):
    """`epoch` is that of the next request; `weight` is its partitions when it was last used."""

    id: int
    epoch: int
    uses_topic_ids: bool
    is_follower: bool
    created: Instant
    last_used: Instant
    partitions: dict[PartitionKey, Followed]
    weight: int = 0
    is_settled: bool = False  # when it was last used, it was there for so long that a larger one may take its place

    def touch(self, now: Instant) -> None:
        self.last_used = now
        self.weight = len(self.partitions)
        self.is_settled = now - self.created > MIN_EVICTION_MS

    @property
    def worth(self) -> tuple[bool, int, int]:
        """Whoever has least of it goes first (FetchSession.EvictableKey)."""
        return self.is_follower, self.weight, self.id


class FetchContext(Struct):
    """What one Fetch request asks for, and how its answer is put together."""

    partitions: Sequence[Followed]
    error: Error = Error.NONE
    session: Session | None = None
    opens: Opening | None = None  # a session begins with the answer, in the answer's order
    epoch: int = 0  # of the session when this was asked

    def answer(self, answers: Sequence[Answered], now: Instant) -> tuple[Error, int, Sequence[Answered]]:
        """The error, the session and the partitions to answer: all, or in a session that goes on those with news."""
        if self.opens is not None:
            return Error.NONE, self.opens.begin(answers, now), answers
        session = self.session
        if session is None:
            return Error.NONE, NO_SESSION, answers
        if session.epoch != self.epoch:  # another connection has asked for more while this one waited
            return Error.INVALID_FETCH_SESSION_EPOCH, session.id, ()
        chosen = [pair for pair in answers if pair[0].tell(pair[1])]
        # What was just served goes to the end, so that no partition starves (FetchContext, KIP-227).
        for followed, data in chosen:
            if len(data.records or b""):
                key = _key(followed, session.uses_topic_ids)
                session.partitions[key] = session.partitions.pop(key)
        return Error.NONE, session.id, chosen


class Opening(Struct):
    """A request for a new session."""

    sessions: FetchSessions
    uses_topic_ids: bool
    is_follower: bool

    def begin(self, answers: Sequence[Answered], now: Instant) -> int:
        """The new session's id; 0 where there is no slot that may be taken."""
        shard = self.sessions.next_shard()
        worth = self.is_follower, len(answers), 0
        if len(shard.sessions) >= shard.slots and not shard.evict(worth, now):
            return NO_SESSION
        for followed, data in answers:
            followed.tell(data)
        partitions = {_key(followed, self.uses_topic_ids): followed for followed, _ in answers}
        session = Session(
            shard.new_id(), INITIAL_EPOCH + 1, self.uses_topic_ids, self.is_follower, now, now, partitions
        )
        session.touch(now)
        shard.sessions[session.id] = session
        return session.id


class Shard:
    """One slice of the cache, the least recently used session first."""

    def __init__(self, number: int, slots: int, rng: random.Random) -> None:
        self.slots = slots
        self.sessions: dict[int, Session] = {}
        self._ids = range(max(1, number * IDS_OF_A_SHARD), (number + 1) * IDS_OF_A_SHARD)
        self._random = rng

    def new_id(self) -> int:
        while (number := self._random.choice(self._ids)) in self.sessions:
            pass
        return number

    def touch(self, session: Session, now: Instant) -> None:
        session.touch(now)
        self.sessions[session.id] = self.sessions.pop(session.id)

    def evict(self, worth: tuple[bool, int, int], now: Instant) -> bool:
        """Makes room for a session of this worth: of one unused for long, or of one that is there for long and worth
        less; a follower's may take the place of any consumer's."""
        oldest = next(iter(self.sessions.values()), None)
        if oldest is not None and now - oldest.last_used > MIN_EVICTION_MS:
            del self.sessions[oldest.id]
            return True
        may_go = [each for each in self.sessions.values() if each.is_settled or (worth[0] and not each.is_follower)]
        least = min(may_go, key=lambda each: each.worth, default=None)
        if least is None or worth < least.worth:
            return False
        del self.sessions[least.id]
        return True


class FetchSessions:
    """All sessions of a broker; `slots` bounds them, each slice has its share."""

    def __init__(self, slots: int, rng: random.Random) -> None:
        self._shards = [Shard(number, slots // SHARDS, rng) for number in range(SHARDS)]
        self._opened = 0

    def __len__(self) -> int:
        return sum(len(shard.sessions) for shard in self._shards)

    def next_shard(self) -> Shard:
        """Slices take turns, full or not."""
        self._opened += 1
        return self._shards[(self._opened - 1) % SHARDS]

    def context(self, request: FetchRequest, version: int, now: Instant) -> FetchContext:
        asked = {_key(followed, version >= FIRST_OF_IDS): followed for followed in _followed(request)}
        shard = self._shard_of(request.session_id)
        if shard is None:
            return FetchContext((), Error.UNKNOWN_SERVER_ERROR)
        if request.session_epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            shard.sessions.pop(request.session_id, None)
            opens = None
            if request.session_epoch == INITIAL_EPOCH and version >= 7:
                follower = request.replica_id if request.replica_state is None else request.replica_state.replica_id
                opens = Opening(self, version >= FIRST_OF_IDS, follower >= 0)
            return FetchContext(list(asked.values()), opens=opens)
        session = shard.sessions.get(request.session_id)
        if session is None:
            return FetchContext((), Error.FETCH_SESSION_ID_NOT_FOUND)
        if session.epoch != request.session_epoch:
            return FetchContext((), Error.INVALID_FETCH_SESSION_EPOCH)
        if session.uses_topic_ids != (version >= FIRST_OF_IDS):
            return FetchContext((), Error.FETCH_SESSION_TOPIC_ID_ERROR)
        _update(session, asked, request)
        if not session.partitions:
            del shard.sessions[session.id]
            return FetchContext(list(asked.values()))
        shard.touch(session, now)
        session.epoch = session.epoch + 1 if session.epoch < LAST_EPOCH else INITIAL_EPOCH + 1
        return FetchContext(list(session.partitions.values()), session=session, epoch=session.epoch)

    def _shard_of(self, session_id: int) -> Shard | None:
        """None for an id that no slice can have: those fail in Kafka as a whole (FetchSessionCache.getCacheShard)."""
        number = abs(session_id) // IDS_OF_A_SHARD
        if session_id < 0:
            number = -number
        return self._shards[number] if 0 <= number < SHARDS else None


def _update(session: Session, asked: dict[PartitionKey, Followed], request: FetchRequest) -> None:
    for key, new in asked.items():
        old = session.partitions.get(key)
        if old is None:
            session.partitions[key] = new
            continue
        old.fetch_offset, old.max_bytes = new.fetch_offset, new.max_bytes
        old.current_leader_epoch, old.last_fetched_epoch = new.current_leader_epoch, new.last_fetched_epoch
    for topic in request.forgotten_topics_data:
        for index in topic.partitions:
            session.partitions.pop((topic.topic, bytes(topic.topic_id), index), None)


def _followed(request: FetchRequest) -> Iterable[Followed]:
    for topic in request.topics:
        for part in topic.partitions:
            yield Followed(
                topic.topic,
                bytes(topic.topic_id),
                part.partition,
                part.fetch_offset,
                part.partition_max_bytes,
                part.current_leader_epoch,
                part.last_fetched_epoch,
            )


def _key(followed: Followed, uses_topic_ids: bool) -> PartitionKey:
    return ("" if uses_topic_ids else followed.topic, followed.topic_id if uses_topic_ids else NO_ID, followed.index)
