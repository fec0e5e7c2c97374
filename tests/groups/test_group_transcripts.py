"""What real clients and Apache Kafka 4.3.1 said to each other about groups, said to a shard."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from kpybroker.groups.settings import GroupSettings
from tests.groups.shard_broker import ShardBroker
from tests.groups.transcript import DEFAULTS, TRANSCRIPTS, parse, play


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_shard_answers_as_kafka_did(path: Path) -> None:
    """Each was recorded from Apache Kafka 4.3.1 and names the methods it is about: same answers, same records."""
    transcript = parse(path.read_text())
    chosen: dict[str, Any] = DEFAULTS | transcript.settings
    assert play(transcript, ShardBroker(GroupSettings(**chosen), Random(1)), "group") == transcript.text
