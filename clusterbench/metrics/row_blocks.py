"""How the rows of a table are cut into tasks."""

from __future__ import annotations

import numpy as np


def task_rows(n_rows: int) -> int:
    """Return the rows per task, 32 to 512, so that there are 64 tasks if that can be."""
    from clusterbench.metrics.silhouette_kernel import LANES

    return LANES * int(np.clip(n_rows // (64 * LANES), 1, 16))


def tasks(n_rows: int) -> list[slice]:
    """Cut rows into tasks whose borders depend on their number alone, so that partial sums do too."""
    return pieces(slice(0, n_rows), task_rows(n_rows))


def pieces(part: slice, step: int) -> list[slice]:
    """Cut a slice into slices of at most `step`."""
    return [slice(start, min(start + step, part.stop)) for start in range(part.start, part.stop, step)]
