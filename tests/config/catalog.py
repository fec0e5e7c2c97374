"""All settings of a kind of resource, each with what kpybroker knows of it, and whether it obeys it."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from kpybroker.config.obeyed import OBEYED
from kpybroker.config.values import Row, Rule


class Setting(NamedTuple):
    """What Kafka 4.3.1 knows of a setting; `effect` says that kpybroker obeys it."""

    name: str
    type: str
    default: str | None
    update_mode: str  # read-only, per-broker, cluster-wide
    rule: Rule | None
    internal: bool  # obeyed by Kafka, neither documented nor described
    effect: bool

    @property
    def sensitive(self) -> bool:
        return self.type == "password"


def catalog(kind: str) -> dict[str, Setting]:
    """The settings of `broker`, `topic`, `group` or `client_metrics`, by name."""
    table = import_module(f"kpybroker.config.tables.{kind}")
    rows: dict[str, Row] = table.SETTINGS
    internal = getattr(table, "INTERNAL", ())
    return {name: Setting(name, *row, name in internal, name in OBEYED[kind]) for name, row in rows.items()}
