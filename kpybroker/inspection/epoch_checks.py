"""Leader epochs in the batches of a log, held against `leader-epoch-checkpoint`."""

from __future__ import annotations

from itertools import pairwise

from kpybroker.inspection.findings import Report
from kpybroker.wire.records import NO_LEADER_EPOCH

ADVICE = (
    "stop the broker and remove this file and .kafka_cleanshutdown: epochs are learnt from the log at the next start"
)


class EpochChecks:
    """`entries` are epochs with the offsets where they begin; `lagging` where a broker may be about to write more."""

    def __init__(
        self, path: str, entries: list[tuple[int, int]], report: Report, *, lagging: bool, gapless: bool
    ) -> None:
        self._path = path
        self._report = report
        self._lagging = lagging
        self._gapless = gapless
        self._next = iter(entries)
        self._later: tuple[int, int] | None = next(self._next, None)
        self._entry: tuple[int, int] | None = None  # the one that counts now
        self._last = NO_LEADER_EPOCH
        for number, (one, two) in enumerate(pairwise(entries), 4):
            if not (one[0] < two[0] and one[1] < two[1]):
                report.problem(path, f"line {number}", f"epoch {two[0]} from offset {two[1]} on, after {one}", ADVICE)

    def batch(self, path: str, position: int, base_offset: int, epoch: int) -> None:
        while self._later is not None and self._later[1] <= base_offset:
            self._entry, self._later = self._later, next(self._next, None)
        if epoch == NO_LEADER_EPOCH:  # from before there were any
            return
        where = f"at {position}"
        if epoch < self._last:
            what = f"leader epoch {epoch} after {self._last}"
            self._report.problem(path, where, what, "compare it with another replica, or restore the log from a copy")
            return
        told = NO_LEADER_EPOCH if self._entry is None else self._entry[0]
        # A running Kafka has cut what is deleted off this file a minute before it writes down where the log begins now.
        is_lagging = self._lagging and (self._entry is None or (self._later is None and epoch > told))
        if epoch != told and not is_lagging:
            what = f"the batch at {base_offset} is of leader epoch {epoch} in the log, and of {told} in this file"
            self._report.problem(self._path, "", what, ADVICE)
        elif epoch != self._last >= 0 and self._gapless and self._entry is not None and self._entry[1] != base_offset:
            what = f"epoch {epoch} from offset {self._entry[1]} on, and the log begins it at {base_offset}"
            self._report.problem(self._path, "", what, ADVICE)
        self._last = epoch

    def end(self, end_offset: int) -> None:
        """Epochs that begin after the end of the log are cut off at a start after a kill."""
        while self._later is not None:
            if self._later[1] > end_offset and not self._lagging:
                what = f"epoch {self._later[0]} from offset {self._later[1]} on, and the log ends at {end_offset}"
                self._report.problem(self._path, "", what, ADVICE)
            self._later = next(self._next, None)
