"""server.properties files, against java.util.Properties, which read the same ones."""

from __future__ import annotations

from typing import Any

import pytest

from kpybroker.config import SettingError
from kpybroker.config.properties import read_overrides, read_properties
from tests.config.golden import golden


@pytest.mark.parametrize("case", golden("properties"), ids=lambda case: repr(case["file"]))
def test_reads_what_java_reads(case: dict[str, Any]) -> None:
    """Separators, comments, continued lines and escapes mean what they mean to java.util.Properties."""
    assert read_properties(case["file"].encode()) == case["read"]


def test_encodings() -> None:
    """UTF-8 is read as such, with a mark at its beginning or without; what is not UTF-8 is ISO-8859-1."""
    assert read_properties("a=é".encode()) == {"a": "é"}
    assert read_properties("a=é".encode("utf-8-sig")) == {"a": "é"}
    assert read_properties("a=é".encode("iso-8859-1")) == {"a": "é"}


@pytest.mark.parametrize("text", [r"a=\u00g1", r"a=\u12", r"a=\u"])
def test_broken_escape(text: str) -> None:
    """Java gives up on a \\u without four digits; so do we, in one line."""
    with pytest.raises(SettingError, match="four hexadecimal digits"):
        read_properties(text.encode())


def test_order_and_repetition() -> None:
    """Names keep the file's order; the last of a name that comes twice stands."""
    assert list(read_properties(b"b=1\na=2\nb=3\n").items()) == [("b", "3"), ("a", "2")]


def test_overrides() -> None:
    """name=value, split at the first equals sign; the last of a name stands; an empty value is one."""
    assert read_overrides(["a=1", "b=x=y", "a=2", "c="]) == {"a": "2", "b": "x=y", "c": ""}


@pytest.mark.parametrize("pair", ["a", "=1", ""])
def test_wrong_override(pair: str) -> None:
    """An override without a name or an equals sign is refused in one line."""
    with pytest.raises(SettingError, match="write it name=value"):
        read_overrides([pair])
