"""A whole data directory: every partition in it, and whether what lies beside them agrees with them."""

from __future__ import annotations

from typing import Any, NamedTuple

from kpybroker.inspection import texts
from kpybroker.inspection.batches import Broken
from kpybroker.inspection.cluster import Cluster, read_cluster, verify_metadata_records, verify_snapshot
from kpybroker.inspection.findings import Report
from kpybroker.inspection.logs import Context
from kpybroker.inspection.names import (
    FileName,
    Kind,
    PartitionName,
    file_name,
    partition_name,
)
from kpybroker.inspection.partitions import Extent, tell_left_overs, verify_partition
from kpybroker.inspection.sources import Source, in_use, is_directory, names_in, size_of
from kpybroker.storage.checkpoints import uuid_text
from kpybroker.storage.files import StorageError
from kpybroker.storage.offset_files import CHECKPOINTS, CLEANED_OFFSETS, RECOVERY_POINTS, START_OFFSETS
from kpybroker.wire.internal import METADATA_TOPIC, METADATA_TOPIC_ID

REMOVE_MARK = "stop the broker and remove .kafka_cleanshutdown: the logs are checked from their beginning then"
REMOVE_STATE = "stop the broker and remove this file"
QUORUM_STATE = {  # QuorumStateData.json: the fields of each version
    0: {"clusterId", "leaderId", "leaderEpoch", "votedId", "appliedOffset", "currentVoters", "data_version"},
    1: {"leaderId", "leaderEpoch", "votedId", "votedDirectoryId", "data_version"},
}
GOING = {
    "delete": "a partition that was deleted; it goes at the next start, at the latest",
    "future": "a partition that was about to move here",
    "stray": "a partition that Kafka has set aside, for it is not in the metadata",
}
IGNORED = ("lost+found",)
Offsets = dict[str, dict[tuple[str, int], int]]  # by the checkpoint's name


class Home(NamedTuple):
    """What a data directory says of all its logs; one that is a partition alone says nothing."""

    path: str
    clean: bool
    in_use: bool
    offsets: Offsets
    cluster: Cluster


def bytes_in(path: str) -> int:
    """What there will be to read, for a progress bar."""
    total = 0
    for name in names_in(path):
        kind = file_name(name)
        if kind is not None and kind.kind not in (Kind.INDEX, Kind.TIME_INDEX, Kind.TRANSACTION_INDEX):
            total += size_of(f"{path}/{name}") if not kind.left_over else 0
        elif (found := partition_name(name)) is not None and not found.state and is_there(f"{path}/{name}"):
            total += bytes_in(f"{path}/{name}")
    return total


def verify(path: str, report: Report) -> None:
    """Looks at a data directory, or at one partition of one."""
    name = path.rstrip("/").rpartition("/")[2]
    names = names_in(path)
    inside = partition_name(name)
    if inside is not None and any((kind := file_name(each)) and kind.kind == Kind.LOG for each in names):
        home = _home(path.rstrip("/").rpartition("/")[0] or ".", Report(lambda _: None))
        _partition(home, path.rstrip("/"), inside, report)
        return
    if Kind.META not in names and not any(partition_name(each) for each in names):
        raise StorageError(path, "neither a data directory nor a partition; give the directory that log.dirs names")
    path = path.rstrip("/") or "/"
    home = _home(path, report)
    if home.in_use:
        report.note(path, "", "a broker is using this directory", "numbers move while it is looked at")
    elif not home.clean:
        advice = "what is after the recovery points is checked at the next start, and a torn end cut"
        report.note(path, "", "there is no mark of a clean stop", advice)
    extents: dict[PartitionName, Extent] = {}
    for each in names:
        inside = partition_name(each)
        if inside is not None and is_there(f"{path}/{each}"):
            found = _partition(home, f"{path}/{each}", inside, report)
            if found is not None:
                extents[inside] = found
    _files(home, names, report)
    _agree(home, extents, report)


def is_there(path: str) -> bool:
    """A directory that a running broker has not removed meanwhile."""
    try:
        return is_directory(path)
    except StorageError:
        return False


