"""What has come of requests that are not served yet: pieces of frames, and frames that must wait for their turn."""

from __future__ import annotations

SCRATCH = 256 * 1024  # one read; a request that lies in it whole is served without a copy
FIRST_ROOM = 2 * 1024 * 1024  # a larger frame gets more room only as its bytes come
LARGEST_SPARE = 4 * 1024 * 1024
LENGTH_BYTES = 4  # what stands before each frame


class Buffers:
    """The memory that all connections of a server read into."""

    def __init__(self) -> None:
        self.scratch = memoryview(bytearray(SCRATCH))
        self._spare: bytearray | None = None

    def take(self, size: int) -> bytearray:
        """Room for a large frame: the spare one if it is large enough, for fresh memory costs more than its bytes."""
        if self._spare is not None and len(self._spare) >= size:
            taken, self._spare = self._spare, None
            return taken
        return bytearray(size)

    def give_back(self, buffer: bytearray) -> None:
        if len(buffer) <= LARGEST_SPARE and (self._spare is None or len(self._spare) < len(buffer)):
            self._spare = buffer


class Unread:
    """One connection's share. An idle connection holds no buffer: bytes are read into the server's scratch.

    What is not yet a whole frame, or must wait, is kept in `_rest`; a frame larger than the scratch is gathered in a
    buffer of its own.
    """

    __slots__ = ("_buffers", "_have", "_large", "_needed", "_rest")

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._rest = b""
        self._large: bytearray | None = None
        self._have = 0  # bytes in _large
        self._needed = 0  # bytes of the frame that _large is for, its length field included

    def room(self) -> memoryview:
        """Where the next read goes."""
        if self._large is not None:
            return memoryview(self._large)[self._have : self._needed]
        return self._buffers.scratch[len(self._rest) :]

    def add(self, count: int) -> memoryview | None:
        """So many bytes have come into room(): what can be looked at now, None while a large frame is gathered."""
        if self._large is not None:
            self._have += count
            if self._have == len(self._large) < self._needed:
                # The room doubles as bytes come, so that a lying length costs nothing.
                larger = self._buffers.take(min(self._needed, 2 * self._have))
                larger[: self._have] = self._large
                self._large = larger
            return None
        kept = len(self._rest)
        if kept:
            self._buffers.scratch[:kept] = self._rest
            self._rest = b""
        return self._buffers.scratch[: kept + count]

    def keep(self, data: memoryview, frame_size: int | None) -> None:
        """Keeps what could not be served; frame_size is that of its first frame, as far as it is known."""
        if frame_size is None or frame_size + LENGTH_BYTES <= SCRATCH:
            self._rest = bytes(data)
            return
        self._needed, self._have = frame_size + LENGTH_BYTES, len(data)
        self._large = self._buffers.take(min(self._needed, FIRST_ROOM))
        self._large[: self._have] = data

    @property
    def has_frame(self) -> bool:
        """A whole frame is kept: it must be served, or waits for the answer before it, before more is read."""
        if self._large is not None:
            return self._have >= self._needed
        size = int.from_bytes(self._rest[:LENGTH_BYTES], "big")
        return len(self._rest) >= LENGTH_BYTES and len(self._rest) - LENGTH_BYTES >= size

    def take_large(self) -> tuple[memoryview, bytearray] | None:
        """The large frame, if there is one and it is whole, and the buffer that is to be given back after it."""
        if self._large is None or self._have < self._needed:
            return None
        whole, self._large = self._large, None
        return memoryview(whole)[LENGTH_BYTES : self._needed], whole

    def take_rest(self) -> memoryview:
        """What is kept of small frames."""
        rest, self._rest = self._rest, b""
        return memoryview(bytearray(rest))

    def clear(self) -> None:
        self._rest, self._large = b"", None
