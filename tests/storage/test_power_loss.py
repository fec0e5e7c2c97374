"""Losses of power, one at a time: what each kind of work leaves on the disk is enough for the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from kpybroker.storage.faulty import AFTER, BEFORE, WITHIN, Crash, FaultyFiles, Plan
from tests.campaign.asking import delete_topic, move, topics_of
from tests.core import START, Bench, CoreClient
from tests.requests import create_topic, fetch, fetched, produce, produced
from tests.test_restarts import EARLIEST, LATEST, delete_records, listed, send

SEEDS = range(12)
MOST_OPERATIONS = 200


def bench_on(files: FaultyFiles, *, sync: bool) -> Bench:
    return Bench(files=files, sync=sync)


def crashes(work: Callable[[FaultyFiles], object], prepare: Callable[[FaultyFiles], object]) -> Iterator[FaultyFiles]:
    """The same work, cut short at each of its operations in turn; what it leaves, after a loss of power."""
    for operation in range(1, MOST_OPERATIONS):
        for how in (BEFORE, WITHIN, AFTER):
            files = FaultyFiles()
            prepare(files)
            files.plan.crash_at(operation, how)
            try:
                work(files)
            except Crash:
                files.disk.lose_power(Random(operation))
                yield FaultyFiles(files.disk)
                continue
            return


def with_topic(files: FaultyFiles, *, sync: bool, configs: dict[str, str] | None = None) -> tuple[Bench, CoreClient]:
    bench = bench_on(files, sync=sync)
    client = bench.connect()
    client.ask(create_topic("t", configs=configs), 7)
    return bench, client


@pytest.mark.parametrize("sync", [False, True])
def test_a_first_start_may_be_cut_short_anywhere(sync: bool) -> None:
    """The next start takes what is there for its own, and never for the directory of somebody else."""
    count = 0
    for files in crashes(lambda files: bench_on(files, sync=sync), lambda files: None):
        _, client = with_topic(files, sync=sync)
        assert produced(client.ask(produce("t", b"x"), 9)) == (0, 0)
        count += 1
    assert count > 20


@pytest.mark.parametrize("sync", [False, True])
def test_a_first_write_may_be_cut_short_anywhere(sync: bool) -> None:
    """Whose records they are is known before there are any: a later topic of the name does not inherit them."""

    def write(files: FaultyFiles) -> None:
        (client,) = clients
        client.ask(produce("t", b"old"), 9)

    def prepare(files: FaultyFiles) -> None:
        clients[:] = [with_topic(files, sync=sync)[1]]

    clients: list[CoreClient] = []
    for files in crashes(write, prepare):
        client = bench_on(files, sync=sync).connect()
        if "t" in topics_of(client):
            client.ask(produce("t", b"old"), 9)
            client.ask(delete_topic("t"), 5)
        client.ask(create_topic("t"), 7)
        assert produced(client.ask(produce("t", b"new"), 9)) == (0, 0)
        assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"new"]}


@pytest.mark.parametrize("configs", [{}, {"flush.messages": "1"}, {"segment.index.bytes": "36"}])
def test_after_a_clean_stop_the_power_may_go(configs: dict[str, str]) -> None:
    """Logs, indexes and their ends are on the disk before the mark that says so."""
    for seed in SEEDS:
        files = FaultyFiles()
        bench, client = with_topic(files, sync=False, configs={"index.interval.bytes": "0", **configs})
        for number in range(8):
            assert produced(client.ask(produce("t", b"%d" % number), 9)) == (0, number)
        bench.state.close(START)
        files.disk.lose_power(Random(seed))
        bench = bench_on(FaultyFiles(files.disk), sync=False)
        client = bench.connect()
        assert listed(client, "t", LATEST)[:2] == (0, 8)
        assert listed(client, "t", START - 1)[:2] == (0, 0)
        assert fetched(client.ask(fetch(("t", 0, 5)), 12)) == {("t", 0): [b"5", b"6", b"7"]}


def test_after_a_clean_stop_the_power_may_go_and_producers_are_still_known() -> None:
    """What is known of them is on the disk too, though no record is younger than the last flush: nothing is written
    twice."""
    for seed in SEEDS:
        files = FaultyFiles()
        bench, client = with_topic(files, sync=False, configs={"flush.messages": "1"})
        assert send(client, "t", 1000, 0, 0) == (0, 0)
        bench.state.close(START)
        files.disk.lose_power(Random(seed))
        client = bench_on(FaultyFiles(files.disk), sync=False).connect()
        assert send(client, "t", 1000, 0, 0) == (0, 0)
        assert listed(client, "t", LATEST)[:2] == (0, 1)


def test_a_moved_partition_stays_where_it_is_if_all_is_synced() -> None:
    """The one that it was made of does not come back beside it, without what was written since."""
    for seed in SEEDS:
        plan = Plan("first")
        disks = [FaultyFiles(plan=plan), FaultyFiles(plan=Plan("second", beside=plan))]
        bench = Bench(files=disks, sync=True)
        client = bench.connect()
        client.ask(create_topic("t", 1), 7)
        assert produced(client.ask(produce("t", b"before"), 9)) == (0, 0)
        (home,) = [files for files in disks if files.exists("t-0")]
        (other,) = [files for files in disks if files is not home]
        client.ask(move(("t", 0), other.root), 2)
        bench.advance(1)
        assert other.exists("t-0")
        assert produced(client.ask(produce("t", b"after"), 9)) == (0, 1)
        for files in disks:
            files.disk.lose_power(Random(seed))
        again = [FaultyFiles(files.disk, Plan(files.root)) for files in disks]
        client = Bench(files=again, sync=True).connect()
        assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"before", b"after"]}


def test_deleted_records_stay_deleted_if_all_is_synced() -> None:
    """Where the log begins was synced before the answer, be it told by a checkpoint or by a segment's name."""
    for seed in SEEDS:
        for offset in range(7):
            files = FaultyFiles()
            configs = {"index.interval.bytes": "0", "segment.index.bytes": "36"}
            _, client = with_topic(files, sync=True, configs=configs)
            for _ in range(6):
                client.ask(produce("t", b"x"), 9)
            assert delete_records(client, "t", offset) == (0, offset)
            files.disk.lose_power(Random(seed))
            client = bench_on(FaultyFiles(files.disk), sync=True).connect()
            listed(client, "t", LATEST)
            assert [listed(client, "t", each)[:2] for each in (EARLIEST, LATEST)] == [(0, offset), (0, 6)]


