"""Listeners: what is opened, what clients are told, and what cannot be served. (Kafka's refusals: test_settings.py.)"""

from __future__ import annotations

import pytest

from kpybroker.config import SettingError, Settings
from kpybroker.config.listeners import Listener, listeners

INSIDE_OUTSIDE = {
    "listeners": "inside://:19092,OUTSIDE://0.0.0.0:9092,CONTROLLER://:9093",
    "advertised.listeners": "INSIDE://kafka:19092,OUTSIDE://localhost:9092",
    "listener.security.protocol.map": "inside:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "INSIDE",
}


def test_default() -> None:
    """127.0.0.1:9092 in plaintext; a client is told the address it dialled."""
    opened, advertised, inter_broker = listeners(Settings({}))
    assert opened == (Listener("PLAINTEXT", "127.0.0.1", 9092, "PLAINTEXT"),)
    assert advertised == {}
    assert inter_broker == "PLAINTEXT"


def test_strict_advertises_what_it_opens() -> None:
    """Kafka tells clients the listeners' own addresses, so 0.0.0.0 alone cannot be told (and by default need not)."""
    opened, advertised, _ = listeners(Settings({"listeners": "PLAINTEXT://127.0.0.1:0"}, strict=True))
    assert advertised == {"PLAINTEXT": opened[0]}
    everywhere = {"listeners": "PLAINTEXT://0.0.0.0:9092"}
    assert listeners(Settings(everywhere)).opened[0].host == "0.0.0.0"
    with pytest.raises(SettingError, match=r"advertised\.listeners"):
        listeners(Settings(everywhere, strict=True))


def test_inside_and_outside() -> None:
    """The setting of containers: two listeners with names of their own, told apart; the controller's is not opened."""
    opened, advertised, inter_broker = listeners(Settings(INSIDE_OUTSIDE))
    assert opened == (
        Listener("INSIDE", "", 19092, "PLAINTEXT"),
        Listener("OUTSIDE", "0.0.0.0", 9092, "PLAINTEXT"),
    )
    assert advertised == {
        "INSIDE": Listener("INSIDE", "kafka", 19092, "PLAINTEXT"),
        "OUTSIDE": Listener("OUTSIDE", "localhost", 9092, "PLAINTEXT"),
    }
    assert inter_broker == "INSIDE"


def test_ipv6() -> None:
    """An IPv6 host is written in brackets and read without them."""
    assert listeners(Settings({"listeners": "PLAINTEXT://[::1]:9092"})).opened[0].host == "::1"


@pytest.mark.parametrize("protocol", ["SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_only_plaintext_is_served(protocol: str) -> None:
    """A protocol that is not served yet is refused with its name; on a controller's listener it does not matter."""
    with pytest.raises(SettingError, match=f"{protocol} is not served yet"):
        listeners(Settings({"listeners": f"{protocol}://127.0.0.1:9092", "security.inter.broker.protocol": protocol}))
    secure_controller = {
        "listeners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
        "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:{protocol}",
    }
    assert len(listeners(Settings(secure_controller)).opened) == 1


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999999999999"])
def test_impossible_port(port: str) -> None:
    """A port that no machine has is refused before anything is opened."""
    with pytest.raises(SettingError, match="Port must be between 0 and 65535"):
        listeners(Settings({"listeners": f"PLAINTEXT://127.0.0.1:{port}"}))


def test_advertised_name_that_is_not_opened() -> None:
    """Clients cannot be told of a listener that does not exist."""
    told = {"advertised.listeners": "PLAINTEXT://h:1,SSL://h:2"}
    with pytest.raises(SettingError, match=r"Invalid value SSL for configuration advertised\.listeners"):
        listeners(Settings(told))
