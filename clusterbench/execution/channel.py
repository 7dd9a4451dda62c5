"""Messages between a run and its workers, over a socket that a plug-in may write rubbish to."""

from __future__ import annotations

import os
import pickle
import socket
import struct
from typing import Any

_HEADER = struct.Struct(">4sQ")
_MAGIC = b"CLB1"
_LARGEST = 2**31
_CHUNK = 2**20


class GarbledError(Exception):
    """What came is no message."""


def encode(message: object) -> bytes:
    """Return a message as bytes: magic, length, pickle."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _HEADER.pack(_MAGIC, len(data)) + data


class WorkerEnd:
    """The worker's end of the socket: waits for messages, one at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, message: object) -> None:
        """Send one message."""
        left = memoryview(encode(message))
        while left:
            left = left[os.write(self._descriptor, left) :]

    def receive(self) -> Any:
        """Return the next message; EOFError when the run has closed its end."""
        magic, length = _HEADER.unpack(self._read(_HEADER.size))
        if magic != _MAGIC:
            raise GarbledError(magic)
        return pickle.loads(self._read(length))

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = os.read(self._descriptor, min(_CHUNK, size - len(parts)))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


class RunEnd:
    """The run's end: never waits for the rest of a message, so that no worker can hold up the run.

    Attributes
    ----------
    closed : bool
        Whether the worker's end is closed.
    garbled : str or None
        What came instead of a message; nothing is read after it.
    largest : int
        Bytes of the longest message that is waited for.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._socket.setblocking(False)
        self._buffer = bytearray()
        self.closed = False
        self.garbled: str | None = None
        self.largest = _LARGEST

    def fileno(self) -> int:
        """Return the descriptor, for waiting on it; -1 when closed."""
        return self._socket.fileno()

    def send(self, message: object, *, patience: float = 5.0) -> None:
        """Send one message; OSError (TimeoutError among them) where the worker does not take it."""
        self._socket.settimeout(patience)
        try:
            self._socket.sendall(encode(message))
        finally:
            self._socket.setblocking(False)

    def receive(self) -> list[Any]:
        """Return the messages that are here in full.

        `closed` is set when no more can come, `garbled` when what follows these messages is none.
        """
        self._fill()
        messages: list[Any] = []
        while self.garbled is None and len(self._buffer) >= _HEADER.size:
            magic, length = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + length
            if magic != _MAGIC or length > self.largest:
                self.garbled = f"{bytes(self._buffer[:40])!r}"
            elif len(self._buffer) < end:
                break
            else:
                try:
                    messages.append(pickle.loads(self._buffer[_HEADER.size : end]))
                except Exception as error:  # noqa: BLE001 - rubbish may raise anything
                    self.garbled = f"{type(error).__name__}: {error}"
                del self._buffer[:end]
        return messages

    def _fill(self) -> None:
        """Take what is here, up to a bound: a worker that never stops writing must not keep the run here."""
        taken = 0
        while taken < 64 * _CHUNK:
            try:
                part = self._socket.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                part = b""
            if not part:
                self.closed = True
                return
            self._buffer += part
            taken += len(part)

    def close(self) -> None:
        """Close this end."""
        self.closed = True
        self._socket.close()