def test_a_topic_is_deleted_whole_or_not_at_all() -> None:
    """Its files go when nothing can undo the deletion any more."""
    clients: list[CoreClient] = []

    def prepare(files: FaultyFiles) -> None:
        clients[:] = [with_topic(files, sync=True)[1]]
        assert produced(clients[0].ask(produce("t", b"kept"), 9)) == (0, 0)

    seen = set()
    for files in crashes(lambda files: clients[0].ask(delete_topic("t"), 5), prepare):
        client = bench_on(files, sync=True).connect()
        is_there = "t" in topics_of(client)
        seen.add(is_there)
        if is_there:
            listed(client, "t", LATEST)
            assert fetched(client.ask(fetch(("t", 0, 0)), 12)) == {("t", 0): [b"kept"]}
    assert seen == {True, False}


def test_leader_epochs_never_come_again() -> None:
    """A start is in the log of the cluster, for good, before anything is written in its epochs."""
    for seed in SEEDS:
        files = FaultyFiles()
        bench, client = with_topic(files, sync=False)
        client.ask(produce("t", b"0"), 9)
        bench.state.close(START)
        epochs = []
        for number in range(1, 5):
            bench = bench_on(FaultyFiles(files.disk), sync=False)
            client = bench.connect()
            ((partition,),) = [topics_of(client)["t"].leader_epochs]
            epochs.append(partition)
            client.ask(produce("t", b"%d" % number), 9)
            files.disk.lose_power(Random(seed + number))
        assert epochs == sorted(set(epochs))
