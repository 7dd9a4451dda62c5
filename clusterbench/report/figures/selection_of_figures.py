"""The figures of a run: which are drawn, from which part of it, under which names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from clusterbench.report.figures.critical_difference import difference_figure
from clusterbench.report.figures.elbow import elbow_figure
from clusterbench.report.figures.heat_map import heat_figure
from clusterbench.report.figures.pareto import pareto_figure
from clusterbench.report.figures.rank_flow import correlation_figure, flow_figure
from clusterbench.report.figures.rank_intervals import board_figure, time_figure
from clusterbench.report.figures.scores_by_k import Panels, k_figure
from clusterbench.report.figures.series import chosen_settings, gap_of, inertia_of, series_of
from clusterbench.report.figures.svg import Picture
from clusterbench.report.printed import is_nothing, readable, slug
from clusterbench.report.report_entries import EntryNames, Section
from clusterbench.results import Run

ONLY_SPACE = "only space"
_KEY = ("algorithm", "params", "variant", "k_policy")


def figures_of(run: Run, sections: Sequence[Section]) -> dict[int, tuple[Picture, ...]]:
    """Return the figures of every section, by its position.

    Every board with entries gets its ranks; the board over all datasets the critical differences where they were
    tested; a board of one dataset whose entries were not told k gets all others for which there is something to draw.
    """
    several = len(sections) > 1
    return {
        position: tuple(
            _DRAWERS[kind](run, section, name, title)
            for kind, (name, title) in _plan(run, section, position, several=several).items()
        )
        for position, section in enumerate(sections)
    }


def figure_titles(run: Run, section: Section, position: int, *, several: bool) -> list[tuple[str, str]]:
    """Return (name, title) of the figures of a section, without drawing them."""
    return list(_plan(run, section, position, several=several).values())


def _plan(run: Run, section: Section, position: int, *, several: bool) -> dict[str, tuple[str, str]]:
    suffix = f"-{position + 1}-{slug(section.title)[:40]}" if several else ""
    place = section.title
    return {
        kind: (f"{kind}{suffix}", f"{title}, {place}")
        for kind, title in _TITLES.items()
        if _is_drawn(kind, run, section)
    }


_TITLES = {
    "leaderboard": "Ranks and their intervals",
    "critical-difference": "Average ranks and critical differences",
    "pareto": "Stability against mean rank",
    "rank-flow": "Ranks across reference spaces",
    "scores-against-k": "Scores against the number of clusters",
    "elbow": "Inertia against k",
    "heat-map": "Best mean rank by algorithm and variant",
    "metric-correlation": "Correlation of the metrics",
    "fit-time": "Fit time against mean rank",
}


def _is_drawn(kind: str, run: Run, section: Section) -> bool:
    if not section.entries:
        # Nothing has a rank: what the gate refused can still be seen.
        return kind == "scores-against-k" and _has_scores(run, section)
    if kind == "leaderboard":
        return True
    if section.overall:
        return kind == "critical-difference" and run.board.significance is not None
    if section.oracle or kind == "critical-difference":
        return False
    if kind == "pareto":
        return any(math.isfinite(entry.stability) for entry in section.entries)
    if kind == "rank-flow":
        return len(run.record.references[section.dataset]) > 1
    if kind == "metric-correlation":
        return len(section.entries) > 2
    if kind == "fit-time":
        return any(entry.fit_seconds > 0 for entry in section.entries)
    return kind != "elbow" or bool(inertia_of(run, section))


def _has_scores(run: Run, section: Section) -> bool:
    references = run.record.references.get(section.dataset, ())
    scores = run.scores[(run.scores["dataset"] == section.dataset) & run.scores["space"].isin(references)]
    return not section.oracle and bool(scores["value"].notna().any())


def _board_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    return board_figure(section.entries, name=name, title=title)


def _difference_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    found, names = run.board.significance, EntryNames.of(run)
    assert found is not None
    keys = ("algorithm", "params", "variant", "k_policy")
    labels = [names.label({**dict(zip(keys, row, strict=True)), "k": None}) for row in found.average_rank.index]
    return difference_figure(found, labels, name=name, title=title)


def _pareto_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    return pareto_figure(section.entries, name=name, title=title)


def _flow_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    frame = run.board.sensitivity
    mine = frame[(frame["dataset"] == section.dataset) & ~frame["oracle"].astype(bool) & (frame["kind"] == ONLY_SPACE)]
    anchors = {tuple(entry.row[name] for name in _KEY): entry.anchor for entry in section.entries}
    ranks: dict[str, dict[str, int]] = {}
    for *key, space, rank in mine[[*_KEY, "what", "rank"]].itertuples(index=False, name=None):
        if tuple(key) in anchors:
            ranks.setdefault(anchors[tuple(key)], {})[space] = int(rank)
    spaces = [space for space in run.record.references[section.dataset] if space in set(mine["what"])]
    return flow_figure(section.entries, ranks, spaces=spaces, name=name, title=title)


def _correlation_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    columns = [column.name for column in run.board.columns if column.ranked]
    used = [name for name in columns if any(not is_nothing(entry.row[name]) for entry in section.entries)]
    return correlation_figure(section.entries, used, name=name, title=title)


def _k_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    series, points = series_of(run, section)
    asked = run.cells.loc[run.cells["dataset"] == section.dataset, "k"].dropna()
    bands = run.details.bands
    panels = Panels(
        series=series,
        metrics=run.record.ranking.metrics,
        spaces=run.record.references[section.dataset],
        k_range=(int(asked.min()), int(asked.max())) if len(asked) else None,
        bands=bands[bands["dataset"] == section.dataset],
        controls=frozenset(
            label for key, label in chosen_settings(run, section).items() if run.record.algorithms[key[0]].control
        ),
    )
    return k_figure(points, panels, name=name, title=title)


def _elbow_figure(run: Run, section: Section, name: str, title: str) -> Picture:
    return elbow_figure(inertia_of(run, section), gap_of(run, section), name=name, title=title)


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
    "critical-difference": _difference_figure,
    "pareto": _pareto_figure,
    "rank-flow": _flow_figure,
    "scores-against-k": _k_figure,
    "elbow": _elbow_figure,
    "heat-map": _heat_figure,
    "metric-correlation": _correlation_figure,
    "fit-time": _time_figure,
}