def _home(path: str, report: Report) -> Home:
    """Read first of all: what is written to the logs meanwhile is after it."""
    offsets: Offsets = {}
    try:
        names = names_in(path)
    except StorageError:
        names = []
    for name in CHECKPOINTS:
        if name in names:
            with Source(f"{path}/{name}") as source:
                report.saw_file(source.size)
                try:
                    entries = texts.partition_offsets(source.whole())
                except Broken as broken:
                    advice = "stop the broker and remove this file and .kafka_cleanshutdown: the logs are checked anew"
                    report.problem(source.path, f"line {broken.position}", broken.reason, advice)
                    continue
                offsets[name] = {(topic, index): offset for topic, index, offset in entries}
    metadata = f"{path}/{METADATA_TOPIC}-0"
    cluster = read_cluster(metadata) if f"{METADATA_TOPIC}-0" in names else Cluster()
    return Home(path, Kind.CLEAN_SHUTDOWN in names, in_use(path), offsets, cluster)


def _partition(home: Home, path: str, name: PartitionName, report: Report) -> Extent | None:
    if name.state:
        report.note(path, "", GOING[name.state], "it was not looked at")
        return None
    cluster, is_metadata = home.cluster, name.topic == METADATA_TOPIC
    topic_id = uuid_text(METADATA_TOPIC_ID) if is_metadata else cluster.ids.get(name.topic)
    context = Context(
        clean=home.clean and not home.in_use,
        in_use=home.in_use,
        closed=home.clean and not home.in_use and not is_metadata,
        compacted=not is_metadata
        and (
            not cluster.known
            or cluster.is_compacted(name.topic)
            or (name.topic, name.number) in home.offsets.get(CLEANED_OFFSETS, {})
        ),
        log_start=home.offsets.get(START_OFFSETS, {}).get((name.topic, name.number), 0),
        topic_id=topic_id,
    )
    if cluster.known and not is_metadata and name.number not in cluster.partitions.get(topic_id or "", {}):
        what = "there is no such partition in the metadata"
        if home.in_use:
            report.note(path, "", what, "it was deleted or created just now, or is a stray")
        else:
            report.problem(path, "", what, "Apache Kafka sets it aside at its next start; keep or remove it")
    try:
        found = verify_partition(path, context, report)
        if is_metadata:
            _metadata(path, found, report)
        return found
    except StorageError as error:
        if home.in_use and isinstance(error.__cause__, FileNotFoundError):
            report.note(error.path, "", error.reason, "the broker that uses the directory has removed it meanwhile")
            return None
        what, _, advice = error.reason.partition("; ")
        report.problem(
            error.path, "", what, f"{advice or 'look at the disk'}; the rest of its partition was not looked at"
        )
        return Extent(0, None)


def _metadata(path: str, extent: Extent, report: Report) -> None:
    """The log of the metadata is read to its last record, and so are its snapshots."""
    for name in names_in(path):
        kind = file_name(name)
        if kind is None or kind.left_over:
            continue
        if kind.kind == Kind.LOG:
            verify_metadata_records(f"{path}/{name}", report)
        elif kind.kind == Kind.CHECKPOINT:
            verify_snapshot(f"{path}/{name}", kind, report)
            if extent.end is not None and kind.base_offset > extent.end:
                what = f"a snapshot of offset {kind.base_offset}, and the log ends at {extent.end}"
                report.problem(f"{path}/{name}", "", what, "the end of the log is missing: restore a copy")
        elif kind.kind == Kind.QUORUM_STATE:
            _quorum_state(f"{path}/{name}", report)


def _quorum_state(path: str, report: Report) -> None:
    found = _object(path, ("leaderId", "leaderEpoch", "votedId", "data_version"), report)
    if not found:
        return
    version = found.get("data_version")
    if version not in QUORUM_STATE:
        report.problem(path, "", f"version {version}, and 0 and 1 are known", REMOVE_STATE)
    elif found.keys() != QUORUM_STATE[version]:
        what = f"it should have {', '.join(sorted(QUORUM_STATE[version]))}, and has {', '.join(sorted(found))}"
        report.problem(path, "", what, REMOVE_STATE)


def _object(path: str, needed: tuple[str, ...], report: Report) -> dict[str, Any]:
    with Source(path) as source:
        report.saw_file(source.size)
        try:
            found = texts.object_of(source.whole())
        except Broken as broken:
            report.problem(path, f"at {broken.position}", broken.reason, REMOVE_STATE)
            return {}
    missing = [name for name in needed if not isinstance(found.get(name), int)]
    if missing and (found or Kind.QUORUM_STATE in path):
        what = f"no number for {', '.join(missing)}"
        report.problem(path, "", what, REMOVE_STATE)
        return {}
    return found


