"""What the whole suite shares: tools a machine may lack, the account of what was skipped, an installed kpybroker."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import kafka

ROOT = Path(__file__).parents[1]


def _containers() -> str | None:
    if find_spec("testcontainers") is None:
        return "testcontainers is not installed"
    import docker
    from docker.errors import DockerException

    try:
        docker.from_env().ping()
    except DockerException as error:
        return f"no Docker-compatible socket answers ({str(error)[:80]})"
    return None


# Why a tool is not there; None if it is. A test that needs one says @pytest.mark.needs(NAME).
TOOLS: dict[str, Callable[[], str | None]] = {"containers": _containers, "kafka": kafka.why_missing}


@cache
def _missing(tool: str) -> str | None:
    return TOOLS[tool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): skipped where the tool is not there, and only there")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        reason = _missing(marker.args[0])
        if reason is not None:
            pytest.skip(f"needs {marker.args[0]}: {reason}")


def _skipped(config: pytest.Config) -> Counter[str]:
    """How many tests were skipped, by reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = [] if reporter is None else reporter.stats.get("skipped", [])
    return Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip has one excuse, a tool that is not there: any other fails the run."""
    if any(not reason.startswith("needs ") for reason in _skipped(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = _skipped(config)
    terminalreporter.write_line(f"skipped: {skipped.total()}")
    for reason, count in skipped.items():
        excuse = "" if reason.startswith("needs ") else "  <- nothing is missing: this fails the run"
        terminalreporter.write_line(f"  {count} x {reason}{excuse}")


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as a user would, outside this checkout's own paths; what it said is shown if it fails."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Environment:
    """A fresh virtual environment that knows nothing of this checkout."""

    def __init__(self, home: Path) -> None:
        venv.create(home, symlinks=True)
        self.python = home / "bin" / "python"
        self.command = home / "bin" / "kpybroker"

    def install(self, *what: str | Path) -> None:
        """By this interpreter's pip, which spares the environment one of its own."""
        flags = ["--quiet", "--disable-pip-version-check", "--python", self.python]
        run(sys.executable, "-m", "pip", *flags, "install", *what)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("packages")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def installed(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A fresh environment with kpybroker's wheel, and with pytest and kafka-python for who tries it there."""
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.install(*packages.glob("*.whl"), "pytest", "kafka-python")
    return environment


@pytest.fixture(scope="session")
def image() -> str:
    """The image of this checkout; KPYBROKER_TEST_IMAGE=NAME is one that is there already."""
    ready = os.environ.get("KPYBROKER_TEST_IMAGE")
    if ready:
        return ready
    import docker

    docker.from_env().images.build(path=str(ROOT), tag="kpybroker:test", rm=True, network_mode="host")
    return "kpybroker:test"
