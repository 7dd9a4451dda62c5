"""The arrays of rows of a bundle as an npz file, written the same way each time and read with care."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.errors import RequestError
from clusterbench.segments.program import ROW_ARRAYS

_FORMAT: Any = np.lib.format  # its functions have no types


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the content of an npz file, the same bytes whenever they are the same numbers."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            _FORMAT.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())  # dated 1980
    return buffer.getvalue()


def unpacked(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of rows of an npz file that are as large as its headers say, so that no more is allocated."""
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sorted(archive.namelist()) != [f"{name}.npy" for name in ROW_ARRAYS]:
                raise ValueError(f"it holds {archive.namelist()[:5]}")
            for member in archive.infolist():
                if member.file_size > len(content) or member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"{member.filename} is compressed")
                data = io.BytesIO(archive.read(member))
                _FORMAT.read_magic(data)
                shape, _, dtype = _FORMAT.read_array_header_1_0(data)
                if dtype.hasobject or math.prod(shape) * dtype.itemsize != member.file_size - data.tell():
                    raise ValueError(f"{member.filename} has another size than its header says")
                data.seek(0)
                arrays[member.filename.removesuffix(".npy")] = _FORMAT.read_array(data, allow_pickle=False)
    except (ValueError, OSError, EOFError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RequestError(f"is no npz file of numbers: {error}", where=where) from error
    return arrays
