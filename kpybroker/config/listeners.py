"""Where a broker listens and what it tells clients to dial: `listeners` and its companions, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kpybroker.config.settings import Settings
from kpybroker.config.values import SettingError, refusal

PLAINTEXT = "PLAINTEXT"
PROTOCOLS = (PLAINTEXT, "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_ENDPOINT = re.compile(r"(.*)://\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)")
_LAST_PORT = 65535
_EVERYWHERE = "0.0.0.0"


class Listener(NamedTuple):
    """One address. An empty host is every address to listen on, and as advertised: whatever the client dialled."""

    name: str
    host: str
    port: int
    protocol: str


def address_text(host: str, port: int) -> str:
    """host:port as settings and clients write it: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Listeners(NamedTuple):
    """The addresses to open, those to tell clients, by listener name, and which of them brokers use among themselves.

    `advertised` is empty when nobody set it, unless strict: then it is what is opened, as in Kafka (a port 0 there is
    the one that was bound). Listeners of controllers are in neither: they are not opened.
    """

    opened: tuple[Listener, ...]
    advertised: Mapping[str, Listener]
    inter_broker: str


def listeners(settings: Settings) -> Listeners:
    """What the settings say of addresses; SettingError, in one line, if a broker cannot be reached by them."""
    controllers = settings.list("controller.listener.names")
    protocols = _protocols(settings, controllers)
    opened = _parsed("listeners", settings.list("listeners"), protocols)
    _distinct_ports(opened)
    ours = tuple(each for each in opened if each.name not in controllers)
    for each in ours:
        if each.protocol != PLAINTEXT:
            raise refusal("listeners", each.name, f"{each.protocol} is not served yet, only {PLAINTEXT}")
    _early(settings, (*(each.name for each in opened), *controllers))
    told = settings.value("advertised.listeners")
    advertised = ours if settings.strict else ()
    if isinstance(told, tuple):
        advertised = _parsed("advertised.listeners", told, protocols)
    named = {each.name: each for each in advertised if each.name not in controllers}
    _advertised(named.values(), [each.name for each in opened])
    if not ours or (told is not None and not named):
        where = "advertised.listeners" if ours else "listeners"
        raise SettingError(f"Invalid {where}: every listener is one of a controller, see controller.listener.names")
    return Listeners(ours, named, _inter_broker(settings, protocols, tuple(named) or tuple(each.name for each in ours)))


def _protocols(settings: Settings, controllers: Iterable[str]) -> dict[str, str]:
    """Listener names to security protocols; untold, each protocol has its own name and controllers are in plaintext."""
    setting = "listener.security.protocol.map"
    found: dict[str, str] = {}
    for pair in settings.text(setting).split(","):
        name, colon, protocol = (part.strip() for part in pair.rpartition(":"))
        if pair.strip():
            if not colon:
                raise refusal(setting, pair.strip(), "a listener is mapped as name:protocol")
            if protocol not in PROTOCOLS:
                raise refusal(setting, protocol, f"Security protocol must be one of: {', '.join(PROTOCOLS)}")
            found[name.upper()] = protocol
    if setting not in settings.static:
        secured = (*controllers, *(each.partition(":")[0].upper() for each in settings.list("listeners")))
        if not any(name in PROTOCOLS[1:] for name in secured):
            found.update((name, PLAINTEXT) for name in controllers)
    return found


def _parsed(setting: str, endpoints: tuple[str, ...], protocols: Mapping[str, str]) -> tuple[Listener, ...]:
    found: dict[str, Listener] = {}
    for endpoint in endpoints:
        match = _ENDPOINT.fullmatch(endpoint)
        if match is None:
            raise refusal(setting, endpoint, "Unable to parse to a broker endpoint: write it NAME://host:port")
        name, host, port = match[1].upper(), match[2], int(match[3])
        if not name.strip():
            raise refusal(setting, endpoint, "A listener has a name: write it NAME://host:port")
        if not 0 <= port <= _LAST_PORT:
            raise refusal(setting, endpoint, f"Port must be between 0 and {_LAST_PORT}")
        if name not in protocols:
            raise refusal(setting, endpoint, f"No security protocol defined for listener {name}")
        if name in found:
            raise refusal(setting, ",".join(endpoints), "Each listener must have a different name")
        found[name] = Listener(name, host, port, protocols[name])
    return tuple(found.values())


def _distinct_ports(opened: tuple[Listener, ...]) -> None:
    """Two listeners share a port only where one is an IPv4 address and the other an IPv6 one; 0 is any free port."""
    taken: dict[int, list[str]] = {}
    for each in opened:
        if each.port:
            taken.setdefault(each.port, []).append(each.host)
    for port, hosts in taken.items():
        if len(hosts) > 1 and sorted(map(_ip_version, hosts)) != [4, 6]:
            raise refusal(
                "listeners", port, "Each listener must have a different port, unless one host is IPv4 and one IPv6"
            )


def _early(settings: Settings, names: tuple[str, ...]) -> None:
    early = settings.value("early.start.listeners")
    for name in early if isinstance(early, tuple) else ():
        if name not in names:
            raise refusal("early.start.listeners", name, f"Listener must be one of: {', '.join(names)}")


def _ip_version(host: str) -> int:
    """4 or 6; 0 for a name and for none."""
    # Not at the top: 1 ms of a start, for the few who have two listeners on a port.
    from ipaddress import ip_address  # noqa: PLC0415

    try:
        return ip_address(host.partition("%")[0]).version
    except ValueError:
        return 0


def _advertised(advertised: Iterable[Listener], opened: list[str]) -> None:
    for each in advertised:
        if each.name not in opened:
            raise refusal("advertised.listeners", each.name, f"Listener must be one of: {', '.join(opened)}")
        if each.host == _EVERYWHERE:
            raise refusal("advertised.listeners", each.host, "Use an address that clients can reach")


def _inter_broker(settings: Settings, protocols: Mapping[str, str], names: tuple[str, ...]) -> str:
    by_name, by_protocol = "inter.broker.listener.name", "security.inter.broker.protocol"
    told = settings.value(by_name)
    if isinstance(told, str) and by_protocol in settings.static:
        raise SettingError(f"Only one of {by_name} and {by_protocol} can be set")
    name = told.upper() if isinstance(told, str) else settings.text(by_protocol)
    if isinstance(told, str) and name not in protocols:
        raise refusal(by_name, told, "Listener is not in listener.security.protocol.map")
    if name not in names:
        raise refusal(by_name, name, f"Listener must be one of: {', '.join(names)}")
    return name
