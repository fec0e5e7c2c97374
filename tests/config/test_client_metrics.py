"""A subscription to clients' metrics: each line was asked of Apache Kafka 4.3.1."""

from __future__ import annotations

import pytest

from kpybroker.config import SettingError
from kpybroker.config.client_metrics import UnusableSubscription, check_client_metrics


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("interval.ms", "100"),
        ("interval.ms", "3600000"),
        ("match", ""),
        ("match", " client_id = a.* ,client_software_name=x"),
        ("match", "client_id=a,client_id=a"),
        ("match", r"client_id=\p{Alpha}+"),
        ("metrics", "*"),
    ],
)
def test_taken(name: str, text: str) -> None:
    """Intervals from a tenth of a second to an hour, patterns of what a client says of itself."""
    check_client_metrics({name: text})


@pytest.mark.parametrize(
    ("name", "text", "unusable"),
    [
        ("interval.ms", "99", True),
        ("interval.ms", "3600001", True),
        ("no.such.config", "1", True),
        ("interval.ms", "often", False),
        ("match", "client_id", False),
        ("match", "client_id=", False),
        ("match", "client_id=a=b", False),
        ("match", "no_such=a", False),
        ("match", "client_id=[", False),
        ("metrics", "a,,b", False),
    ],
)
def test_refused(name: str, text: str, unusable: bool) -> None:
    """Of two kinds: INVALID_REQUEST for a name or an interval that cannot be, INVALID_CONFIG for the rest."""
    with pytest.raises(SettingError) as refused:
        check_client_metrics({name: text})
    assert isinstance(refused.value, UnusableSubscription) is unusable
