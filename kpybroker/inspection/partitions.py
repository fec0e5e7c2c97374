"""One partition's directory: its segments in their order, and what lies beside them."""

from __future__ import annotations

from typing import NamedTuple

from kpybroker.inspection import texts
from kpybroker.inspection.batches import Broken
from kpybroker.inspection.epoch_checks import EpochChecks
from kpybroker.inspection.findings import Report
from kpybroker.inspection.logs import Context, LogState, Snapshot
from kpybroker.inspection.names import FileName, Kind, file_name
from kpybroker.inspection.producer_checks import REMOVE_SNAPSHOT, ProducerChecks
from kpybroker.inspection.segments import SegmentCheck
from kpybroker.inspection.snapshots import read_snapshot
from kpybroker.inspection.sources import Source, names_in, size_of
from kpybroker.storage.checkpoints import UNDEFINED_EPOCH
from kpybroker.wire.internal import METADATA_TOPIC

HARMLESS = {
    ".deleted": "it goes at the next start, at the latest",
    ".tmp": "it was never finished, and goes at the next start",
    ".part": "a snapshot that was never finished; it goes at the next start",
    ".cleaned": "a compaction that was never finished; it goes at the next start",
    ".swap": "a compaction that was done; the next start puts it in its place",
}
OF_SEGMENT = (Kind.INDEX, Kind.TIME_INDEX, Kind.TRANSACTION_INDEX)


class Extent(NamedTuple):
    """The offsets of a log; None of one that could not be followed to its end."""

    first: int
    end: int | None


def verify_partition(path: str, context: Context, report: Report) -> Extent:
    """Looks at every file of a partition's directory."""
    names = names_in(path)
    files: dict[str, FileName] = {}
    for name in names:
        kind = file_name(name)
        if kind is None:
            report.note(f"{path}/{name}", "", "no file of Kafka's", "it is left alone")
        elif not kind.left_over:
            files[name] = kind
    tell_left_overs(path, names, report)
    _topic_id(path, files, context, report)
    bases = sorted(kind.base_offset for kind in files.values() if kind.kind == Kind.LOG)
    _orphans(path, files, set(bases), report)
    _unindexed(path, files, bases if context.clean else bases[:-1], report)  # a kill leaves the last one without
    first_offset = bases[0] if bases else 0
    state = LogState(
        context,
        frozenset(f"{path}/{name}" for name in files),
        _epochs(path, files, context, report),
        ProducerChecks(report, compacted=context.compacted),
        _snapshots(path, files, report),
        first_offset,
    )
    for base in bases:
        log = f"{path}/{base:020d}.log"
        _joint(log, base, state, report)
        SegmentCheck(log, base, state, report).run(last=base == bases[-1])
    if state.cut_short:
        return Extent(first_offset, None)
    state.pass_snapshots(state.end_offset)
    if state.epochs is not None:
        state.epochs.end(state.end_offset)
    for snapshot in state.snapshots:
        what = f"a snapshot of offset {snapshot.offset}, and the log ends at {state.end_offset}"
        if context.clean:
            report.problem(snapshot.path, "", what, "the end of the log is missing: restore a copy")
        elif not context.in_use:
            report.note(snapshot.path, "", what, "it goes at the next start")
    return Extent(first_offset, state.end_offset)


def tell_left_overs(path: str, names: list[str], report: Report) -> None:
    """What is going, or was never finished; of many files of one kind, one line."""
    kinds = [(kind.left_over, name) for name in names if (kind := file_name(name)) is not None and kind.left_over]
    for suffix, advice in HARMLESS.items():
        found = [name for each, name in kinds if each == suffix]
        if found:
            report.files += len(found)
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            report.note(f"{path}/{found[0]}", "", f"left over{more}", advice)


