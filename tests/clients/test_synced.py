"""Real clients and a broker that syncs before it acknowledges: they see no difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpybroker import Broker
from tests.clients.conftest import CLIENTS
from tests.clients.drivers import Client, Message, wait_for

VALUES = [Message(b"%d" % number, b"key") for number in range(50)]


@pytest.fixture(params=["kafka-python", "confluent-kafka"])
def synced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A client of a broker that syncs."""
    with Broker(data_dir=tmp_path / "data", sync=True) as broker:
        client = CLIENTS[request.param](broker.bootstrap_servers)
        yield client
        client.close()


@pytest.mark.parametrize("acks", ["1", "all"])
def test_produce_consume_and_commit(synced: Client, acks: str) -> None:
    """Records and offsets go to the disk and back, with and without sequence numbers."""
    assert synced.create_topic("t", 2) == 0
    assert synced.produce("t", VALUES, acks=acks) == list(range(50))
    if acks == "all":
        assert synced.produce("t", VALUES, idempotent=True) == list(range(50, 100))
    consumer = synced.consumer("t", "g")
    consumer.subscribe()
    expected = 100 if acks == "all" else 50
    wait_for(lambda: len(consumer.received) >= expected, consumer)
    assert [record.offset for record in consumer.received] == list(range(expected))
    consumer.commit()
    assert consumer.committed(0) == expected
    consumer.close()
    assert synced.delete_topic("t") == 0
