"""The entries against random partitions of their own k: each generator apart, and an alert where chance comes close."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

import numpy as np
import pandas as pd

from clusterbench.ranking.alerts import Alert, AlertKind
from clusterbench.ranking.board import RankedBoard
from clusterbench.ranking.board_columns import Column
from clusterbench.ranking.calibration import GENERATORS, Baselines, ChanceComparison
from clusterbench.tables import OVERALL, Floats
from clusterbench.text import percent

_RARE = 0.10


def chance_columns(baselines: Baselines) -> tuple[Column, ...]:
    """Return the columns of the share of random partitions beaten and of z, by generator, and the smaller share."""

    def against(board: RankedBoard, generator: str) -> ChanceComparison:
        """Return the comparison of the entries; the board over all datasets has none, as if k were not known."""
        axes = [axis for axis in board.entries.axes if axis.space]
        ks = np.full(len(board.rank), np.nan)
        if board.entries.dataset != OVERALL:
            ks = board.cells["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)[board.entries.rows[:, 0]]
        scores = board.entries.observed[:, [bool(axis.space) for axis in board.entries.axes]]
        return baselines.against(generator, axes, ks, scores)

    def column(pick: Callable[[ChanceComparison], Floats], generator: str) -> Callable[[RankedBoard], Floats]:
        return lambda board: pick(against(board, generator))

    def beaten(board: RankedBoard) -> Floats:
        return np.asarray(np.fmin.reduce([against(board, generator).beaten for generator in GENERATORS.values()]))

    def ungated(board: RankedBoard) -> list[str]:
        flags = [np.where(against(board, name).gated, "", name) for name in GENERATORS.values()]
        return [", ".join(filter(None, names)) for names in zip(*flags, strict=True)]

    columns = [
        Column(
            "beaten", "Beaten",
            "Share of random partitions of equal k with worse scores, mean over metrics and reference spaces; of two"
            " generators the one that is beaten less.",
            ".2f", beaten,
        ),
    ]  # fmt: skip
    for short, generator in GENERATORS.items():
        for name, title, what in (("beaten", "Beaten", "Share beaten of"), ("z", "z", "Mean z against")):
            values = column(attrgetter(name), generator)
            columns.append(Column(f"{name}_{short}", f"{title} ({short})", f"{what} {generator}.", ".2f", values))
    what = "Generators of which fewer than 10 partitions of this k pass the gate, so that all of them were compared."
    return (*columns, Column("ungated", "Without gate", what, "", ungated))


def chance_alerts(table: pd.DataFrame) -> list[Alert]:
    """Return an alert for every dataset in which random partitions often score as well as the first entry."""
    alerts = []
    contenders = table[~table["control"].astype(bool) & ~table["oracle"].astype(bool) & (table["dataset"] != OVERALL)]
    for dataset, rows in contenders.groupby("dataset", sort=False):
        first = rows.iloc[0]
        if 1.0 - first["beaten"] > _RARE:
            name = next(name for short, name in GENERATORS.items() if first[f"beaten_{short}"] == first["beaten"])
            text = (
                f"random partitions come close: {percent(1.0 - first['beaten'])} of those by {name} with"
                f" k = {first['k']} score at least as well as the first entry (mean over metrics and reference spaces)"
            )
            alerts.append(Alert(AlertKind.CHANCE, text, str(dataset)))
    return alerts