def _joint(log: str, base: int, state: LogState, report: Report) -> None:
    """A segment goes on where the one before ends."""
    if base < state.end_offset and not state.empty:
        advice = "one of the two has offsets that the other should have: restore the partition from a copy"
        report.problem(log, "", f"the segment before goes on to offset {state.end_offset - 1}", advice)
    elif base > state.end_offset and not state.empty and not state.context.compacted and not state.cut_short:
        what = f"the segment before ends at offset {state.end_offset - 1}"
        report.problem(log, "", what, "offsets between them are missing: restore the partition from a copy")
    state.end_offset = max(state.end_offset, base)


def _topic_id(path: str, files: dict[str, FileName], context: Context, report: Report) -> None:
    file = f"{path}/{Kind.PARTITION}"
    if Kind.PARTITION not in files:
        advice = "Apache Kafka sets such a partition aside (-stray): start kpybroker, or write the file"
        report.problem(path, "", "there is no partition.metadata", advice)
        return
    with Source(file) as source:
        report.saw_file(source.size)
        try:
            found = texts.topic_id(source.whole())
        except Broken as broken:
            report.problem(
                file, f"line {broken.position}", broken.reason, "write the topic's id, as the metadata has it"
            )
            return
    if context.topic_id is not None and found != context.topic_id:
        what = f"topic id {found}, and in the metadata this topic has {context.topic_id}"
        report.problem(file, "", what, "it belongs to a topic of this name that was deleted, or is wrong: move it away")


def _epochs(path: str, files: dict[str, FileName], context: Context, report: Report) -> EpochChecks | None:
    file = f"{path}/{Kind.LEADER_EPOCHS}"
    entries: list[tuple[int, int]] = []
    if Kind.LEADER_EPOCHS in files:
        with Source(file) as source:
            report.saw_file(source.size)
            try:
                entries = texts.leader_epochs(source.whole())
            except Broken as broken:
                advice = (
                    "stop the broker, remove this file and .kafka_cleanshutdown, and start it: epochs are learnt anew"
                )
                report.problem(file, f"line {broken.position}", broken.reason, advice)
                return None
    if entries and entries[0][0] <= UNDEFINED_EPOCH:
        report.problem(file, "line 3", f"epoch {entries[0][0]}", "there are none below 0")
        return None
    return EpochChecks(file, entries, report, lagging=not context.clean, gapless=not context.compacted)


def _snapshots(path: str, files: dict[str, FileName], report: Report) -> list[Snapshot]:
    """The sound ones, in the order of their offsets."""
    found: list[Snapshot] = []
    for name, kind in files.items():
        if kind.kind != Kind.SNAPSHOT:
            continue
        with Source(f"{path}/{name}") as source:
            report.saw_file(source.size)
            try:
                found.append(Snapshot(kind.base_offset, source.path, read_snapshot(source.whole())))
            except Broken as broken:
                report.problem(source.path, f"at {broken.position}", broken.reason, REMOVE_SNAPSHOT)
    return sorted(found)


def _unindexed(path: str, files: dict[str, FileName], bases: list[int], report: Report) -> None:
    """Logs without an index; empty ones need none."""
    for base in bases:
        for suffix in (".index", ".timeindex"):
            if f"{base:020d}{suffix}" not in files and size_of(f"{path}/{base:020d}.log") > 0:
                report.note(f"{path}/{base:020d}.log", "", f"no {suffix} beside it", "it is made at the next start")


def _orphans(path: str, files: dict[str, FileName], bases: set[int], report: Report) -> None:
    """Indexes without a log, and what a partition should not have."""
    for name, kind in files.items():
        file = f"{path}/{name}"
        if kind.kind in OF_SEGMENT and kind.base_offset not in bases:
            report.saw_file()
            report.note(file, "", "an index without its log", "it goes at the next start")
        elif kind.kind in (Kind.CHECKPOINT, Kind.QUORUM_STATE) and METADATA_TOPIC not in path.rpartition("/")[2]:
            report.saw_file()
            report.note(file, "", "belongs into the directory of the metadata", "it is left alone")
        elif kind.kind in (Kind.OFFSETS, Kind.META, Kind.CLEAN_SHUTDOWN, Kind.LOCK):
            report.note(file, "", "belongs into the data directory, not into a partition", "it is left alone")
