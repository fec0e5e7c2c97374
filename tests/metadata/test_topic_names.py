"""Topic names: what Kafka takes and what it refuses (org.apache.kafka.common.internals.Topic)."""

from __future__ import annotations

import pytest

from kpybroker.metadata.topic_names import colliding, refuse_name


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "0", "...", ".a", "_", "-", "x" * 249, "__consumer_offsets"])
def test_names_that_are_taken(name: str) -> None:
    """Up to 249 letters, digits, dots, underscores and dashes, in any order."""
    assert refuse_name(name) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x" * 250, "a b", "a/b", "a\\b", "a,b", "a:b", "a\n", "\0", "é", "\uff41", "a\u0301", "٣"]
)
def test_names_that_are_refused(name: str) -> None:
    """Nothing that could lead out of a directory or would not be a file name everywhere; one line says why."""
    reason = refuse_name(name)
    assert reason is not None
    assert "\n" not in reason


def test_dot_and_underscore_are_one() -> None:
    """In the names of metrics both are an underscore, so two topics that differ in nothing else collide."""
    names = ["a.b", "c_d", "plain"]
    assert colliding("a_b", names) == "a.b"
    assert colliding("c.d", names) == "c_d"
    assert [colliding(name, names) for name in ("a-b", "plain", "ab", "c_e")] == [None] * 4
