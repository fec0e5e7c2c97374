"""The rules of the house, as ARCHITECTURE.md tells them: floors, sizes, who may touch time, chance and the world."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from kpybroker.handlers import APIS, Handler
from kpybroker.machine import Api
from kpybroker.wire.apis import name_of
from tests.conftest import ROOT

FLOORS = (  # from the top down: imports run downwards, or sideways
    ("__init__", "__main__"),
    ("cli", "testing", "web"),
    ("server", "simulation", "inspection"),
    ("broker",),
    ("handlers",),
    ("state", "reading", "acknowledging"),
    ("cluster", "keeping"),
    (
        "journal",
        "coordinators",
        "outages",
        "housekeeping",
        "waiting",
        "sessions",
        "telemetry",
        "faults",
        "recording",
    ),
    ("replication", "groups", "transactions", "security"),
    (
        "partition",
        "syncing",
        "dirty_logs",
        "homes",
        "moves",
        "replicas",
        "metadata",
        "validation",
        "message_sets",
        "retention",
        "compaction",
        "cleaner",
        "dirt",
        "checkpointing",
        "kept_configs",
    ),
    ("storage",),
    ("wire", "machine", "slices", "config", "releases"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FUNCTION_LINES, CLASS_LINES, FILE_LINES, HANDLER_LINES = 70, 140, 500, 150

# Below the server, time, chance, files and sockets come in as arguments. These are where files are reached.
OUTER = ("__init__", "__main__", "cli", "testing", "web", "server")
DISK = {f"kpybroker/storage/{name}.py" for name in ("files", "memory", "ephemeral", "locks")}
DISK.add("kpybroker/inspection/sources.py")  # for reading alone
WORLD = {
    "asyncio",
    "datetime",
    "multiprocessing",
    "os",
    "pathlib",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
}
WORLD |= {"socket", "ssl", "subprocess", "tempfile", "threading", "time"}
LOOP = {"trio", "outcome"}


class Source(NamedTuple):
    """One file of Python."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.split("/")[1].removesuffix(".py")

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        return self.text.count("\n")


class Import(NamedTuple):
    """One imported module or name; `typing_only` is one that only type checkers see."""

    line: int
    level: int
    module: str
    name: str | None
    typing_only: bool

    @property
    def dotted(self) -> str:
        return self.module if self.name is None else f"{self.module}.{self.name}"


@cache
def kept_files() -> tuple[str, ...]:
    """What the repository holds, or would with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    return tuple(name for name in names if (ROOT / name).is_file() and not (ROOT / name).is_symlink())


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files in these folders; a link, or the file that stands for one, is no source."""
    found = []
    for name in kept_files():
        if name.endswith(".py") and name.startswith(tuple(f"{folder}/" for folder in folders)):
            text = (ROOT / name).read_text()
            found.append(Source(name, text, ast.parse(text, name)))
    assert found
    return tuple(found)


def product() -> tuple[Source, ...]:
    return sources("kpybroker")


def everything() -> tuple[Source, ...]:
    return sources("kpybroker", "tests", "compat-suite", "benchmarks")


def imports(source: Source) -> Iterator[Import]:
    typing_only = {
        id(inner)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, 0, alias.name, None, id(node) in typing_only)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.lineno, node.level, node.module or "", alias.name, id(node) in typing_only)


def none(wrong: list[str]) -> None:
    """Fails with all that is wrong, a line each."""
    assert not wrong, "\n" + "\n".join(wrong)


def in_core(source: Source) -> bool:
    return source.room not in OUTER and source.path not in DISK


def test_every_room_has_a_floor() -> None:
    """A room that nobody has given a floor is not in the house."""
    none(sorted({source.room for source in product()} - FLOOR.keys()))


def test_imports_are_absolute_and_run_downwards() -> None:
    """No room imports one of a floor above its own."""
    wrong = []
    for source in product():
        for each in imports(source):
            if each.level:
                wrong.append(f"{source.path}:{each.line} imports relatively")
                continue
            top, _, rest = each.dotted.partition(".")
            room = rest.partition(".")[0]
            if top == "kpybroker" and FLOOR.get(room, 0) < FLOOR[source.room]:
                wrong.append(f"{source.path}:{each.line} imports {each.dotted}, from a floor above")
    none(wrong)


def test_imports_make_no_circles() -> None:
    """No module needs, by whatever way round, one that needs it; late imports count too."""
    modules = {source.module for source in product()}
    graph = {
        source.module: {
            target
            for each in imports(source)
            if not each.typing_only
            for target in [each.dotted if each.dotted in modules else each.module]
            if target in modules and target != source.module
        }
        for source in product()
    }
    del graph["kpybroker"]  # its face is lazy, and every module's parent
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        raise AssertionError(" <- ".join(circle.args[1])) from None


def test_nobody_imports_the_root_links() -> None:
    """`wire` and `storage` at the root are for readers: in a user's environment those names are the user's."""
    wrong = [
        f"{source.path}:{each.line}"
        for source in everything()
        for each in imports(source)
        if not each.level and each.module.partition(".")[0] in ("wire", "storage")
    ]
    none(wrong)


def is_data(source: Source) -> bool:
    """Only literals and imports: such a file may be as long as its data."""
    flow = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.Try, ast.With)
    return not any(isinstance(node, flow) for node in source.tree.body)


