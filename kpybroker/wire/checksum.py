"""CRC-32C, the checksum of record batches: by the processor where the crc32c package is, by crcmod where it is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.machinery import PathFinder
from typing import TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview
Checksum: TypeAlias = Callable[..., int]  # (data, value)


def crc32c(data: Bytes, value: int = 0) -> int:
    """The CRC-32C of `data`, going on from `value`, the checksum of the bytes before it."""
    return _implementation()(data, value)


@cache
def _implementation() -> Checksum:
    return native() or portable()


def native() -> Checksum | None:
    """The C function of the crc32c package, or None where that is not installed."""
    found = _extension() or _package()
    # Mode 0: keep the interpreter's lock. From 32 KiB on it would be given up, and with a busy Python thread beside us
    # that costs its switch interval, 5 ms, to save 2 us.
    return found and partial(found, gil_release_mode=0)


def _extension() -> Checksum | None:
    """Only the extension inside the package: the package itself imports 36 ms of importlib.metadata and argparse."""
    package = PathFinder.find_spec("crc32c")
    if package is None or package.submodule_search_locations is None:
        return None
    spec = PathFinder.find_spec("crc32c._crc32c", package.submodule_search_locations)
    if spec is None or spec.loader is None:
        return None
    module = spec.loader.create_module(spec)
    if module is None:
        return None
    spec.loader.exec_module(module)
    found: Checksum | None = getattr(module, "crc32c", None)
    return found


def _package() -> Checksum | None:
    """The plain import, for installations that keep the extension where a path does not lead (zip files, hooks)."""
    try:
        from crc32c import crc32c as found  # late: heavy, and optional  # noqa: PLC0415
    except ImportError:
        return None
    return found


def portable() -> Checksum:
    """crcmod's function (the extra `portable`); its C extension does 0.4 GB/s, its Python code 0.01."""
    from crcmod.predefined import mkPredefinedCrcFun  # late: optional  # noqa: PLC0415

    checksum: Checksum = mkPredefinedCrcFun("crc-32c")
    return checksum
