"""InitProducerId: for idempotent producers, and for transactional ones."""

from differ.talk import Talk, versions

API = "InitProducerId"


def idempotent(talk: Talk) -> None:
    """Each request gets an id of its own, with epoch 0."""
    for _ in range(2):
        talk.ask(transactional_id=None, transaction_timeout_ms=60_000)


def timeouts_without_transactions(talk: Talk) -> None:
    """Without a transactional id the timeout does not matter."""
    for timeout_ms in (0, -1, 2**31 - 1):
        talk.ask(transactional_id=None, transaction_timeout_ms=timeout_ms)


def empty_transactional_id(talk: Talk) -> None:
    """An empty transactional id is not the same as none."""
    talk.ask(transactional_id="", transaction_timeout_ms=60_000)


@versions("3+")
def known_producer(talk: Talk) -> None:
    """An idempotent producer that names the id it had (KIP-360): without a transactional id it gets a new one."""
    first = talk.ask(transactional_id=None, transaction_timeout_ms=60_000)
    talk.ask(
        transactional_id=None,
        transaction_timeout_ms=60_000,
        producer_id=first.producer_id,
        producer_epoch=first.producer_epoch,
    )


@versions("3+")
def half_known_producer(talk: Talk) -> None:
    """An id without an epoch, an epoch without an id."""
    talk.ask(transactional_id=None, transaction_timeout_ms=60_000, producer_id=5, producer_epoch=-1)
    talk.ask(transactional_id=None, transaction_timeout_ms=60_000, producer_id=-1, producer_epoch=5)


def transactional(talk: Talk) -> None:
    """A transactional id keeps its producer id; each start raises the epoch."""
    for _ in range(2):
        talk.until(
            lambda a: a.error_code != 51,
            transactional_id=talk.name_of("transaction"),
            transaction_timeout_ms=60_000,
        )


def transaction_timeouts(talk: Talk) -> None:
    """Transaction timeouts outside of what the broker allows."""
    for timeout_ms in (0, -1, 900_001):
        talk.ask(transactional_id=talk.name_of("transaction"), transaction_timeout_ms=timeout_ms)
