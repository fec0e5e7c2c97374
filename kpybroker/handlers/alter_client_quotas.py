"""AlterClientQuotas (49): sets and removes limits of users, clients and addresses.

Versions: 0-1. Behaves: each entity has its own answer; what is wrong with one leaves the others alone.
Differs from Kafka: limits are kept and described, and slow nobody down; of host names only localhost is an address.
"""

from __future__ import annotations

from kpybroker.machine import Call, Later
from kpybroker.metadata import quota_changes
from kpybroker.state import State


def alter_client_quotas(state: State, call: Call) -> Later:
    return state.ask_controller(call, quota_changes.alter_client_quotas)
