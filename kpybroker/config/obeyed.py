"""The names of the settings that kpybroker obeys so far; all others are kept and described, and change nothing."""

OBEYED: dict[str, tuple[str, ...]] = {
    "broker": (
        "advertised.listeners",
        "broker.id",
        "controller.listener.names",
        "inter.broker.listener.name",
        "listener.security.protocol.map",
        "listeners",
        "node.id",
    ),
    "topic": (),
    "group": (),
    "client_metrics": (),
}
