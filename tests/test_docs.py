"""The documents run: README's snippets and commands, as a newcomer has them, and every option of the command."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Option
from click.testing import CliRunner
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from kpybroker.cli.main import command
from kpybroker.cli.start import start
from tests.conftest import ROOT, Environment, run
from tests.process import BrokerProcess

README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def snippets(language: str) -> list[str]:
    return [text for kind, text in SNIPPETS if kind == language]


def commands(text: str) -> Iterator[list[str]]:
    """Every `kpybroker start` in a text, as its arguments; what follows the image's name are options of it too."""
    for line in text.replace("`", "\n").splitlines():
        found = re.search(r"(?:\bkpybroker start|docker run .*\bkpybroker)(.*)", line)
        if found:
            yield [word for word in shlex.split(found[1].partition("&")[0], comments=True) if word != "\\"]


@pytest.mark.parametrize("text", [each for each in snippets("python") if "def test_" in each])
def test_readme_tests(text: str, installed: Environment, tmp_path: Path) -> None:
    """A test of the README passes where kpybroker, pytest and the client are installed, and nothing is configured."""
    (tmp_path / "test_orders.py").write_text(text)
    assert "1 passed" in run(installed.python, "-m", "pytest", "-q", "-W", "ignore", tmp_path, cwd=tmp_path).stdout


@pytest.mark.parametrize("text", [each for each in snippets("python") if "Broker(" in each])
def test_readme_programs(text: str, installed: Environment, tmp_path: Path) -> None:
    """A program of the README prints the record that it has produced."""
    assert "one book" in run(installed.python, "-W", "ignore", "-c", text, cwd=tmp_path).stdout


@pytest.mark.needs("containers")
@pytest.mark.parametrize("text", [each for each in snippets("python") if "KpybrokerContainer(" in each])
def test_readme_container(text: str, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The container of the README takes a record from the host."""
    exec(text.replace('("kpybroker"', f'("{image}"'), {})  # this very document
    assert "offset=0" in capsys.readouterr().out


def test_readme_shell(installed: Environment, tmp_path: Path) -> None:
    """The README's lines for programs in any language leave an address that a client can use."""
    (text,) = (each for each in snippets("sh") if "KAFKA_BOOTSTRAP_SERVERS" in each)
    ask = "import sys, kafka; print(kafka.KafkaConsumer(bootstrap_servers=sys.argv[1]).topics())"
    lines = text + f"{installed.python} -W ignore -c '{ask}' $KAFKA_BOOTSTRAP_SERVERS; kill $!"
    path = f"{installed.command.parent}:{os.environ['PATH']}"
    assert "{'orders'}" in run("bash", "-euc", lines, cwd=tmp_path, PATH=path).stdout


def test_readme_commands_are_there() -> None:
    """The two commands of the first screen: the checkout has what they name."""
    start_it, run_tests = snippets("sh")[:2]
    assert start_it == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/kpybroker start\n"
    assert run_tests.strip() == ".ci/test"
    assert (ROOT / ".ci" / "test").stat().st_mode & 0o111
    assert ".ci/test\n" in (ROOT / ".ci" / "run").read_text()


def test_options_in_documents_exist() -> None:
    """Whatever option of `kpybroker start` a document shows is one of --help."""
    documents = [*ROOT.glob("*.md"), ROOT / "Dockerfile", *(ROOT / ".github").rglob("*.yml")]
    shown = [words for path in documents for words in commands(path.read_text())]
    assert len(shown) > 3
    told = CliRunner().invoke(command, ["start", "--help"]).output
    wrong = [word for words in shown for word in words if word.startswith("-") and word not in told]
    assert wrong == []


def test_links_lead_somewhere() -> None:
    """A document's link to a file of the repository finds it."""
    link = re.compile(r"\]\((?!http)([^)#]+)")
    targets = {(path.name, to) for path in ROOT.glob("*.md") for to in link.findall(path.read_text())}
    assert sorted((name, to) for name, to in targets if not (ROOT / to).exists()) == []


def test_the_plan_shows_the_house_as_it_is() -> None:
    """ARCHITECTURE.md has every room of kpybroker, and no file that is not there."""
    plan = (ROOT / "ARCHITECTURE.md").read_text()
    house = ROOT / "kpybroker"
    rooms = {f"{path.name}/" if path.is_dir() else path.name for path in house.iterdir() if path.suffix in ("", ".py")}
    assert sorted(room for room in rooms - {"__pycache__/"} if f"`{room}`" not in plan) == []
    named = set(re.findall(r"`(\w+\.py)`", plan))
    assert sorted(named - {path.name for path in (*house.rglob("*.py"), *(ROOT / "tests").glob("*.py"))}) == []


def test_every_option_of_start(tmp_path: Path) -> None:
    """The options that --help lists are all given to one broker, which obeys each; tests/cli has the fine points."""
    properties, data, port_file = tmp_path / "server.properties", tmp_path / "data", tmp_path / "port"
    properties.write_text("num.partitions=2\nmessage.max.bytes=100000\n")
    given = {
        "--override": "message.max.bytes=50000",
        "--host": "127.0.0.1",
        "--port": "0",
        "--data-dir": str(data),
        "--sync": None,
        "--topic": "orders:3",
        "--as-version": "4.2.1",
        "--strict": None,
        "--port-file": str(port_file),
    }
    assert {name for each in start.params if isinstance(each, Option) for name in each.opts} == set(given)
    words = [word for option in given.items() for word in option if word is not None]
    with BrokerProcess(tmp_path, str(properties), *words, "--topic", "usual", port=False) as broker:
        bootstrap = "{}:{}".format(*broker.address)
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        topics = {each["name"]: len(each["partitions"]) for each in admin.describe_topics(["orders", "usual"])}
        described = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all")
        admin.close()
    assert topics == {"orders": 3, "usual": 2}
    settings = {name: each["value"] for name, each in described["broker"]["1"].items()}
    assert settings["message.max.bytes"] == "50000"
    assert settings["group.initial.rebalance.delay.ms"] == "3000"  # Kafka's own, and so --strict
    assert (data / "meta.properties").exists()


def test_the_readme_tells_the_last_campaign() -> None:
    """What README says of kills and losses of power is what the campaigns have written down."""
    results = (ROOT / "tests" / "campaign" / "RESULTS.md").read_text()
    totals = {
        name: row.rpartition("|")[2].strip() for name, row in re.findall(r"^\| ([a-z ,]+) \|(.*) \|$", results, re.M)
    }
    told = re.sub(r"\s+", " ", README)
    assert f"killed {totals['kills']} brokers, took the power from {totals['losses of power']}" in told
    assert f"no violation in {totals['records acknowledged']} acknowledged records" in told
    assert totals["violations found"] == "0"
    under_clients = (ROOT / "tests" / "campaign" / "RESULTS-KILLS.md").read_text()
    assert re.search(r"\b40 kills, 515,844 records acknowledged.*nothing lost, nothing twice", under_clients)
    assert "40 kills cost none of 515,844" in told
