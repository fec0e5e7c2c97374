"""UpdateFeatures: levels of features that go up and down, and those that do not (KIP-584, KIP-1022)."""

from typing import Any

from differ.talk import Talk, versions

API = "UpdateFeatures"
ELR, METADATA, QUORUM = "eligible.leader.replicas.version", "metadata.version", "kraft.version"
UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE = 1, 2, 3


def _ask(talk: Talk, *updates: tuple[str, int, int], validate_only: bool = False) -> None:
    """(feature, level, upgrade type); version 0 has no types but may allow a downgrade."""
    wanted = [
        {"feature": name, "max_version_level": level, "upgrade_type": kind, "allow_downgrade": kind > 1}
        for name, level, kind in updates
    ]
    talk.ask(feature_updates=wanted, timeout_ms=10_000, validate_only=validate_only)


def _features(talk: Talk) -> dict[str, Any]:
    """A question for the features alone."""
    talk.leave_open("api_keys", "supported_features", because="they are compared where they are asked for")
    return {"at": 4, "client_software_name": "differ", "client_software_version": "1.0"}


def nothing(talk: Talk) -> None:
    """No features."""
    _ask(talk)


def unknown_feature(talk: Talk) -> None:
    """A feature that nobody has, at any level."""
    for level in (1, 0, -1):
        _ask(talk, ("no.such.feature", level, UPGRADE))
    _ask(talk, ("", 1, UPGRADE))
    _ask(talk, ("no.such.feature", 0, SAFE_DOWNGRADE))


def metadata_version(talk: Talk) -> None:
    """As it is, higher than there is, lower in each way, and out of every range."""
    _ask(talk, (METADATA, 30, UPGRADE))
    for level in (31, 29, 7, 6, 0, -1, 32767):
        _ask(talk, (METADATA, level, UPGRADE))
    for kind in (SAFE_DOWNGRADE, UNSAFE_DOWNGRADE):
        for level in (30, 29, 7, 31):
            _ask(talk, (METADATA, level, kind))


@versions("1+")
def quorum_version(talk: Talk) -> None:
    """As it is, higher than there is, lower than there is."""
    for level, kind in ((0, UPGRADE), (0, SAFE_DOWNGRADE), (2, UPGRADE), (-1, UPGRADE), (1, SAFE_DOWNGRADE)):
        _ask(talk, (QUORUM, level, kind), validate_only=True)


@versions("1+")
def down_and_up(talk: Talk) -> None:
    """A feature is given up and taken again; ApiVersions tells of it."""
    asked = _features(talk)
    for level, kind, levels in (
        (0, SAFE_DOWNGRADE, []),
        (1, UPGRADE, [1]),
        (0, UNSAFE_DOWNGRADE, []),
        (1, UPGRADE, [1]),
    ):
        _ask(talk, (ELR, level, kind))
        _ask(talk, (ELR, level, kind))

        def settled(answer: Any, levels: list[int] = levels) -> bool:
            return [f.max_version_level for f in answer.finalized_features if f.name == ELR] == levels

        talk.until(settled, "ApiVersions", **asked)


def wrong_direction(talk: Talk) -> None:
    """Down without saying so, up as a downgrade, types that are none."""
    _ask(talk, (ELR, 0, UPGRADE))
    _ask(talk, (ELR, 2, UPGRADE))
    _ask(talk, (ELR, -1, UPGRADE))


@versions("1+")
def upgrade_types(talk: Talk) -> None:
    """A level as it is in every type, and types that are none."""
    for kind in (UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE, 0, 4, -1):
        _ask(talk, (ELR, 1, kind))


@versions("1+")
def validated_only(talk: Talk) -> None:
    """Asked whether it could be; then it is as it was."""
    _ask(talk, (ELR, 0, SAFE_DOWNGRADE), validate_only=True)
    _ask(talk, (ELR, 0, UPGRADE), validate_only=True)
    _ask(talk, (METADATA, 30, UPGRADE), validate_only=True)
    talk.ask("ApiVersions", **_features(talk))


def several(talk: Talk) -> None:
    """All or none."""
    _ask(talk, (METADATA, 30, UPGRADE), (ELR, 1, UPGRADE))
    _ask(talk, (METADATA, 30, UPGRADE), ("no.such.feature", 1, UPGRADE))
    _ask(talk, (ELR, 0, UPGRADE), (METADATA, 30, UPGRADE))


def named_twice(talk: Talk) -> None:
    """The last one counts."""
    _ask(talk, (ELR, 5, UPGRADE), (ELR, 1, UPGRADE))
    _ask(talk, (ELR, 1, UPGRADE), (ELR, 5, UPGRADE))


def no_time(talk: Talk) -> None:
    """However little time a request may take, this one is done."""
    wanted = [{"feature": METADATA, "max_version_level": 30}, {"feature": ELR, "max_version_level": 1}]
    for timeout_ms in (0, -1):
        talk.ask(feature_updates=wanted, timeout_ms=timeout_ms)
        talk.ask(feature_updates=[], timeout_ms=timeout_ms)
