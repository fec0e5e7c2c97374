"""A subscription to clients' metrics: which of its settings Kafka takes (KIP-714, ClientMetricsConfigs)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kpybroker.config.tables import client_metrics
from kpybroker.config.values import SettingError, parse, refusal

INTERVAL_MS = (100, 3_600_000)
_OF_A_CLIENT = (
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
)
_JAVAS_CLASSES = re.compile(r"\\[pP]\{\w+\}")  # which Python's patterns do not have


class UnusableSubscription(SettingError):
    """What Kafka answers INVALID_REQUEST to instead of INVALID_CONFIG."""


def check_client_metrics(overrides: Mapping[str, str]) -> None:
    """SettingError if Kafka refuses a subscription these settings."""
    for name in overrides:
        if name not in client_metrics.SETTINGS:
            raise UnusableSubscription(f"Unknown client metrics config name: {name}")
    values = {name: parse(name, client_metrics.SETTINGS[name], text) for name, text in overrides.items()}
    interval = values.get("interval.ms")
    least, most = INTERVAL_MS
    if isinstance(interval, int) and not least <= interval <= most:
        raise UnusableSubscription(f"Invalid value {interval} for interval.ms: it is between {least} and {most}")
    patterns = values.get("match", ())
    assert isinstance(patterns, tuple)
    for pattern in patterns:
        if not _is_match(pattern):
            raise refusal("match", pattern, "a pattern is written name=regular expression")


def _is_match(text: str) -> bool:
    parts = text.rstrip("=").split("=")  # Java drops what is empty at the end
    if len(parts) != len(("name", "expression")) or parts[0].strip() not in _OF_A_CLIENT:
        return False
    try:
        re.compile(_JAVAS_CLASSES.sub(r"\\w", parts[1].strip()))
    except re.error:
        return False
    return True
