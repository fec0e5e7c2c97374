"""kpybroker: a Kafka broker in Python that every Kafka client uses unchanged, for tests, CI and client verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpybroker.server.face import Broker, BrokerBug

__all__ = ["Broker", "BrokerBug"]


def __getattr__(name: str) -> Any:
    """The face is lazy: `import kpybroker.wire` needs no event loop, and a plugin that is not used costs nothing."""
    if name in __all__:
        from kpybroker.server import face  # noqa: PLC0415

        return getattr(face, name)
    raise AttributeError(f"module 'kpybroker' has no attribute {name!r}")
