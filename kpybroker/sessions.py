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
NO_SESSION = 0
MIN_EVICTION_MS = 120_000  # kafka.server: MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS

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


class Session(Struct):
    id: int
    epoch: int
    uses_topic_ids: bool
    created: Instant
    last_used: Instant
    partitions: dict[PartitionKey, Followed]


class FetchContext(Struct):
    """What one Fetch request asks for, and how its answer is put together."""

    partitions: Sequence[Followed]
    error: Error = Error.NONE
    session: Session | None = None
    incremental: bool = False

    def select(self, answers: Iterable[tuple[Followed, PartitionData]]) -> list[tuple[Followed, PartitionData]]:
        """The partitions to answer: all, or in an incremental session those with news."""
        if self.session is None:
            return list(answers)
        chosen = [pair for pair in answers if pair[0].tell(pair[1]) or not self.incremental]
        if self.incremental:
            # What was just served goes to the end, so that no partition starves (FetchContext, KIP-227).
            for followed, answer in chosen:
                if len(answer.records or b""):
                    key = _key(followed, self.session.uses_topic_ids)
                    if key in self.session.partitions:  # else forgotten meanwhile, on another connection
                        self.session.partitions[key] = self.session.partitions.pop(key)
        return chosen

    @property
    def session_id(self) -> int:
        return self.session.id if self.session is not None else NO_SESSION


class FetchSessions:
    """All sessions of a broker, the least recently used first; `slots` bounds them."""

    def __init__(self, slots: int, rng: random.Random) -> None:
        self._slots = slots
        self._random = rng
        self._sessions: dict[int, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def context(self, request: FetchRequest, version: int, now: Instant) -> FetchContext:
        asked = {_key(followed, version >= 13): followed for followed in _followed(request)}
        if request.session_epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            self._sessions.pop(request.session_id, None)
            if request.session_epoch == FINAL_EPOCH or version < 7:
                return FetchContext(list(asked.values()))
            return FetchContext(list(asked.values()), session=self._create(asked, version >= 13, now))
        session = self._sessions.get(request.session_id)
        if session is None:
            return FetchContext((), Error.FETCH_SESSION_ID_NOT_FOUND)
        if session.epoch != request.session_epoch:
            return FetchContext((), Error.INVALID_FETCH_SESSION_EPOCH)
        if session.uses_topic_ids != (version >= 13):
            return FetchContext((), Error.FETCH_SESSION_TOPIC_ID_ERROR)
        self._update(session, asked, request)
        if not session.partitions:
            del self._sessions[session.id]
            return FetchContext(list(asked.values()))
        session.epoch = session.epoch + 1 if session.epoch < 2**31 - 1 else 1
        session.last_used = now
        self._sessions[session.id] = self._sessions.pop(session.id)
        return FetchContext(list(session.partitions.values()), session=session, incremental=True)

    def _create(self, asked: dict[PartitionKey, Followed], uses_topic_ids: bool, now: Instant) -> Session | None:
        """A new session, or None where there is no slot that may be taken."""
        if self._slots <= 0:
            return None
        if len(self._sessions) >= self._slots:
            oldest = next(iter(self._sessions.values()))
            if now - oldest.last_used <= MIN_EVICTION_MS:
                return None
            del self._sessions[oldest.id]
        number = self._random.randrange(1, 2**31 - 1)
        while number in self._sessions:
            number = self._random.randrange(1, 2**31 - 1)
        session = Session(number, INITIAL_EPOCH + 1, uses_topic_ids, now, now, asked)
        self._sessions[number] = session
        return session

    @staticmethod
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
