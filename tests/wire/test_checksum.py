"""CRC-32C: against the vectors of RFC 3720, and crc32c and crcmod against each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import crcmod
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kpybroker
from kpybroker.wire import checksum

READ_COMMAND = bytes.fromhex(
    "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000"
)
VECTORS = [  # RFC 3720, B.4; the bytes of a CRC are shown there in the order of transmission
    (bytes(32), "aa36918a"),
    (b"\xff" * 32, "43aba862"),
    (bytes(range(32)), "4e79dd46"),
    (bytes(range(31, -1, -1)), "5cdb3f11"),
    (READ_COMMAND, "563a96d9"),
]


def implementations() -> list[checksum.Checksum]:
    native = checksum.native()
    package = checksum._package()
    assert native is not None
    assert package is not None
    return [checksum.crc32c, native, package, checksum.portable()]


@pytest.mark.parametrize("data, transmitted", VECTORS)
def test_vectors_of_rfc_3720(data: bytes, transmitted: str) -> None:
    """Every implementation gives the checksums that the iSCSI standard prints."""
    expected = int.from_bytes(bytes.fromhex(transmitted), "little")
    assert [crc(data, 0) for crc in implementations()] == [expected] * 4


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_any_buffer(kind: type) -> None:
    """Bytes, bytearrays and views, read-only or not, whole or cut out, have the checksum of their bytes."""
    for crc in implementations():
        assert crc(kind(b"123456789"), 0) == 0xE3069283  # the check value of the CRC catalogues
        assert crc(memoryview(kind(b"x123456789x"))[1:-1], 0) == 0xE3069283


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_native_and_portable_agree(data: bytes, value: int) -> None:
    """crc32c and crcmod are each other's oracle, from any checksum on."""
    assert checksum.crc32c(data, value) == checksum.portable()(data, value)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_parts(data: bytes, cut: int) -> None:
    """The checksum of the second part, going on from that of the first, is the whole's."""
    assert checksum.crc32c(data[cut:], checksum.crc32c(data[:cut])) == checksum.crc32c(data)


def test_large_data() -> None:
    """Data beyond 32 KiB, where the package would give up the interpreter's lock, has the right checksum too."""
    data = bytes(range(256)) * 1024
    assert checksum.crc32c(data) == checksum.portable()(data, 0)


def test_its_package_is_not_imported() -> None:
    """Only the C extension is loaded: the package would bring importlib.metadata and argparse."""
    code = (
        "import sys; from kpybroker.wire.checksum import crc32c; assert crc32c(b'123456789') == 0xE3069283; "
        "print([m for m in ('crc32c', 'crcmod', 'argparse') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_crcmod_where_crc32c_is_missing(tmp_path: Path) -> None:
    """Where only the extra [portable] is installed, crcmod takes over."""
    for package in (crcmod, kpybroker):
        assert package.__file__ is not None
        (tmp_path / package.__name__).symlink_to(Path(package.__file__).parent)
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r}); from kpybroker.wire import checksum; "
        "print(checksum.native(), hex(checksum.crc32c(b'123456789')), 'crcmod' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-ISc", code], capture_output=True, text=True, check=True)
    assert done.stdout == "None 0xe3069283 True\n"
