"""Standard output and error that work with any encoding, and after their reader has gone."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from clusterbench.errors import RequestError


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """Replace `sys.stdout` and `sys.stderr` by streams that write what their encoding has and ignore a closed pipe."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, TolerantStream(stream)) for stream in before)
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def write_exactly(text: str) -> None:
    """Write data to standard output, where no character may be replaced: one that its encoding lacks is refused."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise RequestError(
            f"the encoding {encoding} of the output has no {error.object[error.start]!a}",
            allowed="--out FILE, which is written in UTF-8, or PYTHONIOENCODING=utf-8",
        ) from error
    sys.stdout.write(text)


class TolerantStream:
    """A text stream that replaces characters its encoding lacks, and discards everything once its pipe is closed."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or io.StringIO()  # None where the shell has closed it
        if isinstance(self._stream, io.TextIOWrapper):
            self._stream.reconfigure(errors="replace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._tolerant():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._tolerant():
            self._stream.flush()

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with suppress(OSError):  # what is buffered goes nowhere, also when Python ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if not isinstance(error, BrokenPipeError):
                raise OSError(error.errno, error.strerror, self._stream.name) from error
