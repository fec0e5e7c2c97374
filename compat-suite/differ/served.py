"""Which versions of each API a release of Apache Kafka answers: what cases are played at."""

from __future__ import annotations

from typing import Final

from kpybroker.releases import release_of, table
from kpybroker.wire.apis import APIS
from kpybroker.wire.declare import Versions

RELEASES: Final = ("4.3.1", "3.9.1")
LATEST: Final = RELEASES[0]
KEYS = {name: key for key, (_, name) in APIS.items()}
PRODUCE = KEYS["Produce"]
# Answered by Kafka although its ApiVersions answer has them only with a receiver of telemetry plugged in.
UNLISTED = {KEYS["GetTelemetrySubscriptions"]: (0, 0), KEYS["PushTelemetry"]: (0, 0)}


def _ranges(release: str) -> dict[str, Versions]:
    listed = {key: tuple(versions) for key, versions in table(release_of(release)).items()}
    if release == LATEST:
        listed[PRODUCE] = (3, listed[PRODUCE][1])  # listed from 0 for librdkafka, answered from 3 (KAFKA-18659)
    listed |= UNLISTED
    return {APIS[key][1]: Versions(*versions) for key, versions in listed.items()}


SERVED: Final = {release: _ranges(release) for release in RELEASES}


def brought_into(served: Versions, version: int) -> int:
    """The version itself if it is served, else the nearest that is."""
    return min(max(version, served.first), served.last)
