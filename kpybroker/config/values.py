"""How one setting's text becomes a value: Kafka's types, their ranges, and the one line said when they are not met."""

from __future__ import annotations

import re
from functools import cache
from math import inf, isinf, isnan
from typing import Any, TypeAlias

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | None
Rule: TypeAlias = tuple[Any, ...]  # its name, then its arguments: see `check`
Row: TypeAlias = tuple[str, str | None, str, Rule | None]  # type, default, when it may change, valid values

CONFIG_TYPES = {  # Kafka's numbers for them in DescribeConfigs; 0 is unknown
    "boolean": 1,
    "string": 2,
    "int": 3,
    "short": 4,
    "long": 5,
    "double": 6,
    "list": 7,
    "class": 8,
    "password": 9,
}
_BITS = {"int": 31, "short": 15, "long": 63}
_LEAST_PLAIN, _MOST_PLAIN = 1e-3, 1e7
_MOST_DIGITS = 4000  # leading zeros and all; Python itself converts no more than 4,300


class SettingError(ValueError):
    """A setting that cannot be used; its text is one line for a person or for an INVALID_CONFIG answer."""


def parse(name: str, row: Row, text: str) -> Value:
    """The value of a text, valid; SettingError otherwise. Blanks around it never matter."""
    value = _typed(name, row[0], text)
    rule = row[3]
    if rule is not None:
        if rule[0] == "list" and isinstance(value, tuple):
            value = tuple(dict.fromkeys(value))  # said twice counts once (KIP-1161)
        check(name, value, rule)
    return value


@cache
def default(name: str, row: Row) -> Value:
    """The value of Kafka's default; None where it has none."""
    return None if row[1] is None else _typed(name, row[0], row[1])


def render(value: Value) -> str | None:
    """A value as Kafka writes it into an answer."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    return ",".join(value) if isinstance(value, tuple) else str(value)


def refusal(name: str, value: object, reason: str) -> SettingError:
    """The form of Kafka's own complaint about a value."""
    shown = f"[{', '.join(value)}]" if isinstance(value, tuple) else value
    return SettingError(f"Invalid value {shown} for configuration {name}: {reason}")


def _typed(name: str, kind: str, text: str) -> Value:
    trimmed = text.strip(_BLANK)
    if kind == "boolean":
        if trimmed.lower() in ("true", "false"):
            return trimmed.lower() == "true"
        raise refusal(name, text, "Expected value to be either true or false")
    if kind in _BITS:
        return _whole_number(name, kind, text, trimmed)
    if kind == "double":
        return _double(name, text, trimmed)
    if kind == "list":
        return tuple(part.strip(_SPACES) for part in trimmed.split(",")) if trimmed else ()
    if kind == "class" and not all(part.isidentifier() for part in trimmed.replace("$", "_").split(".")):
        raise refusal(name, text, f"Class {text} could not be found.")
    return trimmed


_BLANK = "".join(map(chr, range(33)))  # what Java's trim takes off
_SPACES = " \t\n\v\f\r"  # and what \s of its patterns matches


def _whole_number(name: str, kind: str, text: str, trimmed: str) -> int:
    number = java_number(trimmed, _BITS[kind])
    if number is None:
        raise refusal(name, text, f"Not a number of type {kind.upper()}")
    return number


