"""How kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile on first use, without the GIL; keep the machine code on disk wherever numba finds a writable folder."""
    try:
        return cast(_Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # neither beside the package, nor NUMBA_CACHE_DIR, nor the user's cache is writable
        return cast(_Function, numba.njit(nogil=True)(function))
