"""Which data directory each partition of this node is in: where it was found, where the cluster says, or where there is
the most room."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from kpybroker.machine import Key, Record
from kpybroker.metadata.directories import OPEN, UNASSIGNED, assign, directory_of
from kpybroker.metadata.image import Image, PartitionImage
from kpybroker.metadata.record_versions import DIRECTORIES, level_of
from kpybroker.storage.directories import DataDirectories, OfflineError
from kpybroker.storage.directory import DataDirectory, set_aside
from kpybroker.wire.internal import METADATA_TOPIC
from kpybroker.wire.schemas.cluster_topics import PartitionRecord

log = logging.getLogger("kpybroker")
MOST_WISHES = 10_000  # for partitions that may never be: as many as one request may make


class Homes:
    """The directories of this node's partitions (KIP-858). What it decides is a record; only replay makes it so."""

    def __init__(self, image: Image, directories: DataDirectories, node: int) -> None:
        self.directories = directories
        self._image = image
        self.node = node
        self._wishes: dict[Key, bytes] = {}  # of AlterReplicaLogDirs, for partitions that are not there yet

    def of(self, key: Key) -> DataDirectory:
        """Where a partition's files are, or will be when there are any. OfflineError: that directory has failed."""
        directories = self.directories
        found = directories.metadata if key[0] == METADATA_TOPIC else directories.holder(key)
        if found is None:
            known = self._image.partition(*key)
            home = UNASSIGNED if known is None else directory_of(known, self.node)
            found = directories.emptiest({}) if home in OPEN else directories.by_id(home)
        if found is None or found.failure is not None:
            raise OfflineError(f"{key[0]}-{key[1]}", "its log directory is offline")
        return found

    def check_metadata(self) -> None:
        """OfflineError: nothing can be decided any more."""
        if self.directories.metadata.failure is not None:
            raise OfflineError(self.directories.metadata.files.root, "the log directory of the metadata is offline")

    def is_offline(self, key: Key) -> bool:
        try:
            self.of(key)
        except OfflineError:
            return True
        return False

    def wish(self, key: Key, directory: DataDirectory) -> None:
        """Where a partition is to be that is not there yet (LogManager.maybeUpdatePreferredLogDir); of too many, the
        oldest are forgotten."""
        self._wishes.pop(key, None)
        self._wishes[key] = directory.meta.directory_id
        if len(self._wishes) > MOST_WISHES:
            del self._wishes[next(iter(self._wishes))]

    def choose(self, records: Iterable[Record]) -> list[Record]:
        """What tells the cluster where the partitions are that these records have made, if it is this node's choice."""
        if not self._is_told:
            return []
        made = [record.value for record in records if isinstance(record.value, PartitionRecord)]
        new = [value for value in made if self.node in value.replicas and UNASSIGNED in map(bytes, value.directories)]
        found = []
        for value in new:
            topic = self._image.topics_by_id[bytes(value.topic_id)]
            found.append((topic.name, topic.id, topic.partitions[value.partition_id]))
        return self._assign(found)

    def set_strays_aside(self) -> None:
        """Logs of topics that the cluster does not know get another name and are left to a person, as Kafka does it
        (LogManager.loadLog): a kill has cut their deletion short, their directory was offline meanwhile, or the
        metadata log was damaged."""
        for directory in self.directories.all:
            strays = [key for key, found in directory.logs.items() if self._is_stray(key, found.topic_id)]
            for path in set_aside(directory, *strays):
                root = directory.files.root
                log.warning("%s/%s: set aside, no topic that the cluster knows has this partition", root, path)

    def _is_stray(self, key: Key, topic_id: bytes | None) -> bool:
        topic = self._image.topics.get(key[0])
        return key[0] != METADATA_TOPIC and (topic is None or topic_id not in (None, topic.id))

    def correct(self) -> list[Record]:
        """What tells the cluster, at a start, where partitions were found that it believes to be elsewhere, and where
        those will be of which it knows nothing."""
        if not self._is_told:
            return []
        found: list[Record] = []
        unknown: list[tuple[str, bytes, PartitionImage]] = []
        for topic in self._image.topics.values():
            for partition in topic.partitions.values():
                if self.node not in partition.replicas:
                    continue
                holder = self.directories.holder((topic.name, partition.index))
                home = directory_of(partition, self.node)
                if holder is not None and holder.meta.directory_id != home:
                    found.append(assign(partition, topic.id, self.node, holder.meta.directory_id))
                elif holder is None and home in OPEN:
                    unknown.append((topic.name, topic.id, partition))
        return found + self._assign(unknown)

    @property
    def _is_told(self) -> bool:
        """Whether the cluster has words for it: with metadata of before Kafka 3.7 it has none."""
        return level_of(self._image.features) >= DIRECTORIES

    def _assign(self, partitions: Iterable[tuple[str, bytes, PartitionImage]]) -> list[Record]:
        counts: Counter[bytes] = Counter()
        found = []
        for topic, topic_id, partition in partitions:
            counts = counts or self._counts()
            wish = self._wishes.pop((topic, partition.index), None)
            chosen = self.directories.by_id(wish) if wish is not None else None
            home = (chosen or self.directories.emptiest(counts)).meta.directory_id
            counts[home] += 1
            found.append(assign(partition, topic_id, self.node, home))
        return found

    def _counts(self) -> Counter[bytes]:
        """How many partitions each directory has."""
        every = (each for topic in self._image.topics.values() for each in topic.partitions.values())
        return Counter(directory_of(each, self.node) for each in every)
