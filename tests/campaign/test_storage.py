"""Some seeds of the storage campaign, and that a seed is the same run everywhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.campaign.life import MODES, Life, Mode
from tests.campaign.storage import RESULTS, campaign, report
from tests.conftest import ROOT

SEEDS = 20  # in each mode
AT_ONCE = 10


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_what_was_promised_is_kept(mode: Mode, first: int) -> None:
    """Brokers that are killed, lose their power or their disk at any operation: what was acknowledged under the
    durability that was promised is there after the next start, nothing comes back half, and nothing else is there."""
    for seed in range(first, first + AT_ONCE):
        counts = Life(seed, mode).run(12)
        assert counts["reopenings"] > 12, (mode.name, seed)
        assert counts["records checked"] > 0, (mode.name, seed)


def digests() -> str:
    """What a few seeds come to."""
    found = []
    for mode in MODES:
        life = Life(5, mode)
        life.run(4)
        found.append(life.digest())
    return "\n".join(found)


def test_a_seed_is_the_same_run_under_any_hash_seed() -> None:
    """Byte for byte, in another process whose sets have another order."""
    code = "from tests.campaign.test_storage import digests; print(digests())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == len(MODES)


def test_the_committed_results_found_nothing() -> None:
    """The report in the repository has a column for each mode, as the program writes it, and no violation in it."""
    text = RESULTS.read_text()
    modes = {mode.name: counts for mode, _, counts in campaign(list(MODES), 0, 1, 60.0)}
    assert report(modes, 0, 60.0).splitlines()[4] == text.splitlines()[4]
    (violations,) = [line for line in text.splitlines() if line.startswith("| violations found ")]
    assert set(violations.replace("| violations found |", "").replace("|", "").split()) == {"0"}
