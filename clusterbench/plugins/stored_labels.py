"""Labels that somebody handed in, as an algorithm that is not fitted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from clusterbench.plugins.algorithm import Algorithm, Assignment, CutRange, Cutter, Family, Floats, Partition


def stored_labels(name: str, *, by: str, file: Path | str) -> Algorithm:
    """Return the algorithm whose only partition is that of a file; `clusterbench enter` writes its plug-in.

    Parameters
    ----------
    name : str
        In benchmark files and on the leaderboard.
    by : str
        Who handed it in.
    file : Path or str
        A CSV with the columns row_id and cluster (integers, negative is noise), a line for each row of the table in its
        order. It is read when it is run; a table of another number of rows is refused there.
    """

    def build(X: Floats, seed: int) -> Cutter:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            labels = np.array([int(row["cluster"]) for row in csv.DictReader(lines)], dtype=np.int64)
        if len(labels) != len(X):
            raise ValueError(f"{Path(file).name} has labels of {len(labels)} rows, the table has {len(X)}")

        def cutter(**cut: Any) -> Partition:
            return Partition(labels)

        return cutter

    return Algorithm(
        name=name,
        family=Family.SUBMISSION,
        summary=f"labels handed in by {by}: not fitted, so stability, draws and times are unknown",
        reference=by,
        build=build,
        cuts=(CutRange("labels", (name,)),),
        deterministic=True,
        noise=True,
        packages={},
        assignment=Assignment.NONE,
        refits=False,
    )
