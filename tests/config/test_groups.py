"""A group's settings within the broker's bounds: each line was asked of Apache Kafka 4.3.1."""

from __future__ import annotations

import pytest

from kpybroker.config import SettingError, Settings
from kpybroker.config.groups import check_group


@pytest.mark.parametrize(
    ("overrides", "taken"),
    [
        ({}, True),
        ({"consumer.session.timeout.ms": "45000"}, True),
        ({"consumer.session.timeout.ms": "44999"}, False),
        ({"consumer.session.timeout.ms": "60001"}, False),
        ({"consumer.heartbeat.interval.ms": "15000"}, True),
        ({"consumer.heartbeat.interval.ms": "15001"}, False),
        ({"consumer.assignment.interval.ms": "15001"}, False),
        ({"share.record.lock.duration.ms": "60000"}, True),
        ({"share.record.lock.duration.ms": "60001"}, False),
        ({"share.delivery.count.limit": "11"}, False),
        ({"share.partition.max.record.locks": "4001"}, False),
        ({"share.auto.offset.reset": "sometime"}, False),
        ({"streams.num.standby.replicas": "2"}, True),
        ({"streams.num.standby.replicas": "3"}, False),
        ({"no.such.config": "1"}, False),
    ],
)
def test_within_the_brokers_bounds(overrides: dict[str, str], taken: bool) -> None:
    """Taken or refused as Kafka does, with one line that names the setting."""
    try:
        check_group(Settings({}), overrides)
    except SettingError as error:
        assert not taken
        assert next(iter(overrides)) in str(error)
    else:
        assert taken


def test_bounds_are_those_of_this_broker() -> None:
    """A broker with other bounds refuses otherwise, and a session outlasts its heartbeats."""
    lenient = Settings(
        {"group.consumer.min.session.timeout.ms": "1000", "group.consumer.min.heartbeat.interval.ms": "100"}
    )
    check_group(lenient, {"consumer.session.timeout.ms": "6000"})
    with pytest.raises(SettingError, match=r"consumer\.heartbeat\.interval\.ms"):
        check_group(lenient, {"consumer.session.timeout.ms": "5000"})
    check_group(lenient, {"consumer.session.timeout.ms": "5000", "consumer.heartbeat.interval.ms": "200"})
