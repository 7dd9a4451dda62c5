"""Compressed files: gzip, bzip2, xz, and zip archives of one file."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

from clusterbench.errors import RequestError

_OPENERS: Final[dict[str, Callable[[io.BytesIO], io.BufferedIOBase]]] = {
    ".gz": lambda content: gzip.GzipFile(fileobj=content),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
_NAMES: Final = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zip": "zip"}
COMPRESSIONS: Final = tuple(_NAMES)


def unpacked(content: bytes, name: str, max_mb: float | None = None) -> tuple[bytes, str]:
    """Return the content of a file, unpacked, with the name that it then has; `max_mb` limits its size.

    The suffix of `name` says whether and how it is compressed. A zip archive holds one file.
    """
    suffix = next((suffix for suffix in COMPRESSIONS if name.lower().endswith(suffix)), None)
    if suffix is None:
        return content, name
    most = -1 if max_mb is None else int(max_mb * 1e6) + 1
    try:
        if suffix == ".zip":
            plain, name = _from_zip(content, most)
        else:
            plain, name = _OPENERS[suffix](io.BytesIO(content)).read(most), name[: -len(suffix)]
    except (OSError, EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"is not a complete {_NAMES[suffix]} file: {error}") from error
    if max_mb is not None and len(plain) == most:
        raise RequestError(f"unpacks to more than {max_mb:g} MB", allowed="a larger max_mb")
    return plain, name


def _from_zip(content: bytes, most: int) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # Archives made on a Mac hold a hidden twin of each file.
        names = [info.filename for info in archive.infolist() if not info.is_dir() and "__MACOSX/" not in info.filename]
        if len(names) != 1:
            shown = ", ".join(map(repr, names[:5])) or "none"
            raise RequestError(f"the archive holds {len(names)} files: {shown}", allowed="an archive of one file")
        with archive.open(names[0]) as file:
            return file.read(most), names[0]
