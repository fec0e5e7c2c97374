"""What a socket has not taken yet of an answer: bytes, and stretches of files that are sent without being read."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Sequence

from kpybroker.storage.files import Slice
from kpybroker.wire.declare import Extent

MORE = getattr(socket, "MSG_MORE", 0)  # Linux alone has it
READ_WHOLE = 64 * 1024  # answers up to here go out with one send; above, stretches of files go by sendfile


class Unsent:
    """The rest of one answer, in order. A Slice pins its file until it is out."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: deque[memoryview | Slice] = deque()

    def __len__(self) -> int:
        return len(self._parts)

    def clear(self) -> None:
        self._parts.clear()

    def queue(self, parts: Sequence[Extent]) -> None:
        """Neighbouring bytes become one part; a small answer becomes one altogether."""
        small = sum(map(len, parts)) <= READ_WHOLE
        run: list[bytes | bytearray | memoryview] = []
        for part in parts:
            if isinstance(part, Slice) and not small and part.fileno() >= 0:
                self._parts.append(memoryview(b"".join(run)))
                self._parts.append(part)
                run = []
            elif isinstance(part, Slice):
                run.append(part.read())
            else:
                assert isinstance(part, bytes | bytearray | memoryview)
                run.append(part)
        if run:
            self._parts.append(memoryview(b"".join(run)))

    def send(self, sock: socket.socket) -> None:
        """Sends until all is out or the socket takes no more; OSError if the connection is broken."""
        parts = self._parts
        try:
            while parts:
                first = parts[0]
                if isinstance(first, Slice):
                    sent = os.sendfile(sock.fileno(), first.fileno(), first.position, first.count)
                    if sent == 0:
                        raise OSError("a file ends before what was to be sent of it")
                    rest: memoryview | Slice = first.skip(sent)
                else:
                    # MSG_MORE: a header goes out in one packet with what follows it.
                    sent = sock.send(first, MORE if len(parts) > 1 else 0)
                    rest = first[sent:]
                parts.popleft()
                if len(rest):
                    parts.appendleft(rest)
        except (BlockingIOError, InterruptedError):
            return
