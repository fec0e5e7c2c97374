"""What Apache Kafka answered, kpybroker answers: the golden files, played against a broker in this process."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from kpybroker import Broker
from kpybroker.handlers import APIS
from kpybroker.wire.apis import name_of

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-suite"))

from differ import collect, golden
from differ.batches import LONG_AGO
from differ.cli import describe, judge, parse_address
from differ.collect import Case
from differ.compare import Allowed, Difference, allowed_from, differences, load_allowed, split
from differ.normal import Normaliser
from differ.report import BEGIN, END, rewrite
from differ.served import LATEST, RELEASES, SERVED

CASES = {release: collect.all_cases(release) for release in RELEASES}
BOOKS = [(release, book) for release in RELEASES for book in dict.fromkeys(case.book for case in CASES[release])]
SHOWN = 10
KEEPING = {"log.initial.task.delay.ms": 86_400_000}  # as the Kafka that was asked: the cases' records are years old
ALLOWED = {release: allowed_from(release) for release in RELEASES}
Judged: TypeAlias = Callable[[Case], list[Difference]]
recorded, differing = cache(golden.load), cache(golden.differing)


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    """What a case comes to. One broker of each release for all cases: each has topics and groups of its own, and is
    played once."""
    addresses: dict[str, tuple[str, int]] = {}
    found: dict[Case, list[Difference]] = {}

    def judge_once(case: Case) -> list[Difference]:
        if case not in found:
            found[case] = judge(case, recorded(case.book, case.release), addresses[case.release])
        return found[case]

    with ExitStack() as brokers:
        for release in RELEASES:
            broker = brokers.enter_context(Broker(version=release, config=KEEPING))
            addresses[release] = parse_address(broker.bootstrap_servers)
            collect.prepare(addresses[release])
        yield judge_once


@pytest.mark.parametrize(("release", "book"), BOOKS)
def test_answers_as_apache_kafka_does(judged: Judged, release: str, book: str) -> None:
    """Every answer is that of this release of Apache Kafka, field by field, save for the listed differences.

    What 3.9.1 answered as 4.3.1 did is played as 4.3.1 alone, for it is the same code; `differ compare` plays all.
    """
    unlisted = []
    for case in CASES[release]:
        if case.book == book and case.key in differing(book, release):
            unlisted += split(judged(case), ALLOWED[release])[0]
    shown = "\n".join(describe(difference) for difference in unlisted[:SHOWN])
    assert not unlisted, f"{len(unlisted)} differences in {len({d.case for d in unlisted})} cases, the first:\n{shown}"


@pytest.mark.parametrize("entry", load_allowed(), ids=lambda entry: f"{entry.release} {entry.case} {entry.path}")
def test_every_listed_difference_is_met(judged: Judged, entry: Allowed) -> None:
    """Some answer needs each entry of the list, and no other entry covers it: what is mended goes from the list."""
    releases = [entry.release] if entry.release else RELEASES
    assert any(
        entry.covers(difference) and not any(other.covers(difference) for other in ALLOWED[release] if other != entry)
        for release in releases
        for case in CASES[release]
        if re.search(entry.case, case.name)
        for difference in judged(case)
    )


@pytest.mark.parametrize("release", RELEASES)
def test_every_case_is_recorded_and_every_recording_has_a_case(release: str) -> None:
    """The golden files are those of the cases that there are: record anew after a case was renamed."""
    for book in dict.fromkeys(case.book for case in CASES[release]):
        assert set(golden.load(book, release)) == {case.key for case in CASES[release] if case.book == book}, book


def test_no_case_stops_with_the_latest_kafka() -> None:
    """A case may ask for what an older release has not; 4.3.1 answers every one to its end."""
    books = {case.book for case in CASES[LATEST]}
    stopped = [(book, key) for book in sorted(books) for key, s in golden.load(book).items() if golden.has_stopped(s)]
    assert stopped == []


@pytest.mark.parametrize("release", RELEASES)
def test_every_api_has_five_cases_and_every_version_is_asked(release: str) -> None:
    """Each API that is compared has at least five cases, and none of its versions is left out."""
    own = [case for case in CASES[release] if not case.book.startswith("conversations/")]
    for api in dict.fromkeys(case.api for case in own):
        assert len({case.play for case in own if case.api == api}) >= 5, api
        first, last = SERVED[release][api]
        assert {case.version for case in own if case.api == api} == set(range(first, last + 1)), api


@pytest.mark.parametrize("release", RELEASES)
def test_the_comparison_is_large(release: str) -> None:
    """At least 2,000 answers and 200 conversations of each release are compared."""
    conversations = {case.play for case in CASES[release] if case.book.startswith("conversations/")}
    books = {case.book for case in CASES[release]}
    assert sum(len(steps) for book in books for steps in recorded(book, release).values()) >= 2000
    assert len(conversations) >= 200


def test_golden_files_stay_small() -> None:
    """All recordings, of some 5,000 cases and two releases, are under 10 MB, so that they can be kept and read."""
    assert sum(path.stat().st_size for path in golden.HOME.rglob("*.json")) < 10_000_000


def test_an_older_release_is_told_by_what_it_answers_otherwise(tmp_path: Path) -> None:
    """What 3.9.1 answered as 4.3.1 did is not written twice, and stays when 4.3.1 is recorded anew."""
    first, second = [["Fetch v4", {"error_code": 0}]], [["Fetch v4", {"error_code": 1}]]
    golden.save("fetch", {"a v4": first, "b v4": first}, "4.3.1", tmp_path)
    golden.save("fetch", {"a v4": first, "b v4": second}, "3.9.1", tmp_path)
    assert json.loads((tmp_path / "3.9.1" / "fetch.json").read_text()) == {"a v4": golden.SAME, "b v4": second}
    golden.save("fetch", {"a v4": second, "b v4": second}, "4.3.1", tmp_path)
    assert golden.load("fetch", "3.9.1", tmp_path) == {"a v4": first, "b v4": second}
    assert json.loads((tmp_path / "3.9.1" / "fetch.json").read_text()) == {"a v4": first, "b v4": golden.SAME}


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
    for key, api in APIS.items():
        played = [c.version for release in RELEASES for c in CASES[release] if c.api == name_of(key)]
        assert (api.first, api.last) == (min(played), max(played)), name_of(key)