def _files(home: Home, names: list[str], report: Report) -> None:
    """What lies in the data directory itself."""
    tell_left_overs(home.path, names, report)
    for name in names:
        path, kind = f"{home.path}/{name}", file_name(name)
        if kind is None:
            if partition_name(name) is None and name not in IGNORED:
                report.note(path, "", "nothing of Kafka's", "it is left alone")
        elif kind.left_over:
            continue
        elif kind.kind == Kind.CLEAN_SHUTDOWN:
            _object(path, ("version", "brokerEpoch"), report)
        elif kind.kind == Kind.CHECKPOINT:
            verify_snapshot(path, kind, report)
        elif kind.kind == Kind.META:
            _meta(home, path, kind, report)
        elif kind.kind not in (Kind.OFFSETS, Kind.LOCK):
            report.note(path, "", "belongs into a partition's directory", "it is left alone")
    if Kind.META not in names:
        advice = "no broker takes the directory without it: write it anew with the cluster's and the node's id"
        report.problem(home.path, "", "there is no meta.properties", advice)


def _meta(home: Home, path: str, kind: FileName, report: Report) -> None:
    advice = "write it anew: version=1, the cluster's id, the node's id and the directory's, as the metadata has them"
    with Source(path) as source:
        report.saw_file(source.size)
        data = source.whole()
    try:
        found = texts.properties(data)
        if not data.endswith(b"\n"):
            raise Broken(data.count(b"\n") + 1, "the last line has no end", torn=True)
        if found.get("version") != "1":
            raise Broken(1, f"version {found.get('version', 'missing')}, and only 1 is known")
        missing = [name for name in ("cluster.id", "node.id") if not found.get(name)]
        if missing:
            raise Broken(1, f"{' and '.join(missing)} missing")
        node = texts.number(found["node.id"], 1)
        directory = texts.uuid(found["directory.id"], 1) if "directory.id" in found else None
        unknown = found.keys() - {"version", "cluster.id", "node.id", "directory.id"}
        if unknown:
            raise Broken(1, f"{', '.join(sorted(unknown))}, which no Kafka writes")
    except Broken as broken:
        report.problem(path, f"line {broken.position}", broken.reason, advice)
        return
    directories = home.cluster.directories
    if directories and node not in directories:
        what = f"node {node}, and the metadata knows {', '.join(map(str, directories))}"
        report.problem(path, "", what, advice)
    elif directory is not None and directories.get(node) and directory not in directories[node]:
        what = f"directory {directory}, and node {node} is registered with {', '.join(directories[node])}"
        report.problem(path, "", what, advice)


def _agree(home: Home, extents: dict[PartitionName, Extent], report: Report) -> None:
    """Checkpoints name partitions that there are, at offsets that they have."""
    ends = {(name.topic, name.number): extent for name, extent in extents.items()}
    for checkpoint, offsets in home.offsets.items():
        path = f"{home.path}/{checkpoint}"
        _absent(home, path, {key: offset for key, offset in offsets.items() if key not in ends}, report)
        for (topic, index), offset in offsets.items():
            extent = ends.get((topic, index))
            line = f"{topic}-{index}"
            if extent is None:
                continue
            if offset < 0:
                report.problem(path, line, f"offset {offset}", REMOVE_MARK)
            elif extent.end is not None and offset > extent.end and not home.in_use:
                what = f"offset {offset}, and the log ends at {extent.end}"
                report.problem(path, line, what, "records are missing at its end: restore a copy, or accept the loss")
            elif checkpoint == RECOVERY_POINTS and home.clean and not home.in_use and offset != extent.end is not None:
                what = f"offset {offset} after a clean stop, and the log ends at {extent.end}"
                report.problem(path, line, what, REMOVE_MARK)
    if RECOVERY_POINTS in home.offsets and home.clean and not home.in_use:
        for topic, index in ends.keys() - home.offsets[RECOVERY_POINTS].keys():
            if topic != METADATA_TOPIC:
                report.problem(f"{home.path}/{RECOVERY_POINTS}", "", f"{topic}-{index} is missing", REMOVE_MARK)


def _absent(home: Home, path: str, offsets: dict[tuple[str, int], int], report: Report) -> None:
    """Partitions that a checkpoint names and that have no directory."""
    if home.in_use:
        return
    gone: list[str] = []
    for (topic, index), offset in offsets.items():
        topic_id = home.cluster.ids.get(topic, "")
        if offset > 0 and index in home.cluster.partitions.get(topic_id, {}):
            what = f"offset {offset} of {topic}-{index}, and its directory is missing"
            report.problem(path, "", what, "its records are lost: restore the directory from a copy")
        else:
            gone.append(f"{topic}-{index}")
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        report.note(
            path, "", f"{gone[0]}{more}: no such directory", "nothing was in it; it goes with the next checkpoint"
        )
