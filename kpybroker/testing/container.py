"""kpybroker as a container, for testcontainers-python (extra [testcontainers])."""

from __future__ import annotations

from typing import Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

PORT = 9092
READY = r"\[KafkaRaftServer nodeId=\d+\] Kafka Server started"


class KpybrokerContainer(DockerContainer):  # type: ignore[misc]
    """A broker in a container; `get_bootstrap_server()` is where the host reaches it.

    image: one that was built from this project's Dockerfile. topics: NAME or NAME:PARTITIONS, made at start.
    """

    def __init__(self, image: str = "kpybroker:latest", *, topics: tuple[str, ...] = (), strict: bool = False) -> None:
        super().__init__(image)
        self.with_exposed_ports(PORT)
        self._arguments = [f"--topic {topic}" for topic in topics] + (["--strict"] if strict else [])
        self.waiting_for(LogMessageWaitStrategy(READY))

    def get_bootstrap_server(self) -> str:
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def start(self) -> Self:
        if self._arguments:
            self.with_command(" ".join(["start", "--host", "0.0.0.0", *self._arguments]))
        super().start()
        return self
