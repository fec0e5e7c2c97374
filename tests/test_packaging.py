"""kpybroker as it is installed: sdist, wheel, editable, from a checkout without links, and what importing it costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

from tests.conftest import ROOT, Environment, run

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def own_modules() -> set[str]:
    """The package's files as the checkout has them."""
    files = (path for path in (ROOT / "kpybroker").rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_wheel_has_the_package_and_nothing_else(packages: Path) -> None:
    """The wheel holds every file of kpybroker/, py.typed among them, and not the links of the root."""
    (wheel,) = packages.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == own_modules()
    assert "kpybroker/py.typed" in names


def test_sdist_has_what_the_wheel_is_built_from(packages: Path) -> None:
    """The sdist holds the package, its description and its licence, and not the links of the root."""
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert own_modules() | {"pyproject.toml", "README.md", "LICENSE"} <= names
    assert {name.partition("/")[0] for name in names}.isdisjoint({"wire", "storage"})


def test_installed_metadata(installed: Environment) -> None:
    """The version stands in one place, and Python 3.11 is required."""
    script = (
        "from importlib.metadata import metadata as m; t = m('kpybroker'); print(t['Version'], t['Requires-Python'])"
    )
    assert run(installed.python, "-c", script).stdout.split() == [PROJECT["version"], ">=3.11"]
    assert run(installed.command, "--version").stdout.split()[-1] == PROJECT["version"]
    literal = f'"{PROJECT["version"]}"'
    assert [path for path in own_modules() if path.endswith(".py") and literal in (ROOT / path).read_text()] == []


def test_command_and_module_are_the_same(installed: Environment) -> None:
    """`kpybroker` and `python -m kpybroker` say the same, of themselves and of `start`."""
    for words in (["--help"], ["start", "--help"], ["--version"]):
        by_module = run(installed.python, "-m", "kpybroker", *words).stdout
        assert run(installed.command, *words).stdout == by_module.replace("python -m kpybroker", "kpybroker")
    assert "start" in run(installed.command, "--help").stdout


def test_only_wheels_are_needed(packages: Path, tmp_path: Path) -> None:
    """Nothing that kpybroker needs has to be compiled: pip install --only-binary=:all: finds all of it."""
    (wheel,) = packages.glob("*.whl")
    run(sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--target", tmp_path, "--only-binary=:all:", wheel)


def test_wire_needs_no_event_loop(packages: Path, tmp_path: Path) -> None:
    """`import kpybroker.wire` and its codec work where msgspec is all that is installed beside it."""
    environment = Environment(tmp_path / "wire")
    (wheel,) = packages.glob("*.whl")
    environment.install("--no-deps", wheel)
    environment.install("msgspec")
    script = """
import kpybroker.wire
from kpybroker.wire.encode import encode
from kpybroker.wire.messages.metadata import MetadataRequest
assert encode(MetadataRequest(topics=None), 1) == b"\\xff\\xff\\xff\\xff"  # a null array (KIP-4)
"""
    run(environment.python, "-c", script)


def test_every_module_of_wire_and_storage_needs_no_event_loop(installed: Environment) -> None:
    """The rooms of the core import without trio, whoever asks for them."""
    script = """
import importlib, pkgutil, sys
sys.modules["trio"] = None  # an import of it fails
for room in ("wire", "storage", "config", "groups", "metadata", "handlers"):
    package = importlib.import_module("kpybroker." + room)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
import kpybroker.broker
"""
    run(installed.python, "-c", script)


def test_plugin_costs_nothing_until_asked(installed: Environment, tmp_path: Path) -> None:
    """A test run that asks for no broker imports no more than the plugin's own few modules, and no event loop."""
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_imports():\n"
        "    print('loaded', sorted(name for name in sys.modules"
        " if name.partition('.')[0] in ('kpybroker', 'trio', 'msgspec', 'click', 'crc32c', 'cramjam')))\n"
    )
    told = run(installed.python, "-m", "pytest", "-q", "-s", tmp_path, cwd=tmp_path).stdout
    assert "loaded ['kpybroker', 'kpybroker.testing', 'kpybroker.testing.plugin']" in told


def test_editable_install(tmp_path: Path) -> None:
    """`pip install -e .` runs the checkout's own files."""
    environment = Environment(tmp_path / "editable")
    environment.install("--no-deps", "--editable", ROOT)
    where = run(environment.python, "-c", "import kpybroker.wire; print(kpybroker.__file__)", cwd=tmp_path).stdout
    assert Path(where.strip()) == ROOT / "kpybroker" / "__init__.py"


def test_checkout_without_links(tmp_path: Path) -> None:
    """Where git makes no symbolic links, the links of the root are small files, and all works as ever."""
    checkout = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":!tests", ":!compat-suite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.write_text(os.readlink(source))  # what git writes with core.symlinks=false
        elif source.exists():
            shutil.copy(source, target)
    assert (checkout / "wire").is_file()
    environment = Environment(tmp_path / "plain")
    environment.install("--no-deps", checkout)
    environment.install("msgspec")
    script = "import kpybroker.wire.messages.fetch, importlib.util as u; assert u.find_spec('wire') is None"
    run(environment.python, "-c", script, cwd=tmp_path)
    run(environment.python, "-c", "import kpybroker.wire.messages.fetch", cwd=checkout)
