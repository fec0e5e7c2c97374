"""For those who test: the pytest plugin, and the container for testcontainers. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpybroker.testing.container import KpybrokerContainer

__all__ = ["KpybrokerContainer"]


def __getattr__(name: str) -> Any:
    """testcontainers is an extra, and is imported only by who asks for the container."""
    if name in __all__:
        from kpybroker.testing.container import KpybrokerContainer  # noqa: PLC0415

        return KpybrokerContainer
    raise AttributeError(f"module 'kpybroker.testing' has no attribute {name!r}")
