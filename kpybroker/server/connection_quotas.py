"""How many connections there may be: in all, of each listener, of each address, and which goes to make room."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

from kpybroker.config.listeners import listeners
from kpybroker.config.settings import Settings
from kpybroker.config.values import host_counts

log = logging.getLogger("kpybroker")
_V4_IN_V6 = "::ffff:"


def plain_address(host: str) -> str:
    """An IPv4 address as itself where a socket for both kinds gives it in IPv6's clothes."""
    return host.removeprefix(_V4_IN_V6) if "." in host else host


class ConnectionQuotas:
    """Counts connections by number. Settings are read when asked, for they may be altered while the broker runs.

    The listener that brokers use among themselves is protected where there are others: its connections count, and do
    not have to wait for those of others (kafka.network.ConnectionQuotas).
    """

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        self._settings = settings
        self._protected = listeners(settings).inter_broker if len(names) > 1 else None
        self._of_listener = dict.fromkeys(names, 0)
        self._of_host: dict[str, int] = {}
        self._known: dict[int, tuple[str, str]] = {}
        self._exceptions: tuple[str, dict[str, int]] = "", {}

    def has_room(self, listener: str) -> bool:
        """Whether one more may come by a listener; if not it waits, unanswered."""
        if self._of_listener[listener] >= self._most(listener):
            return False
        return listener == self._protected or len(self._known) < self._settings.int("max.connections")

    def is_welcome(self, host: str) -> bool:
        """Whether one more may come from an address; if not it is closed at once."""
        most = self._most_by_address().get(host, self._settings.int("max.connections.per.ip"))
        return self._of_host.get(host, 0) < most

    def add(self, number: int, listener: str, host: str) -> None:
        self._known[number] = listener, host
        self._of_listener[listener] += 1
        self._of_host[host] = self._of_host.get(host, 0) + 1

    def remove(self, number: int) -> None:
        listener, host = self._known.pop(number)
        self._of_listener[listener] -= 1
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]

    def too_many(self) -> list[int]:
        """Where there are more than there may be: those of which one has to go."""
        if len(self._known) <= self._settings.int("max.connections"):
            return []
        return [number for number, (listener, _) in self._known.items() if listener != self._protected]

    def _most(self, listener: str) -> int:
        """A listener's own limit, or the broker's."""
        own = f"listener.name.{listener.lower()}.max.connections"
        for layer in (self._settings.dynamic, self._settings.static):
            if own in layer:
                return int(layer[own])
        return self._settings.int("max.connections")

    def _most_by_address(self) -> dict[str, int]:
        name = "max.connections.per.ip.overrides"
        text = self._settings.text(name)
        if text != self._exceptions[0]:
            counts = {}
            for host, count in host_counts(name, text).items():
                try:
                    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                except OSError:
                    log.error("%s: there is no host %s", name, host)
                    continue
                counts[str(found[0][4][0])] = count
            self._exceptions = text, counts
        return self._exceptions[1]
