"""CreatePartitions (37): adds partitions to topics, or only says whether it could.

Versions: 0-3. Behaves: decided by the controller; a name given twice is refused, the others grow.
Differs from Kafka: a topic that would be the 10,001st record of its request's does not grow at all.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import growth
from kpybroker.state import State


def create_partitions(state: State, call: Call) -> Later:
    return state.ask_controller(call, growth.create_partitions)
