"""SCRAM credentials as requests name them: one to be stored, and one to be deleted."""

from __future__ import annotations

from typing import Any

SHA_256, SHA_512 = 1, 2


def upsertion(name: str, mechanism: int = SHA_256, iterations: int = 4096, **more: Any) -> dict[str, Any]:
    made = {"name": name, "mechanism": mechanism, "iterations": iterations, "salt": b"salt"}
    return made | {"salted_password": b"salted password"} | more


def deletion(name: str, mechanism: int = SHA_256) -> dict[str, Any]:
    return {"name": name, "mechanism": mechanism}
