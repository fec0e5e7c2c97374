"""The command line: record what Apache Kafka answers, compare another broker with it, report what stays different."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import nullcontext
from importlib import import_module
from itertools import groupby
from pathlib import Path

import click

from differ import collect, golden
from differ.collect import Case
from differ.compare import Difference, allowed_from, differences, load_allowed, split
from differ.kafka import apache_kafka
from differ.report import rewrite
from differ.scripts import Duel, run
from differ.served import LATEST, RELEASES

TITLE = "# Differences from Apache Kafka\n"


@click.group()
def main() -> None:
    """Compares brokers with Apache Kafka, field by field."""


def parse_address(bootstrap: str) -> tuple[str, int]:
    host, _, port = bootstrap.rpartition(":")
    return host, int(port)


def chosen(only: str, release: str) -> list[Case]:
    return [case for case in collect.all_cases(release) if re.search(only, case.name)]


WHICH_RELEASE = click.option(
    "--release", type=click.Choice(RELEASES), default=LATEST, help="The release of Apache Kafka that is the judge."
)


@main.command()
@WHICH_RELEASE
@click.option("--bootstrap", default="", help="HOST:PORT of a fresh Apache Kafka that runs already.")
@click.option("--kafka", is_flag=True, help="Start an Apache Kafka for the recording.")
@click.option(
    "--peers", default="", help="Directory with Kafka's jars in kafka/libs and kafka-3.9.1/libs (or KAFKA_PEERS)."
)
@click.option("--only", default="", help="Only cases whose book/name matches this regular expression.")
@click.option("--into", default=golden.HOME, type=click.Path(path_type=Path), help="Where the golden files are.")
def record(release: str, bootstrap: str, kafka: bool, peers: str, only: str, into: Path) -> None:
    """Asks Apache Kafka and writes the golden files anew."""
    if bool(bootstrap) == kafka:
        raise click.UsageError("give either --bootstrap HOST:PORT or --kafka")
    with apache_kafka(peers, release) if kafka else nullcontext(bootstrap) as where:
        address = parse_address(where)
        collect.prepare(address)
        everything = collect.all_cases(release)
        for book, cases in groupby(chosen(only, release), key=lambda case: case.book):
            began = time.monotonic()
            played = {case.key: collect.run(case, address) for case in cases}
            recorded = golden.load(book, release, into) | played
            known = [case.key for case in everything if case.book == book]
            golden.save(book, {key: recorded[key] for key in known if key in recorded}, release, into)
            for key, steps in played.items():
                if golden.has_stopped(steps):
                    click.echo(f"  {key}: {steps[-1][1]}", err=True)
            click.echo(f"{book:40} {len(played):5} cases  {time.monotonic() - began:5.1f} s")


@main.command()
@WHICH_RELEASE
@click.option("--bootstrap", required=True, help="HOST:PORT of the broker to compare with the golden files.")
@click.option("--only", default="", help="Only cases whose book/name matches this regular expression.")
@click.option("--lines", default=200, help="At most so many differences are printed.")
@click.option("--golden", "home", default=golden.HOME, type=click.Path(path_type=Path), help="The golden files.")
def compare(release: str, bootstrap: str, only: str, lines: int, home: Path) -> None:
    """Asks a broker the same and prints where it answers otherwise; exit 1 if a difference is not listed."""
    unlisted = compare_all(parse_address(bootstrap), chosen(only, release), release, home)
    for difference in unlisted[:lines]:
        click.echo(describe(difference))
    if len(unlisted) > lines:
        click.echo(f"... and {len(unlisted) - lines} more")
    sys.exit(1 if unlisted else 0)


@main.command(name="scripts")
@click.argument("world")
@click.option("--bootstrap", required=True, help="HOST:PORT of an Apache Kafka.")
@click.option("--against", required=True, help="HOST:PORT of the broker to compare with it.")
@click.option("--seed", default=0, help="The first seed.")
@click.option("--count", default=1, help="So many seeds.")
@click.option("--keep", is_flag=True, help="Write what Apache Kafka answered into the golden files.")
def play_scripts(world: str, bootstrap: str, against: str, seed: int, count: int, keep: bool) -> None:
    """Plays random scripts of a WORLD (differ/worlds) against two brokers; exit 1 if their answers part."""
    duel = Duel(parse_address(bootstrap), parse_address(against), allowed_from(LATEST))
    collect.prepare(duel.kafka)
    collect.prepare(duel.other)
    name = f"scripts/{world}"
    agreed = run(duel, import_module(f"differ.worlds.{world}"), name, range(seed, seed + count))
    if keep:
        golden.save(name, agreed)
    click.echo(f"{count} scripts, {count - len(agreed)} of them part; {duel.asked} requests")
    sys.exit(1 if len(agreed) < count else 0)


@main.command()
@click.option("--into", required=True, type=click.Path(path_type=Path), help="The DIFFERENCES.md to update.")
def report(into: Path) -> None:
    """Writes the listed differences into DIFFERENCES.md."""
    text = into.read_text() if into.exists() else TITLE
    into.write_text(rewrite(text, load_allowed()))


def compare_all(address: tuple[str, int], cases: list[Case], release: str, home: Path) -> list[Difference]:
    """Plays the cases, prints a table, and returns the differences that are not listed."""
    collect.prepare(address)
    allowed = allowed_from(release)
    unlisted: list[Difference] = []
    click.echo(f"{'':40} equal  differ  listed")
    for book, members in groupby(cases, key=lambda case: case.book):
        lines = golden.load(book, release, home)
        counts = [0, 0, 0]
        for case in members:
            found = judge(case, lines, address)
            fresh, listed = split(found, allowed)
            unlisted += fresh
            counts[1 if fresh else 2 if listed else 0] += 1
        click.echo(f"{book:40} {counts[0]:5} {counts[1]:7} {counts[2]:7}")
    return unlisted


def judge(case: Case, lines: golden.Lines, address: tuple[str, int]) -> list[Difference]:
    """Where a broker's answers to one case part from the recorded ones.

    An older Kafka may not have what a case needs to go on: what comes then is nobody's to compare.
    """
    if case.key not in lines:
        return [Difference(case.name, "", "(never recorded)", case.key)]
    expected = lines[case.key]
    if not golden.has_stopped(expected):
        return list(differences(case.name, expected, json.loads(json.dumps(collect.run(case, address)))))
    expected = expected[:-1]
    got = collect.run(case, address, len(expected)) if expected else []
    return list(differences(case.name, expected, json.loads(json.dumps(got[: len(expected)]))))


def describe(difference: Difference) -> str:
    expected, got = (json.dumps(value)[:300] for value in difference[2:])
    return f"{difference.case}\n    {difference.path}\n        Kafka: {expected}\n        here:  {got}"
