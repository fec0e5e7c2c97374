"""Reads a server.properties file, in the syntax that Java gives it, and `name=value` from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kpybroker.config.values import SettingError

_BLANK = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def read_properties(data: bytes) -> dict[str, str]:
    """The names and values of a file, in its order; the last of a name that comes twice stands.

    UTF-8 where the bytes are that, ISO-8859-1 (what Java takes them for) where they are not.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("iso-8859-1")
    found: dict[str, str] = {}
    for line in _logical_lines(text):
        name, value = _split(line)
        found[_unescaped(name)] = _unescaped(value)
    return found


def read_overrides(pairs: Iterable[str]) -> dict[str, str]:
    """The settings of `--override name=value`; the last of a name that comes twice stands."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise SettingError(f"Invalid override {pair}: write it name=value")
        found[name.strip()] = value.strip()
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Lines as meant: comments and blank ones left out, one that ends in a lone backslash joined with the next."""
    joined = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        stripped = line.lstrip(_BLANK)
        if not joined and (not stripped or stripped[0] in "#!"):
            continue
        joined += stripped
        backslashes = len(joined) - len(joined.rstrip("\\"))
        if backslashes % 2 == 1:
            joined = joined[:-1]
            continue
        if joined:
            yield joined
        joined = ""
    if joined:
        yield joined


def _split(line: str) -> tuple[str, str]:
    """The name ends at the first unescaped `=`, `:` or blank; blanks and one `=` or `:` part it from the value."""
    end = 0
    while end < len(line) and line[end] not in _BLANK + "=:":
        end += 2 if line[end] == "\\" else 1
    rest = line[end:].lstrip(_BLANK)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(_BLANK)
    return line[:end], rest


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    out: list[str] = []
    at = 0
    while at < len(text):
        escaped = text[at + 1 : at + 2]
        if text[at] != "\\":
            out.append(text[at])
            at += 1
        elif escaped == "u":
            out.append(_unicode(text[at + 2 : at + 6]))
            at += 6
        else:
            out.append(_ESCAPES.get(escaped, escaped))
            at += 2
    return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two \u make one character


def _unicode(digits: str) -> str:
    if len(digits) < len("0041") or not _HEX_DIGITS.issuperset(digits):
        raise SettingError(f"Malformed \\u{digits} in the properties: it takes four hexadecimal digits")
    return chr(int(digits, 16))
