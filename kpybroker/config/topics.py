"""A topic's settings: its own over the broker's over Kafka's, as attributes for the paths that read them often."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from kpybroker.config.settings import Settings
from kpybroker.config.tables import topic
from kpybroker.config.values import SettingError, Value, default, parse


class TopicSettings(Struct, frozen=True, kw_only=True):
    """One field for each of Kafka's settings, its dots turned to underscores, and what cleanup.policy comes to."""

    cleanup_policy: tuple[str, ...]
    compact: bool
    delete: bool
    compression_gzip_level: int
    compression_lz4_level: int
    compression_type: str
    compression_zstd_level: int
    delete_retention_ms: int
    file_delete_delay_ms: int
    flush_messages: int
    flush_ms: int
    follower_replication_throttled_replicas: tuple[str, ...]
    index_interval_bytes: int
    internal_segment_bytes: int | None
    leader_replication_throttled_replicas: tuple[str, ...]
    local_retention_bytes: int
    local_retention_ms: int
    max_compaction_lag_ms: int
    max_message_bytes: int
    message_timestamp_after_max_ms: int
    message_timestamp_before_max_ms: int
    message_timestamp_type: str
    min_cleanable_dirty_ratio: float
    min_compaction_lag_ms: int
    min_insync_replicas: int
    preallocate: bool
    remote_log_copy_disable: bool
    remote_log_delete_on_disable: bool
    remote_storage_enable: bool
    retention_bytes: int
    retention_ms: int
    segment_bytes: int
    segment_index_bytes: int
    segment_jitter_ms: int
    segment_ms: int
    unclean_leader_election_enable: bool


def topic_settings(settings: Settings, overrides: Mapping[str, str]) -> TopicSettings:
    """All of a topic's settings; SettingError if one of its own is not right."""
    values = topic_values(settings, overrides)
    policy = values["cleanup.policy"]
    assert isinstance(policy, tuple)
    fields = {name.replace(".", "_"): value for name, value in values.items()}
    if fields["internal_segment_bytes"] is not None:  # Kafka's own tests roll small segments with it
        fields["segment_bytes"] = fields["internal_segment_bytes"]
    return TopicSettings(compact="compact" in policy, delete="delete" in policy, **fields)  # type: ignore[arg-type]


def topic_values(settings: Settings, overrides: Mapping[str, str]) -> dict[str, Value]:
    """The value of every setting of a topic by Kafka's name."""
    return {
        name: parse(name, row, overrides[name]) if name in overrides else _inherited(settings, name)
        for name, row in topic.SETTINGS.items()
    }


def _inherited(settings: Settings, name: str) -> Value:
    """What the broker's settings say: the first of its names for this that is set."""
    for broker_name, factor in topic.SYNONYMS.get(name, ()):
        value = settings.value(broker_name)
        if value is None:
            continue
        if name == "retention.ms" and isinstance(value, int) and value < 0:
            return -1
        return value if factor == 1 or not isinstance(value, int) else value * factor
    return default(name, topic.SETTINGS[name])


def check_topic(settings: Settings, overrides: Mapping[str, str | None]) -> str | None:
    """Why Kafka refuses a topic these settings of its own (INVALID_CONFIG), in one line; None if it takes them."""
    nothing = [name for name, text in overrides.items() if text is None]
    if nothing:
        return f"Null value not supported for topic configs: {','.join(nothing)}"
    given = {name: text for name, text in overrides.items() if text is not None}
    for name in given:
        if name not in topic.SETTINGS:
            return f"Unknown topic config name: {name}"
    try:
        values = topic_values(settings, given)
    except SettingError as error:
        return str(error)
    least, most = values["min.compaction.lag.ms"], values["max.compaction.lag.ms"]
    assert isinstance(least, int) and isinstance(most, int)
    if least > most:
        return f"min.compaction.lag.ms ({least}) is greater than max.compaction.lag.ms ({most})"
    if values["remote.storage.enable"]:
        return "Invalid value true for configuration remote.storage.enable: this broker has no tiered storage"
    return None
