"""How kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


_ANY_ORDER = {"reassoc", "contract", "nsz"}  # of LLVM


def compiled(function: _Function) -> _Function:
    """Compile on first use, without the GIL; keep the machine code on disk wherever numba finds a writable folder."""
    return _compiled(function, nogil=True)


def compiled_with_any_order(function: _Function) -> _Function:
    """Compile a function whose sums may be added up in any order, so in vectors: last bits depend on the machine."""
    return _compiled(function, nogil=True, fastmath=_ANY_ORDER)


def _compiled(function: _Function, **options: Any) -> _Function:
    try:
        return cast(_Function, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # neither beside the package, nor NUMBA_CACHE_DIR, nor the user's cache is writable
        return cast(_Function, numba.njit(**options)(function))
