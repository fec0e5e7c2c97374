"""A real broker is killed in a loop while real clients write and commit."""

from __future__ import annotations

from pathlib import Path

from tests.campaign.killing import Loop

ROUNDS = 10


def test_real_clients_lose_nothing_to_a_broker_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL at any moment, ten times: every acknowledged record is there in its producer's order, from idempotent
    producers once, committed offsets have not gone back, and what was read at an offset is still there."""
    with Loop(tmp_path, seed=1) as loop:
        for _ in range(ROUNDS):
            loop.round()
        counts = loop.judge()
    assert counts["kills"] == ROUNDS
    assert counts["commits answered"] > 0
    assert counts["records read by the group"] > 0
