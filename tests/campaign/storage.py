"""The storage campaign: thousands of kills, losses of power and failures of the disk, and what was promised is checked.

    python -m tests.campaign.storage                         all modes, 1,000 seeds each
    python -m tests.campaign.storage --minutes 15            as many seeds as there is time for
    python -m tests.campaign.storage --mode kills --from 7 --seeds 1       one of them again

Each seed is a broker of its own (tests/campaign/life.py): its core runs over a disk in memory (storage/faulty.py) on
which every operation may be the last, is used by clients, stopped, killed and started again, and after every start
everything is read and compared with what was answered (promises.py). A seed and a mode are the same run on every
machine. Modes: `kills` are of the process, at any operation; losses of `power` take any part of what was not synced
with them, and leave whole batches, and all that was flushed; `faults` are errors, short writes, a full disk; with
`sync` a loss of power may take nothing that was answered; of `two disks` either may fail alone, and partitions move
from one to the other. One topic is compacted, and the offsets of the groups are; every other seed has its metadata
written down in snapshots, and the log before them cut, all the time. The counts go to RESULTS.md beside this file
(--write).
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.campaign.life import MODES, Life, Mode

RESULTS = Path(__file__).parent / "RESULTS.md"
RESTARTS = 12
REPORT_S = 10.0
ROWS = (  # of the report: what is counted, and the counts that it adds up
    ("seeds", ("seeds",)),
    ("reopenings", ("reopenings",)),
    ("clean stops", ("clean stops",)),
    ("kills", ("kills",)),
    ("losses of power", ("power losses",)),
    ("errors of the disk", ("faults",)),
    ("starts that the disk refused", ("starts refused by the disk",)),
    ("requests", ("requests",)),
    ("requests that the disk refused", ("requests refused by the disk",)),
    ("records acknowledged", ("records acknowledged",)),
    ("records read and compared", ("records checked",)),
    ("duplicates recognised", ("duplicates",)),
    ("offsets committed", ("commits acknowledged",)),
    ("topics created, deleted", ("topics created", "topics deleted")),
    ("deletions of records", ("deletions of records",)),
    ("logs compacted", ("logs compacted",)),
    ("partitions moved to another disk", ("moves",)),
    ("violations found", ("violations",)),
)


def run(seed: int, mode: Mode, restarts: int = RESTARTS) -> Counter[str]:
    """One seed; a Violation, or any other error, is what was found."""
    return Life(seed, mode).run(restarts)


def campaign(modes: list[Mode], first: int, seeds: int, seconds: float) -> Iterator[tuple[Mode, int, Counter[str]]]:
    """Each seed in every mode, until all are done or the time is up."""
    until = time.monotonic() + seconds
    for seed in range(first, first + seeds):
        for mode in modes:
            if time.monotonic() > until:
                return
            counts = Counter({"seeds": 1})
            try:
                counts += run(seed, mode)
            except Exception:
                counts["violations"] = 1
                say(f"{mode.name}, seed {seed}:\n{traceback.format_exc(limit=-3)}")
            yield mode, seed, counts


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def report(totals: dict[str, Counter[str]], first: int, seconds: float) -> str:
    """The counts as a table, and the errors of the disk by kind."""
    names = list(totals)
    lines = [
        "# The storage campaign",
        "",
        f"Seeds from {first} on, {RESTARTS} restarts each, {seconds / 60:.0f} minutes on one core. "
        "What is done and checked is told in `storage.py`, which has written this file.",
        "",
        f"| | {' | '.join(names)} | all |",
        f"|---|{'---:|' * (len(names) + 1)}",
    ]
    for title, kinds in ROWS:
        row = [
            sum(count for kind, count in totals[name].items() if kind.partition(" in a ")[0] in kinds) for name in names
        ]
        lines.append(f"| {title} | {' | '.join(f'{each:,}' for each in (*row, sum(row)))} |")
    faults = sum(totals.values(), Counter())
    lines += [
        "",
        "Errors of the disk, by the operation that met them:",
        "",
        "| operation | error | |",
        "|---|---|---:|",
    ]
    for kind in sorted(kind for kind in faults if kind.startswith("fault: ")):
        operation, error = kind.removeprefix("fault: ").split(" ")
        lines.append(f"| {operation} | {error} | {faults[kind]:,} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mode", choices=[mode.name for mode in MODES], help="one of the modes alone")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after that time")
    parser.add_argument("--write", action="store_true", help="write the counts to RESULTS.md")
    told = parser.parse_args()
    modes = [mode for mode in MODES if told.mode in (None, mode.name)]
    totals: dict[str, Counter[str]] = {mode.name: Counter() for mode in modes}
    began = said = time.monotonic()
    for mode, seed, counts in campaign(modes, told.first, told.seeds, told.minutes * 60):
        totals[mode.name] += counts
        if time.monotonic() - said > REPORT_S:
            said = time.monotonic()
            everything = sum(totals.values(), Counter())
            say(
                f"{said - began:5.0f} s: seed {seed}, {everything['reopenings']:,} reopenings,"
                f" {everything['records checked']:,} records compared, {everything['violations']} violations"
            )
    text = report(totals, told.first, time.monotonic() - began)
    say(text)
    if told.write:
        RESULTS.write_text(text)
    return min(1, sum(totals.values(), Counter())["violations"])


if __name__ == "__main__":
    sys.exit(main())