def test_sizes() -> None:
    """A function, a class or a file that is too large lacks a noun."""
    wrong = []
    for source in product():
        room = HANDLER_LINES if source.room == "handlers" else FILE_LINES
        if source.lines > room and not is_data(source):
            wrong.append(f"{source.path} has {source.lines} lines, {room} are the limit")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > limit:
                    wrong.append(f"{source.path}:{node.lineno} {node.name} has {lines} lines, {limit} are the limit")
    none(wrong)


def test_every_file_says_what_it_is_for() -> None:
    """A file opens with a sentence, before everything else."""
    wrong = []
    for source in everything():
        first = source.text.lstrip() if not source.text.startswith("#!") else source.text.partition("\n")[2].lstrip()
        sentence = (ast.get_docstring(source.tree) or "").partition("\n\n")[0]
        if not first.startswith(('"""', 'r"""')) or len(sentence.split()) < 3:
            wrong.append(f"{source.path}: {sentence[:60]!r}")
    none(wrong)


def test_every_test_states_its_promise() -> None:
    """Each test's docstring says what holds."""
    wrong = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources("tests")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    none(wrong)


def test_no_error_is_swallowed() -> None:
    """Only the core's one place catches whatever happens; cleaning up on the way out, and raising again, is allowed."""
    wrong = []
    for source in product():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ExceptHandler) or source.path == "kpybroker/broker.py":
                continue
            caught = "" if node.type is None else ast.unparse(node.type)
            raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if node.type is None or (re.search(r"\b(Base)?Exception\b", caught) and not raises_again):
                wrong.append(f"{source.path}:{node.lineno} except {caught}")
    none(wrong)


def test_the_core_reaches_for_nothing() -> None:
    """In the core no clock, socket, thread or file is at hand: they come in as arguments."""
    wrong = [
        f"{source.path}:{each.line} imports {each.dotted}"
        for source in filter(in_core, product())
        for each in imports(source)
        if each.module.partition(".")[0] in WORLD
    ]
    wrong += [
        f"{source.path}:{node.lineno} opens a file"
        for source in filter(in_core, product())
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "open"
    ]
    none(wrong)


def test_chance_is_handed_in() -> None:
    """The core names the type Random and takes one as an argument; it makes none, and no id of its own."""
    wrong = []
    for source in filter(in_core, product()):
        modules = {each.module for each in imports(source) if each.name is None}
        for node in ast.walk(source.tree):
            name = ""
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                name = f"{node.value.id}.{node.attr}"
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = ast.unparse(node.func) + "()"
            if re.fullmatch(r"random\.(?!Random$)\w+|(random\.)?Random\(\)|(uuid\.)?uuid[14]\(\)", name):
                wrong.append(f"{source.path}:{node.lineno} {name}")
    none(wrong)


def test_the_event_loop_stays_in_its_rooms() -> None:
    """trio is known in server/ and cli/ alone."""
    wrong = [
        f"{source.path}:{each.line}"
        for source in product()
        for each in imports(source)
        if each.module.partition(".")[0] in LOOP and source.room not in ("server", "cli")
    ]
    none(wrong)


def handlers() -> list[Source]:
    return [source for source in product() if source.room == "handlers" and Path(source.path).name not in NOT_HANDLERS]


NOT_HANDLERS = ("__init__.py", "common.py", "refusal.py")


def served(api: Api) -> str:
    """The name that the table gives to an API's file and function."""
    assert isinstance(api.handle, Handler)
    return api.handle.name


def test_the_table_of_handlers_is_the_folder() -> None:
    """Each file of handlers/ answers one API by the function of its name, and is in the table, in the order of keys."""
    files = sorted(Path(source.path).stem for source in handlers())
    rows = [served(api) for api in APIS.values()]
    assert sorted(rows) == files
    assert list(APIS) == sorted(APIS)


def test_a_handler_says_what_it_answers() -> None:
    """A handler opens with its API, its versions as the table has them, and how it behaves."""
    rows = {served(api): api for api in APIS.values()}
    wrong = []
    for source in handlers():
        api, told = rows[Path(source.path).stem], ast.get_docstring(source.tree) or ""
        span = f"{api.first}-{api.last}" if api.first < api.last else str(api.first)
        wanted = (f"{name_of(api.key)} ({api.key}): ", f"Versions: {span}", "Behaves: ")
        wrong += [f"{source.path}: no {words!r}" for words in wanted if words not in told]
    none(wrong)


# In pieces, so that this file does not find itself.
MACHINE = re.compile("/wor" r"k/|/tmp/wor" r"k|/roo" r"t/|/hom" r"e/(?!runner)\w")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|NotImplemented" r"Error)\b")


def test_no_file_names_a_machine() -> None:
    """Paths of the machine that something was made on are nobody's business."""
    wrong = []
    for name in kept_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            lines = content.decode(errors="replace").splitlines()
            wrong += [f"{name}:{number}" for number, line in enumerate(lines, 1) if MACHINE.search(line)]
    none(wrong)


def test_nothing_is_left_for_later() -> None:
    """No stub and no note to oneself is in the product."""
    wrong = [
        f"{source.path}:{number}"
        for source in product()
        for number, line in enumerate(source.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    none(wrong)