def java_number(text: str, bits: int) -> int | None:
    """What Java's parsers read: a sign or none, digits, and no more than so many bits beside the sign."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS:
        return None
    number = int(text)
    return number if -(1 << bits) <= number < 1 << bits else None


_HEXADECIMAL = re.compile(r"0[xX]([0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


def _double(name: str, text: str, trimmed: str) -> float:
    unsigned = trimmed[1:] if trimmed[:1] in ("+", "-") else trimmed
    if unsigned in ("NaN", "Infinity"):
        return float(trimmed)
    number = unsigned[:-1] if unsigned[-1:] in tuple("fFdD") else unsigned
    if number[:1] in tuple(".0123456789") and not set(number) - set("0123456789.eE+-"):
        try:
            return float(trimmed[: len(trimmed) - len(unsigned)] + number)
        except ValueError:
            pass
    if _HEXADECIMAL.fullmatch(number) is not None:
        try:
            return float.fromhex(trimmed[: len(trimmed) - len(unsigned)] + number)
        except OverflowError:
            return -inf if trimmed[0] == "-" else inf
    raise refusal(name, text, "Not a number of type DOUBLE")


def _java_double(value: float) -> str:
    """A number as Java writes it: in digits from a thousandth to ten million, in scientific notation beyond."""
    if isnan(value) or isinf(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _LEAST_PLAIN <= abs(value) < _MOST_PLAIN:
        return repr(value)
    shortest = repr(value).partition("e")[0]  # of 5e-05, 1.5e+16, 12345678.9, 0.00012
    digits = shortest.lstrip("-").replace(".", "").strip("0")
    sign = "-" if value < 0 else ""
    power = int(f"{value:.16e}".partition("e")[2])
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"


def check(name: str, value: Value, rule: Rule) -> None:
    """Hold a value against its rule; SettingError says how it fails."""
    kind, *arguments = rule
    _RULES[kind](name, value, arguments)


def _range(name: str, value: Any, arguments: list[Any]) -> None:
    least, most = arguments
    if least is not None and value < least:
        raise refusal(name, render(value), f"Value must be at least {least}")
    if most is not None and value > most:
        raise refusal(name, render(value), f"Value must be no more than {most}")


def _gzip_level(name: str, value: Any, arguments: list[Any]) -> None:
    least, most, standard = arguments
    if value != standard and not least <= value <= most:
        raise refusal(name, value, f"Value must be between {least} and {most} or equal to {standard}")


def _one_of(name: str, value: Any, arguments: list[str]) -> None:
    if value not in arguments:
        raise refusal(name, value, f"String must be one of: {', '.join(arguments)}")


def _any_case(name: str, value: Any, arguments: list[str]) -> None:
    if value.upper() not in arguments:
        raise refusal(name, value, f"String must be one of (case insensitive): {', '.join(arguments)}")


def _filled(name: str, value: Any, arguments: list[Any]) -> None:
    if not value:
        raise refusal(name, value, "String must be non-empty")


def _list(name: str, value: Any, arguments: list[Any]) -> None:
    may_be_empty, *words = arguments
    if not value and not may_be_empty:
        valid = f"[{', '.join(words)}]" if words else "any non-empty value"
        raise SettingError(f"Configuration '{name}' must not be empty. Valid values include: {valid}")
    for word in value:
        if not word:
            raise SettingError(f"Configuration '{name}' values must not be empty.")
        if words:
            _one_of(name, word, words)


def _throttled_replicas(name: str, value: Any, arguments: list[Any]) -> None:
    pairs = all(_is_pair(part) for part in value if part)
    if not pairs and "".join(value) != "*":
        raise refusal(name, value, "neither '*' nor a list of partition:broker,partition:broker,...")


def _is_pair(text: str) -> bool:
    partition, colon, broker = text.partition(":")
    return bool(colon) and all(part.isascii() and part.isdecimal() for part in (partition, broker))


def _voters(name: str, value: Any, arguments: list[Any]) -> None:
    for voter in value:
        node, at, address = voter.partition("@")
        if not at or not _is_address(address):
            raise refusal(name, voter, "a voter is written id@host:port")
        _whole_number(name, "int", node, node)


def _addresses(name: str, value: Any, arguments: list[Any]) -> None:
    for address in value:
        if not _is_address(address):
            raise refusal(name, address, "an address is written host:port")


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and "@" not in host and port.isascii() and port.isdecimal()


def host_counts(name: str, text: str) -> dict[str, int]:
    """What `host:count,host:count,...` says; SettingError where it is not that."""
    found = {}
    for pair in filter(None, re.split(r"\s*,\s*", text)):
        host, colon, count = (part.strip() for part in pair.rpartition(":"))
        if not colon or not _HOST.fullmatch(host):
            raise refusal(name, pair, "Addresses are given as host:count, separated by commas")
        found[host] = _whole_number(name, "int", count, count)
    return found


_HOST = re.compile(r"[0-9a-zA-Z\-%._:]*")


def _offset_reset(name: str, value: Any, arguments: list[Any]) -> None:
    if value in ("earliest", "latest"):
        return
    strategy, _, duration = value.partition(":")
    if strategy != "by_duration" or not _is_duration(duration):
        raise refusal(name, value, "neither earliest, latest nor by_duration:PnDTnHnMn.nS")


def _is_duration(text: str) -> bool:
    """An ISO 8601 duration of days, hours, minutes and seconds, not negative."""
    days, t, time = text.upper().removeprefix("P").partition("T")
    if not text.upper().startswith("P") or not (days or time) or (t and not time):
        return False
    return _counted(days, "D") and _counted(time, "HMS")


def _counted(text: str, units: str) -> bool:
    for unit in units:
        number, found, rest = text.partition(unit)
        if found:
            whole, _, fraction = number.removeprefix("+").partition(".")
            digits = whole.isdecimal() and (not fraction or (unit == "S" and fraction.isdecimal()))
            if not digits:
                return False
            text = rest
    return not text


_RULES = {
    "range": _range,
    "gzip level": _gzip_level,
    "one of": _one_of,
    "any case": _any_case,
    "filled": _filled,
    "list": _list,
    "throttled replicas": _throttled_replicas,
    "voters": _voters,
    "addresses": _addresses,
    "offset reset": _offset_reset,
}
