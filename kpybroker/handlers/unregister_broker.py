"""UnregisterBroker (64): forgets a broker that will not come back.

Versions: 0. Behaves: decided by the controller; of one broker there is none that could be forgotten.
Differs from Kafka: the broker that is asked refuses to forget itself, where Kafka would go on without its partitions.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import registration
from kpybroker.state import State


def unregister_broker(state: State, call: Call) -> Later:
    return state.ask_controller(call, registration.unregister_broker)
