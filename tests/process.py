"""A broker in a process of its own, as a person starts it, and a client that speaks plain frames to it."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kpybroker.wire.declare import type_of
from tests.frames import read_answer, request_frame, sized
from tests.until import PATIENCE_S, until

READY_LINES = 3
Address = tuple[str, int]


class Running(ABC):
    """A broker's process, for as long as a block lasts."""

    process: subprocess.Popen[bytes]

    @abstractmethod
    def wait_until_ready(self) -> Self: ...

    def __enter__(self) -> Self:
        return self.wait_until_ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)


class BrokerProcess(Running):
    """`python -m kpybroker start --port 0 --port-file ...` with further arguments; the log is in a file."""

    def __init__(self, folder: Path, *arguments: str, port: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port_file = folder / "port"
        self.log_file = folder / "log"
        self.out_file = folder / "out"
        self.port_file.unlink(missing_ok=True)
        ports = ["--port", "0", "--port-file", str(self.port_file)] if port else []
        with open(self.log_file, "ab") as log, open(self.out_file, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kpybroker", "start", *ports, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env={**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))},
            )

    def wait_until_ready(self) -> Self:
        until(lambda: self.out.count("\n") >= READY_LINES or self.process.poll() is not None)
        assert self.process.poll() is None, self.log
        return self

    @property
    def address(self) -> Address:
        return "127.0.0.1", int(self.port_file.read_text())

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def out(self) -> str:
        return self.out_file.read_text()

    def memory_kib(self) -> int:
        """What is resident (VmRSS of /proc)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    def link(self, **options: Any) -> Link:
        return Link(self.address, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code as Python has it: 143 where the broker says so, -15 where the signal killed it."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


class Link:
    """One connection; requests may be sent before the answers to others are read."""

    def __init__(self, address: Address, *, receive_buffer: int | None = None, client_id: str | None = "test") -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer is not None:  # before it connects, or the window is agreed on already
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self._connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client_id = client_id
        self._asked: deque[tuple[int, int, int]] = deque()
        self._correlation_id = 0

    def _connect(self, address: Address) -> None:
        self.socket.connect(address)

    def send(self, request: Any, version: int) -> None:
        self._correlation_id += 1
        self._asked.append((type_of(type(request)).key, version, self._correlation_id))
        self.socket.sendall(sized(request_frame(request, version, self._correlation_id, self._client_id)))

    def answer(self) -> Any:
        """The answer to the oldest request that has none yet."""
        (size,) = struct.unpack(">i", self._take(4))
        return read_answer(self._take(size), *self._asked.popleft())

    def ask(self, request: Any, version: int) -> Any:
        self.send(request, version)
        return self.answer()

    def expect(self, key: int, version: int, correlation_id: int) -> None:
        """Some frame was sent by hand, and is to be answered."""
        self._asked.append((key, version, correlation_id))

    def is_closed(self) -> bool:
        """The other end closes within the time, and sends nothing before."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def is_quiet(self) -> bool:
        """Nothing to read, and not closed, at this moment."""
        self.socket.settimeout(0)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            self.socket.settimeout(PATIENCE_S)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.socket.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError(f"closed after {len(parts)} of {size} bytes")
            parts += part
        return bytes(parts)
