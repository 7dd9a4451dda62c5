"""The curves behind the figures over k: one per setting of an algorithm, on the variant of its best entry."""

import itertools
import json

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.report.entry_views import Board
from clusterbench.statuses import CellStatus
from clusterbench.structure import GapStatistic, gap_statistic, inertia_curves
from clusterbench.tables import CELL_KEY
from clusterbench.text import printable

SERIES_COLUMNS = ("series", "by_k", "n_clusters", "metric", "space", "value", "ok")
_MOST_SERIES = 6
_MOST_CURVES = 8


def chosen_settings(board: Board) -> dict[tuple[str, str, str], str]:
    """Return (algorithm, params, variant) of one series per setting with its name, best first.

    A setting without a ranked entry is shown on the variant on which its refusal is reported.
    """
    rejected = board.run.board.rejected
    rejected = rejected.loc[rejected["dataset"] == board.dataset, ["algorithm", "params", "variant"]]
    keys = [entry.key[:3] for entry in board.entries] + list(rejected.itertuples(index=False, name=None))
    variants: dict[tuple[str, str], str] = {}
    for algorithm, params, variant in keys:
        variants.setdefault((algorithm, params), variant)
    shown = itertools.islice(variants.items(), _MOST_SERIES)
    return {(*setting, variant): f"{board.setting_name(*setting)} · {printable(variant)}" for setting, variant in shown}


def series_of(board: Board) -> tuple[list[str], pd.DataFrame]:
    """Return one series per setting of an algorithm, its cuts on the variant of its best entry: the names, best first.

    The points are one row per series, cut, metric and space with the `SERIES_COLUMNS`, means over seeds. `ok` is False
    where the gate rejected the labeling, `by_k` for algorithms that are not asked for a k.
    """
    labels, scores, metrics = chosen_settings(board), board.run.scores, [metric.name for metric in board.order_metrics]
    scores = scores[scores["metric"].isin(metrics) & scores["space"].isin(board.spaces)]
    joined = scores[[*CELL_KEY, "metric", "space", "value"]].merge(
        board.cells[[*CELL_KEY, "n_clusters", "status"]], on=CELL_KEY
    )
    joined["ok"] = joined["status"] == CellStatus.OK.value
    groups = dict(iter(joined.dropna(subset="value").groupby(["algorithm", "params", "variant"], sort=False)))
    parts = []
    for key, label in labels.items():
        if key in groups:
            by_cut = groups[key].astype({"n_clusters": float}).groupby(["cut", "metric", "space"], sort=False)
            part = by_cut.agg(n_clusters=("n_clusters", "mean"), value=("value", "mean"), ok=("ok", "all"))
            part = part.reset_index()
            part["by_k"] = ["k" in json.loads(cut) for cut in part["cut"]]
            parts.append(part.assign(series=label)[list(SERIES_COLUMNS)])
    points = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SERIES_COLUMNS))
    return [label for key, label in labels.items() if key in groups], points


def inertia_of(board: Board) -> dict[str, pd.DataFrame]:
    """Return the inertia curves (k, inertia, elbow) of the series of a board, by name; those with three points."""
    curves = dict(iter(inertia_curves(board.cells).groupby(["algorithm", "params", "variant"], sort=False)))
    long = {
        label: curves[key].reset_index(drop=True)
        for key, label in chosen_settings(board).items()
        if key in curves and len(curves[key]) > 2
    }
    return dict(list(long.items())[:_MOST_CURVES])


def gap_of(board: Board) -> GapStatistic | None:
    """Return the gap statistic of k-means against tables drawn without clusters, where they were fitted."""
    for finding in board.run.record.structure:
        if finding.dataset == board.dataset:
            observed, drawn = finding.observed.inertia, [list(fit.inertia.values()) for fit in finding.drawn]
            try:
                return gap_statistic(list(observed), list(observed.values()), drawn)
            except RequestError:  # an inertia of 0 has no logarithm
                return None
    return None
