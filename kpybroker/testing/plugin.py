"""The pytest plugin: the fixture `kafka_broker`, a new broker on a new port for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kpybroker.server.face import Broker


@pytest.fixture
def kafka_broker() -> Iterator[Broker]:
    """A Kafka broker for this test alone; `kafka_broker.bootstrap_servers` is what clients take."""
    from kpybroker.server.face import Broker  # noqa: PLC0415  a run that asks for no broker pays for none

    with Broker() as broker:
        yield broker
