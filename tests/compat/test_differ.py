"""What Apache Kafka answered, kpybroker answers: the golden files, played against a broker in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpybroker import Broker
from kpybroker.handlers import ADVERTISED
from kpybroker.wire.apis import name_of

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-suite"))

from differ import collect, golden
from differ.batches import LONG_AGO
from differ.cli import describe, difference_of, parse_address
from differ.compare import Allowed, differences, load_allowed, split
from differ.normal import Normaliser
from differ.report import BEGIN, END, rewrite
from differ.talk import SERVED

CASES = collect.all_cases()
BOOKS = list(dict.fromkeys(case.book for case in CASES))
SHOWN = 10


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """One broker for all cases: each has topics and groups of its own."""
    with Broker() as broker:
        found = parse_address(broker.bootstrap_servers)
        collect.prepare(found)
        yield found


@pytest.mark.parametrize("book", BOOKS)
def test_answers_as_apache_kafka_does(address: tuple[str, int], book: str) -> None:
    """Every answer is Apache Kafka's, field by field, save for the listed differences."""
    lines, allowed = golden.load(book), load_allowed()
    unlisted = []
    for case in CASES:
        if case.book == book:
            found = difference_of(case, lines, collect.run(case, address))
            unlisted += split(found, allowed)[0]
    shown = "\n".join(describe(difference) for difference in unlisted[:SHOWN])
    assert not unlisted, f"{len(unlisted)} differences in {len({d.case for d in unlisted})} cases, the first:\n{shown}"


def test_every_case_is_recorded_and_every_recording_has_a_case() -> None:
    """The golden files are those of the cases that there are: record anew after a case was renamed."""
    for book in BOOKS:
        assert set(golden.load(book)) == {case.key for case in CASES if case.book == book}, book


def test_every_api_has_five_cases_and_every_version_is_asked() -> None:
    """Each API that is compared has at least five cases, and none of its versions is left out."""
    for api, (first, last) in SERVED.items():
        own = [case for case in CASES if case.api == api and not case.book.startswith("conversations/")]
        assert len({case.play for case in own}) >= 5, api
        assert {case.version for case in own} == set(range(first, last + 1)), api


def test_golden_files_stay_small() -> None:
    """All recordings together are under 5 MB, so that they can be kept and read."""
    assert sum(path.stat().st_size for path in golden.HOME.rglob("*.json")) < 5_000_000


def test_null_is_not_empty() -> None:
    """Null against empty, one type against another and a missing element are differences, each with its path."""
    kafka = [["Fetch v4", {"aborted": None, "names": [{"name": "a", "value": "1"}], "flag": True}]]
    other = [["Fetch v4", {"aborted": [], "names": [], "flag": 1}]]
    found = {d.path: (d.expected, d.got) for d in differences("case", kafka, other)}
    assert found == {
        "1 Fetch v4: aborted": (None, []),
        "1 Fetch v4: names[a]": ({"name": "a", "value": "1"}, "(missing)"),
        "1 Fetch v4: flag": (True, 1),
    }


def test_same_elements_in_another_order_are_a_difference() -> None:
    """Elements go by their names, and their order counts all the same."""
    kafka, other = ([["x", [{"name": name} for name in names]]] for names in ("ab", "ba"))
    assert [d.path for d in differences("case", kafka, other)] == ["1 x: [order]"]


def test_volatile_values_get_symbols_by_first_appearance() -> None:
    """The same id is the same symbol all through a case, and an absent one stays as it is."""
    normaliser = Normaliser("differ-case-")
    first, second, nothing = "b" * 22, "a" * 22, "A" * 22
    answers = [normaliser.answer("Any", {"topic_id": value}) for value in (first, second, first, nothing)]
    assert [answer["topic_id"] for answer in answers] == ["<topic-1>", "<topic-2>", "<topic-1>", nothing]


def test_times_of_a_case_are_kept_and_the_brokers_are_not() -> None:
    """A timestamp that a case gave is compared; one of the broker's clock is only known to be one."""
    answer = Normaliser("differ-case-").answer("Any", {"timestamp": LONG_AGO, "log_append_time_ms": 2**53})
    assert answer == {"timestamp": LONG_AGO, "log_append_time_ms": "<now>"}


def test_report_replaces_its_own_part_only() -> None:
    """The generated table stands between its marks; what people wrote around it stays."""
    text = f"# Differences\n\nBy design.\n\n{BEGIN}\nold\n{END}\n\nMore.\n"
    made = rewrite(text, [Allowed("^produce/", "error", "for this reason", "KIP-0")])
    assert made.startswith("# Differences\n\nBy design.\n\n") and made.endswith("\n\nMore.\n")
    assert "old" not in made and "for this reason" in made


def test_every_listed_difference_says_why() -> None:
    """A listed difference has a reason and a source."""
    assert all(entry.reason and entry.source for entry in load_allowed())


def test_the_report_in_the_repository_is_current() -> None:
    """DIFFERENCES.md lists exactly the differences that the comparison lets pass."""
    text = (Path(__file__).parents[2] / "DIFFERENCES.md").read_text()
    assert rewrite(text, load_allowed()) == text


def test_everything_that_is_served_is_compared() -> None:
    """An API that a handler serves, in all its versions, has cases here: every handler starts with Kafka's answers."""
    assert {(name_of(key), first, last) for key, first, last in ADVERTISED} == {
        (name, first, last) for name, (first, last) in SERVED.items()
    }
