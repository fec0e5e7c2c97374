"""What Apache Kafka answers where it is told other settings, kpybroker answers where it is told them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kpybroker import Broker

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-suite"))

from differ import collect, golden, told
from differ.cli import describe, judge, parse_address
from differ.compare import allowed_from, split
from differ.served import LATEST

BROKERS = list(told.brokers())
SHOWN = 10


@pytest.mark.parametrize("broker", BROKERS, ids=[broker.book for broker in BROKERS])
def test_answers_as_apache_kafka_does_that_is_told_the_same(broker: told.Broker) -> None:
    """Every answer is Apache Kafka's, field by field, save for the listed differences."""
    lines, allowed = golden.load(broker.book), allowed_from(LATEST)
    assert set(lines) == {case.key for case in broker.cases}
    unlisted = []
    with Broker(config=broker.told) as ours:
        address = parse_address(ours.bootstrap_servers)
        if broker.has_groups:
            collect.prepare(address)
        for case in broker.cases:
            unlisted += split(judge(case, lines, address), allowed)[0]
    shown = "\n".join(describe(difference) for difference in unlisted[:SHOWN])
    assert not unlisted, f"{len(unlisted)} differences in {len({d.case for d in unlisted})} cases, the first:\n{shown}"
