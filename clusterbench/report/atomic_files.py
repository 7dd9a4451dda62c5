"""Write files whole or not at all."""

import os
from pathlib import Path

from clusterbench.errors import RequestError


def write_atomically(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 to a temporary neighbour and rename it; a reader never sees half a file.

    Raises
    ------
    RequestError
        If the folder cannot be made or written; what was at `path` is left as it was.
    """
    # A dot file beside its target: a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        what = f"{str(path)!r} cannot be written: {error.strerror or error}"
        raise RequestError(what, allowed="a folder that can be written") from error
    return path
