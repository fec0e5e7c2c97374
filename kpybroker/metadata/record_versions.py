"""In which version a record is written: none that the level of metadata.version does not have, so that the Kafka whose
directory it is can go on there (MetadataVersion, KIP-778)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpybroker.metadata.features import FINALIZED, METADATA_VERSION
from kpybroker.wire.schemas.cluster_nodes import RegisterBrokerRecord
from kpybroker.wire.schemas.cluster_topics import PartitionChangeRecord, PartitionRecord

DIRECTORIES = 17  # the level of Kafka 3.7, from which on the cluster knows which directory a replica is in (KIP-858)
# (the level from which on it is written so, the version), the newest first
_OF_PARTITIONS = ((23, 2), (DIRECTORIES, 1), (0, 0))
_BY_LEVEL = {
    RegisterBrokerRecord: ((30, 4), (DIRECTORIES, 3), (8, 2), (0, 1)),
    PartitionRecord: _OF_PARTITIONS,
    PartitionChangeRecord: _OF_PARTITIONS,
}


def level_of(features: Mapping[str, int]) -> int:
    """The level of metadata.version; that of a new cluster, where nothing is finalized yet."""
    return features.get(METADATA_VERSION, 0) if features else FINALIZED[METADATA_VERSION]


def version_at(level: int, value: Any, otherwise: int = 0) -> int:
    """The version of a record's value; `otherwise` where it is the same at every level."""
    for least, version in _BY_LEVEL.get(type(value), ()):
        if level >= least:
            return version
    return otherwise
