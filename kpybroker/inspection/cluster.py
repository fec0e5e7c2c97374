"""The metadata that a data directory holds: which topics there should be, and whether its snapshots are whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kpybroker.inspection.batches import Broken, stretches
from kpybroker.inspection.findings import Report
from kpybroker.inspection.names import FileName, Kind, file_name
from kpybroker.inspection.sources import Source, names_in
from kpybroker.metadata.image import INTERNAL_TOPICS, TOPIC_RESOURCE
from kpybroker.storage.checkpoints import uuid_text
from kpybroker.wire.compiler import WireError
from kpybroker.wire.internal import ControlType, control_type, decode_metadata
from kpybroker.wire.records import MAGIC, Record, check_crc, read_header, records

CLEANUP_POLICY = "cleanup.policy"
OTHER_SNAPSHOT = "stop the broker and remove this file if there is an older one, or the log begins at 0"
BOOTSTRAP_ADVICE = "format a new directory, and take its file"


class Cluster:
    """Topics with their ids and partitions, what is compacted, and where the nodes' directories are."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}  # of topics, by name
        self.names: dict[str, str] = {}
        self.partitions: dict[str, dict[int, tuple[int, ...]]] = {}  # by topic id: replicas of each
        self.policies: dict[str, str] = {}
        self.directories: dict[int, tuple[str, ...]] = {}  # of each broker
        self.known = False  # there was any metadata

    def fold(self, value: Any) -> None:
        """One record of the metadata."""
        self.known = True
        kind = type(value).__name__
        if kind == "TopicRecord":
            topic_id = uuid_text(bytes(value.topic_id))
            self.ids[value.name], self.names[topic_id] = topic_id, value.name
            self.partitions[topic_id] = {}
        elif kind == "RemoveTopicRecord":
            topic_id = uuid_text(bytes(value.topic_id))
            name = self.names.pop(topic_id, None)
            if name is not None:
                del self.ids[name], self.partitions[topic_id]
                self.policies.pop(name, None)
        elif kind == "PartitionRecord":
            topic_id = uuid_text(bytes(value.topic_id))
            self.partitions.setdefault(topic_id, {})[value.partition_id] = tuple(value.replicas)
        elif kind == "ConfigRecord" and value.name == CLEANUP_POLICY and value.resource_type == TOPIC_RESOURCE:
            if value.value is None:
                self.policies.pop(value.resource_name, None)
            else:
                self.policies[value.resource_name] = value.value
        elif kind == "RegisterBrokerRecord":
            self.directories[value.broker_id] = tuple(uuid_text(bytes(each)) for each in value.log_dirs)

    def is_compacted(self, topic: str) -> bool:
        return topic in INTERNAL_TOPICS or "compact" in self.policies.get(topic, "")


def read_cluster(path: str) -> Cluster:
    """What the newest whole snapshot and the log after it add up to; what cannot be read is passed over here."""
    cluster = Cluster()
    kinds = [(file_name(name), name) for name in names_in(path)]
    files = [(kind, name) for kind, name in kinds if kind is not None and not kind.left_over]
    snapshots = sorted([(kind.base_offset, name) for kind, name in files if kind.kind == Kind.CHECKPOINT])
    start = 0
    if snapshots:
        start = snapshots[-1][0]
        _fold_all(cluster, f"{path}/{snapshots[-1][1]}", 0)
    for _, name in sorted([(kind.base_offset, name) for kind, name in files if kind.kind == Kind.LOG]):
        _fold_all(cluster, f"{path}/{name}", start)
    return cluster


def _fold_all(cluster: Cluster, path: str, start: int) -> None:
    with Source(path) as source:
        try:
            for _, record in _metadata_records(source):
                if record.offset >= start:
                    cluster.fold(decode_metadata(record.value or b"")[0])
        except (Broken, WireError):  # the file itself is looked at elsewhere
            return


def _metadata_records(source: Source) -> Iterator[tuple[int, Record]]:
    for found in stretches(source):
        header = read_header(found.data)
        if found.magic == MAGIC and not header.is_control and check_crc(found.data, header):
            for record in records(found.data, header):
                yield found.position, record


def verify_metadata_records(path: str, report: Report) -> None:
    """Every record of the metadata log is one that is known: nothing may be passed over there."""
    with Source(path) as source:
        try:
            for position, record in _metadata_records(source):
                try:
                    decode_metadata(record.value or b"")
                except WireError as error:
                    what = f"record {record.offset}: {error}"
                    report.problem(path, f"at {position}", what, "only the release that wrote it can start with it")
        except (Broken, WireError):  # told of already
            return


def verify_snapshot(path: str, kind: FileName, report: Report) -> None:
    """A snapshot of the metadata: whole from its header to its footer, every record known, offsets from 0 on."""
    advice = BOOTSTRAP_ADVICE if path.endswith("/bootstrap.checkpoint") else OTHER_SNAPSHOT
    marks: list[int] = []
    offset = 0
    with Source(path) as source:
        report.saw_file(source.size)
        try:
            for found in stretches(source):
                report.batches += 1
                where, header = f"at {found.position}", read_header(found.data)
                if found.magic != MAGIC or not check_crc(found.data, header):
                    report.problem(path, where, "the CRC of the batch does not match", advice)
                    return
                if header.base_offset != offset or header.records_count != header.last_offset_delta + 1:
                    report.problem(path, where, f"offset {header.base_offset} where {offset} comes next", advice)
                if header.partition_leader_epoch != kind.epoch:
                    what = f"leader epoch {header.partition_leader_epoch} in the snapshot of epoch {kind.epoch}"
                    report.problem(path, where, what, advice)
                offset = header.last_offset + 1
                for record in records(found.data, header):
                    report.records += 1
                    if header.is_control:
                        marks.append(control_type(record.key or b""))
                    else:
                        decode_metadata(record.value or b"")
        except Broken as broken:
            report.problem(path, f"at {broken.position}", broken.reason, advice)
            return
        except WireError as error:
            report.problem(path, f"at {found.position}", str(error), advice)
            return
    if marks[:1] != [ControlType.SNAPSHOT_HEADER] or marks[-1:] != [ControlType.SNAPSHOT_FOOTER]:
        report.problem(path, f"at {source.size}", "it does not go from a header to a footer", advice)
