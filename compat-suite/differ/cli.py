"""The command line: record what Apache Kafka answers, compare another broker with it, report what stays different."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from differ import collect, golden
from differ.collect import Case
from differ.compare import Difference, differences, load_allowed, split
from differ.kafka import apache_kafka
from differ.report import rewrite

TITLE = "# Differences from Apache Kafka\n"


@click.group()
def main() -> None:
    """Compares brokers with Apache Kafka, field by field."""


def parse_address(bootstrap: str) -> tuple[str, int]:
    host, _, port = bootstrap.rpartition(":")
    return host, int(port)


def chosen(only: str) -> list[Case]:
    return [case for case in collect.all_cases() if re.search(only, case.name)]


@main.command()
@click.option("--bootstrap", default="", help="HOST:PORT of a fresh Apache Kafka that runs already.")
@click.option("--kafka", is_flag=True, help="Start an Apache Kafka for the recording.")
@click.option("--peers", default="", help="Directory with Kafka's jars in kafka/libs (or KAFKA_PEERS).")
@click.option("--only", default="", help="Only cases whose book/name matches this regular expression.")
@click.option("--into", default=golden.HOME, type=click.Path(path_type=Path), help="Where the golden files are.")
def record(bootstrap: str, kafka: bool, peers: str, only: str, into: Path) -> None:
    """Asks Apache Kafka and writes the golden files anew."""
    if bool(bootstrap) == kafka:
        raise click.UsageError("give either --bootstrap HOST:PORT or --kafka")
    with apache_kafka(peers) if kafka else nullcontext(bootstrap) as where:
        address = parse_address(where)
        collect.prepare(address)
        for book, cases in groupby(chosen(only), key=lambda case: case.book):
            began = time.monotonic()
            played = {case.key: collect.run(case, address) for case in cases}
            recorded = golden.load(book, into) | played
            known = [case.key for case in collect.all_cases() if case.book == book]
            golden.save(book, {key: recorded[key] for key in known if key in recorded}, into)
            for key, steps in played.items():
                if steps and steps[-1][0] == "stopped":
                    click.echo(f"  {key}: {steps[-1][1]}", err=True)
            click.echo(f"{book:40} {len(played):5} cases  {time.monotonic() - began:5.1f} s")


@main.command()
@click.option("--bootstrap", required=True, help="HOST:PORT of the broker to compare with the golden files.")
@click.option("--only", default="", help="Only cases whose book/name matches this regular expression.")
@click.option("--lines", default=200, help="At most so many differences are printed.")
@click.option("--golden", "home", default=golden.HOME, type=click.Path(path_type=Path), help="The golden files.")
def compare(bootstrap: str, only: str, lines: int, home: Path) -> None:
    """Asks a broker the same and prints where it answers otherwise; exit 1 if a difference is not listed."""
    unlisted = compare_all(parse_address(bootstrap), chosen(only), home)
    for difference in unlisted[:lines]:
        click.echo(describe(difference))
    if len(unlisted) > lines:
        click.echo(f"... and {len(unlisted) - lines} more")
    sys.exit(1 if unlisted else 0)


@main.command()
@click.option("--into", required=True, type=click.Path(path_type=Path), help="The DIFFERENCES.md to update.")
def report(into: Path) -> None:
    """Writes the listed differences into DIFFERENCES.md."""
    text = into.read_text() if into.exists() else TITLE
    into.write_text(rewrite(text, load_allowed()))


def compare_all(address: tuple[str, int], cases: list[Case], home: Path) -> list[Difference]:
    """Plays the cases, prints a table, and returns the differences that are not listed."""
    collect.prepare(address)
    allowed = load_allowed()
    unlisted: list[Difference] = []
    click.echo(f"{'':40} equal  differ  listed")
    for book, members in groupby(cases, key=lambda case: case.book):
        lines = golden.load(book, home)
        counts = [0, 0, 0]
        for case in members:
            found = difference_of(case, lines, collect.run(case, address))
            fresh, listed = split(found, allowed)
            unlisted += fresh
            counts[1 if fresh else 2 if listed else 0] += 1
        click.echo(f"{book:40} {counts[0]:5} {counts[1]:7} {counts[2]:7}")
    return unlisted


def difference_of(case: Case, lines: golden.Book, got: list[list[Any]]) -> list[Difference]:
    if case.key not in lines:
        return [Difference(case.name, "", "(never recorded)", got)]
    return list(differences(case.name, lines[case.key], json.loads(json.dumps(got))))


def describe(difference: Difference) -> str:
    expected, got = (json.dumps(value)[:300] for value in difference[2:])
    return f"{difference.case}\n    {difference.path}\n        Kafka: {expected}\n        here:  {got}"
