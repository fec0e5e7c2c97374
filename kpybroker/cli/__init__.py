"""The command: `kpybroker start` and what is added later."""

from __future__ import annotations

from kpybroker.cli.main import main

__all__ = ["main"]
