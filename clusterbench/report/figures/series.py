"""The curves behind the figures over k: one per setting of an algorithm, on the variant of its best entry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.report.figures.scores_by_k import SERIES_COLUMNS
from clusterbench.report.printed import readable
from clusterbench.report.report_entries import EntryNames, Section
from clusterbench.results import Run
from clusterbench.statuses import CellStatus
from clusterbench.structure import GapStatistic, gap_statistic, inertia_curves

_MOST_SERIES = 14
_MOST_CURVES = 8


def chosen_settings(run: Run, section: Section) -> dict[tuple[str, str, str], str]:
    """Return (algorithm, params, variant) of one series per setting with its name, best first.

    A setting without a ranked entry is shown on the variant on which its refusal is reported.
    """
    names = EntryNames.of(run)
    refused = run.board.rejected[run.board.rejected["dataset"] == section.dataset].to_dict("records")
    chosen: dict[tuple[str, str], str] = {}
    ranked: list[Mapping[Any, Any]] = [entry.row for entry in section.entries]
    for row in (*ranked, *refused):
        chosen.setdefault((row["algorithm"], row["params"]), row["variant"])
    keys = [(algorithm, params, variant) for (algorithm, params), variant in chosen.items()][:_MOST_SERIES]
    return {key: f"{names.name(key[0], key[1])} · {readable(key[2])}" for key in keys}


def series_of(run: Run, section: Section) -> tuple[list[str], pd.DataFrame]:
    """Return one series per setting of an algorithm: its cuts on the variant of its best entry.

    Returns
    -------
    list of str
        Names of the series, best first.
    DataFrame
        `SERIES_COLUMNS`, means over seeds.
    """
    labels = chosen_settings(run, section)
    metrics, spaces = run.record.ranking.metrics, run.record.references[section.dataset]
    scores = run.scores[run.scores["metric"].isin(metrics) & run.scores["space"].isin(spaces)]
    on = ["dataset", "algorithm", "params", "variant", "cut", "seed"]
    cells = run.cells[run.cells["dataset"] == section.dataset]
    joined = scores[[*on, "metric", "space", "value"]].merge(cells[[*on, "n_clusters", "status"]], on=on)
    joined["ok"] = joined["status"] == CellStatus.OK.value
    parts = [pd.DataFrame(columns=list(SERIES_COLUMNS))]
    for key in labels:
        mine = joined[(joined[["algorithm", "params", "variant"]] == list(key)).all(axis=1)].dropna(subset="value")
        if len(mine):
            groups = mine.astype({"n_clusters": float}).groupby(["cut", "metric", "space"], sort=False, as_index=False)
            part = groups.agg(n_clusters=("n_clusters", "mean"), value=("value", "mean"), ok=("ok", "all"))
            part["by_k"] = ["k" in json.loads(cut) for cut in part["cut"]]
            parts.append(part.assign(series=labels[key])[list(SERIES_COLUMNS)])
    points = pd.concat(parts[1:] or parts, ignore_index=True)
    return [label for label in labels.values() if label in set(points["series"])], points


def inertia_of(run: Run, section: Section) -> dict[str, pd.DataFrame]:
    """Return the inertia curves (k, inertia, elbow) of the series of a board, by name; those with three points."""
    cells = run.cells[run.cells["dataset"] == section.dataset]
    curves = dict(iter(inertia_curves(cells).groupby(["algorithm", "params", "variant"], sort=False)))
    found = {
        label: curves[key].reset_index(drop=True)
        for key, label in chosen_settings(run, section).items()
        if key in curves and len(curves[key]) > 2
    }
    return dict(list(found.items())[:_MOST_CURVES])


def gap_of(run: Run, section: Section) -> tuple[str, GapStatistic] | None:
    """Return the gap statistic of the first entry against tables with shuffled columns, where they were fitted."""
    finding = next((one for one in run.record.structure if one.dataset == section.dataset), None)
    reference = [table.inertia for table in finding.shuffled] if finding else []
    first = next((entry for entry in section.entries if not entry.control), None)
    if first is None or not reference:
        return None
    key = tuple(first.row[name] for name in ("algorithm", "params", "variant"))
    label, curve = chosen_settings(run, section).get(key), inertia_of(run, section)
    if label is None or label not in curve:
        return None
    ks = [int(k) for k in curve[label]["k"] if all(int(k) in table for table in reference)]
    mine = curve[label].set_index("k")["inertia"]
    try:
        null = [[table[k] for k in ks] for table in reference]
        return (label, gap_statistic(ks, [float(mine[k]) for k in ks], null)) if len(ks) > 1 else None
    except RequestError:  # an inertia of 0 has no logarithm
        return None
