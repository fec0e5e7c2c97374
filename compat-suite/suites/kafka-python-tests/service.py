"""The module that kafka-python's source package leaves out: of it, only what a broker that runs already needs."""


class ExternalService:
    """A broker that somebody else has started and will stop."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass


class SpawnedService:
    """A broker that the tests would start themselves; here they never do."""
