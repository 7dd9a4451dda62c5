"""The tables of the draws of a run: what its cuts gave on halves of the rows, made from its record and the store."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from clusterbench.ranking import Draws
from clusterbench.results.records import RunRecord
from clusterbench.results.run_tables import add_sizes, judge
from clusterbench.results.stored_frames import DRAW_SCORES, DRAWS, read_frames
from clusterbench.store import Store
from clusterbench.tables import CUT_KEY

_CELL_COLUMNS = [*CUT_KEY, "draw", "labels_sha256", "status", "reason", "n_clusters", "ari", "jaccards"]
_SCORE_COLUMNS = ["dataset", "draw", "labels_sha256", "space", "metric", "value", "status", "reason"]


def draw_tables(store: Store, record: RunRecord) -> Draws | None:
    """Return the cells and scores of all draws; None where nothing was drawn.

    The gate of a draw asks for half as many rows of the smallest cluster.
    """
    frame = read_frames(store, record, DRAWS)
    if frame is None:
        return None
    fitted = store.cells(frame["job_key"].unique().tolist())
    cells = frame.merge(fitted, on=["job_key", "cut"], how="left")
    add_sizes(cells)
    judge(cells, replace(record.gate, min_rows=(record.gate.min_rows + 1) // 2))
    return Draws(cells[_CELL_COLUMNS], _scores(store, record))


def _scores(store: Store, record: RunRecord) -> pd.DataFrame:
    places = [(one.dataset, one.space, one.draw, one.key) for one in record.frames_of(DRAW_SCORES)]
    spaces = pd.DataFrame(places, columns=["dataset", "space", "draw", "space_hash"])
    stored = record.own_metrics(store.scores(spaces["space_hash"].unique().tolist(), record.noise.value))
    return stored.merge(spaces, on="space_hash")[_SCORE_COLUMNS]
