"""Records what Apache Kafka answers where it is told other settings: python -m differ.told, with differ on the path."""

from __future__ import annotations

import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

import click

from differ import collect, golden, told_otherwise
from differ.collect import Case
from differ.kafka import apache_kafka
from differ.served import LATEST
from differ.talk import Talk


class Broker(NamedTuple):
    """One broker of its own: its settings, and the cases that are played on it, once it coordinates groups if it has
    any."""

    book: str
    told: Mapping[str, str]
    cases: list[Case]
    has_groups: bool


def brokers() -> Iterator[Broker]:
    for name in sorted(module.name for module in pkgutil.iter_modules(told_otherwise.__path__)):
        module = import_module(f"{told_otherwise.__name__}.{name}")
        book = f"told_otherwise/{name}"
        cases = list(collect.cases_of(module, book, LATEST))
        yield Broker(book, module.TOLD, cases, getattr(module, "HAS_GROUPS", False))


def await_broker(address: tuple[str, int]) -> None:
    """Until it takes topics."""
    talk = Talk(address, "prepare", "Metadata", 4)
    talk.until_quietly(lambda a: len(a.brokers) == 1, "Metadata", at=4, topics=[])
    talk.finish()


@click.command()
@click.option("--peers", default="", help="Directory with Kafka's jars in kafka/libs (or KAFKA_PEERS).")
@click.option("--only", default="", help="Only books that match this regular expression.")
def main(peers: str, only: str) -> None:
    """Asks an Apache Kafka for each of them and writes the golden files anew."""
    for broker in [each for each in brokers() if re.search(only, each.book)]:
        with apache_kafka(peers, told=broker.told) as where:
            host, _, port = where.rpartition(":")
            address = host, int(port)
            await_broker(address)
            if broker.has_groups:
                collect.prepare(address)
            began = time.monotonic()
            played = {case.key: collect.run(case, address) for case in broker.cases}
        golden.save(broker.book, played)
        click.echo(f"{broker.book:40} {len(played):5} cases  {time.monotonic() - began:5.1f} s")


if __name__ == "__main__":
    main()
