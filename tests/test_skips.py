"""The account of skipped tests: a tool that is not there excuses a skip, and nothing else does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

PLUGIN = ["-p", "tests.conftest", "-p", "no:cacheprovider"]


def run_suite(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    """A suite of one test under this suite's rules, on a machine where no socket of Docker answers."""
    (folder / "test_it.py").write_text(f"import os, pytest\n\n{body}\n")
    command = [sys.executable, "-m", "pytest", *PLUGIN, "--rootdir", folder, folder]
    environment = {"DOCKER_HOST": f"unix://{folder}/nobody", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_missing_tool_excuses_a_skip(tmp_path: Path) -> None:
    """A test that needs what is not there is skipped and counted, with the reason, and the run passes."""
    done = run_suite(tmp_path, "@pytest.mark.needs('containers')\ndef test_it():\n    raise AssertionError")
    assert "skipped: 1\n  1 x needs containers: " in done.stdout
    assert done.returncode == 0


def test_any_other_skip_fails_the_run(tmp_path: Path) -> None:
    """A test that skips itself fails the run, which says why."""
    done = run_suite(tmp_path, "def test_it():\n    pytest.skip('not today')")
    assert "  1 x not today  <- nothing is missing: this fails the run" in done.stdout
    assert done.returncode == 1


def test_a_test_that_runs_is_not_counted(tmp_path: Path) -> None:
    """Where nothing is skipped the account says so."""
    done = run_suite(tmp_path, "def test_it():\n    pass")
    assert "skipped: 0\n" in done.stdout
    assert done.returncode == 0
