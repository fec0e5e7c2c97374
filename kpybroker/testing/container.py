"""kpybroker as a container, for testcontainers-python (extra [testcontainers])."""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy
from testcontainers.core.waiting_utils import WaitStrategy

PORT = 9092
READY = r"\[KafkaRaftServer nodeId=\d+\] Kafka Server started"
FOLDER, SCRIPT, GO = "/tmp", "kpybroker-start.sh", "kpybroker-go"
# The port on the host is known only once the container runs, and clients must be told it: so the container waits for
# its command line. GO is unpacked after SCRIPT, so what runs is whole.
ENTRYPOINT = ["sh", "-c", f"while [ ! -e {FOLDER}/{GO} ]; do sleep 0.02; done; . {FOLDER}/{SCRIPT}"]


class KpybrokerContainer(DockerContainer):
    """A broker in a container; `get_bootstrap_server()` is where the host reaches it.

    image: one that was built from this project's Dockerfile. topics: NAME or NAME:PARTITIONS, made at start.
    config: Kafka's settings. strict: Kafka's own timing in everything. All else is DockerContainer's.
    """

    def __init__(
        self,
        image: str = "kpybroker:latest",
        *,
        topics: Sequence[str] = (),
        config: Mapping[str, object] | None = None,
        strict: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(image, entrypoint=ENTRYPOINT, **kwargs)
        self.with_exposed_ports(PORT)
        self._ready: WaitStrategy = LogMessageWaitStrategy(READY)
        self._options = [f"--topic={topic}" for topic in topics] + (["--strict"] if strict else [])
        self._options += [f"--override={name}={value}" for name, value in (config or {}).items()]

    def get_bootstrap_server(self) -> str:
        """host:port, as a client on this host takes it."""
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def waiting_for(self, strategy: WaitStrategy) -> Self:
        """What is waited for at start instead of the ready line."""
        self._ready = strategy  # not the base's, which would wait before the broker has its command line
        return self

    def start(self) -> Self:
        """Returns once the broker answers."""
        super().start()
        address = f"--override=advertised.listeners=PLAINTEXT://{self.get_bootstrap_server()}"
        command = ["kpybroker", "start", "--host=0.0.0.0", f"--port={PORT}", address, *self._options]
        files = {SCRIPT: f"exec {shlex.join(command)}\n", GO: ""}
        self.get_wrapped_container().put_archive(FOLDER, _archive(files))
        self._ready.wait_until_ready(self)
        return self


def _archive(files: Mapping[str, str]) -> bytes:
    """The files as a tar archive, in their order."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
