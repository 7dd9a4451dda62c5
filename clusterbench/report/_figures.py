"""The figures of a run: which are drawn, from which part of it, under which names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from clusterbench.cells import CellStatus
from clusterbench.conductor import Run
from clusterbench.report._entries import EntryNames, Section
from clusterbench.report._figure_board import board_figure, time_figure
from clusterbench.report._figure_heat import heat_figure
from clusterbench.report._figure_k import SERIES_COLUMNS, k_figure
from clusterbench.report._format import readable, slug
from clusterbench.report._svg import Picture

_MOST_SERIES = 14


def figures_of(run: Run, sections: Sequence[Section]) -> dict[int, tuple[Picture, ...]]:
    """Return the figures of every section, by its position.

    Every board gets its ranks; a board of one dataset whose entries were not told k also gets the scores against k,
    the heat map and the fit times.
    """
    several = len(sections) > 1
    return {
        position: tuple(
            _DRAWERS[kind](run, section, name, title)
            for kind, (name, title) in _plan(section, position, several=several).items()
        )
        for position, section in enumerate(sections)
    }


def figure_titles(section: Section, position: int, *, several: bool) -> list[tuple[str, str]]:
    """Return (name, title) of the figures of a section, without drawing them."""
    return list(_plan(section, position, several=several).values())


def _plan(section: Section, position: int, *, several: bool) -> dict[str, tuple[str, str]]:
    suffix = f"-{position + 1}-{slug(section.title)[:40]}" if several else ""
    titles = {
        "leaderboard": f"Leaderboard of {section.title}",
        "scores-against-k": f"Scores against the number of clusters, {section.title}",
        "heat-map": f"Best mean rank by algorithm and variant, {section.title}",
        "fit-time": f"Fit time against mean rank, {section.title}",
    }
    kinds = ["leaderboard"] if section.overall or section.oracle else list(titles)
    return {kind: (f"{kind}{suffix}", titles[kind]) for kind in kinds}


def _board_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    return board_figure(section.entries, name=name, title=title)


def _k_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    series, points = series_of(run, section)
    spaces = run.plan["references"][section.dataset]
    return k_figure(points, series=series, metrics=run.plan["metrics"], spaces=spaces, name=name, title=title)


def _heat_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    names = EntryNames.of(run)
    cells = run.cells[run.cells["dataset"] == section.dataset]
    settings = cells[["algorithm", "params"]].drop_duplicates()
    algorithms = [names.name(algorithm, params) for algorithm, params in settings.itertuples(index=False)]
    variants = [readable(variant) for variant in dict.fromkeys(cells["variant"])]
    return heat_figure(section.entries, algorithms=algorithms, variants=variants, name=name, title=title)


def _time_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    return time_figure(section.entries, name=name, title=title)


_DRAWERS: dict[str, Callable[[Run, Section, str, str], Picture]] = {
    "leaderboard": _board_figure,
    "scores-against-k": _k_figure,
    "heat-map": _heat_figure,
    "fit-time": _time_figure,
}


def series_of(run: Run, section: Section) -> tuple[list[str], pd.DataFrame]:
    """Return one series per setting of an algorithm: its cuts on the variant of its best entry.

    A setting without a ranked entry is shown on the variant on which its refusal is reported.

    Returns
    -------
    list of str
        Names of the series, best first.
    DataFrame
        `SERIES_COLUMNS`, means over seeds.
    """
    names = EntryNames.of(run)
    refused = run.board.rejected[run.board.rejected["dataset"] == section.dataset].to_dict("records")
    chosen: dict[tuple[str, str], str] = {}
    ranked: list[Mapping[Any, Any]] = [entry.row for entry in section.entries]
    for row in (*ranked, *refused):
        chosen.setdefault((row["algorithm"], row["params"]), row["variant"])
    keys = [(algorithm, params, variant) for (algorithm, params), variant in chosen.items()][:_MOST_SERIES]
    labels = {key: f"{names.name(key[0], key[1])} · {readable(key[2])}" for key in keys}
    metrics, spaces = run.plan["metrics"], run.plan["references"][section.dataset]
    scores = run.scores[run.scores["metric"].isin(metrics) & run.scores["space"].isin(spaces)]
    on = ["dataset", "algorithm", "params", "variant", "cut", "seed"]
    cells = run.cells[run.cells["dataset"] == section.dataset]
    joined = scores[[*on, "metric", "space", "value"]].merge(cells[[*on, "n_clusters", "status"]], on=on)
    joined["ok"] = joined["status"] == CellStatus.OK.value
    parts = [pd.DataFrame(columns=list(SERIES_COLUMNS))]
    for key in keys:
        mine = joined[(joined[["algorithm", "params", "variant"]] == list(key)).all(axis=1)].dropna(subset="value")
        if len(mine):
            groups = mine.astype({"n_clusters": float}).groupby(["cut", "metric", "space"], sort=False, as_index=False)
            part = groups.agg(n_clusters=("n_clusters", "mean"), value=("value", "mean"), ok=("ok", "all"))
            part["by_k"] = ["k" in json.loads(cut) for cut in part["cut"]]
            parts.append(part.assign(series=labels[key])[list(SERIES_COLUMNS)])
    points = pd.concat(parts[1:] or parts, ignore_index=True)
    return [labels[key] for key in keys if labels[key] in set(points["series"])], points
