"""Figures that show what would change: ranks across spaces, correlation, Pareto, elbow and gap, random bands, tests."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from clusterbench.report.figures.rank_flow import apart, correlations
from clusterbench.report.figures.scores_by_k import SERIES_COLUMNS, Panels, k_figure
from clusterbench.report.figures.selection_of_figures import figures_of
from clusterbench.report.figures.series import chosen_settings, gap_of, inertia_of
from clusterbench.report.figures.svg import Picture
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run
from clusterbench.structure import gap_statistic


@pytest.fixture(scope="module")
def drawn(full_run: Run) -> dict[str, Picture]:
    return {picture.name: picture for picture in figures_of(full_run, sections_of(full_run))[0]}


def test_a_full_run_has_every_figure_of_one_table(drawn: dict[str, Picture]) -> None:
    assert list(drawn) == [
        "leaderboard",
        "pareto",
        "rank-flow",
        "scores-against-k",
        "elbow",
        "heat-map",
        "metric-correlation",
        "fit-time",
    ]


def test_no_figure_holds_an_image_or_a_link(drawn: dict[str, Picture]) -> None:
    for picture in drawn.values():
        assert not [element for element in ET.fromstring(picture.body).iter() if element.tag.endswith("}image")]
        assert "data:" not in picture.body


def test_the_flow_shows_the_ranks_of_the_sensitivity_table(full_run: Run, drawn: dict[str, Picture]) -> None:
    picture = drawn["rank-flow"]
    assert picture.header == ("entry", "published rank", "rank in standard alone", "rank in log1p alone")
    (section,) = sections_of(full_run)
    frame = full_run.board.sensitivity
    frame = frame[frame["kind"] == "only space"].set_index(["algorithm", "params", "variant", "what"])["rank"]
    shown = [entry for entry in section.entries if not entry.control]
    for entry, row in zip(shown, picture.rows, strict=True):
        key = tuple(entry.row[name] for name in ("algorithm", "params", "variant"))
        ranks = [entry.rank, *(frame[(*key, space)] for space in ("standard", "log1p"))]
        assert row == (entry.label, *map(str, ranks))


def test_labels_that_would_cover_one_another_move_apart_in_their_order() -> None:
    placed = apart([3.0, 1.0, 3.0, 3.1], 0.5)
    assert placed == [3.0, 1.0, 3.5, 4.0]


def test_correlations_are_those_of_scipy_with_lower_is_better_turned(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    columns = ["silhouette@standard", "davies_bouldin@log1p", "stability"]
    found = correlations(section.entries, columns)
    table = full_run.board.table
    table = table[~table["control"]]
    values = table[columns].to_numpy(dtype=float) * [1.0, -1.0, 1.0]
    np.testing.assert_allclose(found, spearmanr(values).statistic)


def test_a_column_that_does_not_vary_has_no_correlation(make_run: Callable[..., Run]) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        scores.loc[(scores["metric"] == "silhouette") & (scores["space"] == "log1p"), "value"] = 0.5

    (section,) = sections_of(make_run(change=change))
    found = correlations(section.entries, ["silhouette@standard", "silhouette@log1p"])
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[1]).all()


def test_the_pareto_figure_fills_what_the_table_marks(full_run: Run, drawn: dict[str, Picture]) -> None:
    picture = drawn["pareto"]
    marked = {row[4] for row in picture.rows if row[5] == "Pareto"}
    (section,) = sections_of(full_run)
    assert marked == {entry.label for entry in section.entries if entry.row["pareto"]}
    assert marked
    for entry, row in zip(section.entries, picture.rows, strict=True):
        assert row[:3] == (str(entry.rank), f"{entry.mean_rank:.2f}", f"{entry.stability:.3f}")


def test_the_elbow_figure_holds_the_inertia_of_the_cells(full_run: Run, drawn: dict[str, Picture]) -> None:
    (section,) = sections_of(full_run)
    (label,) = inertia_of(full_run, section)
    variant = label.split(" · ")[1]
    cells = full_run.cells[(full_run.cells["algorithm"] == "kmeans") & (full_run.cells["variant"] == variant)]
    means = cells.groupby("k")["inertia"].mean()
    assert [(int(row[1]), float(row[2])) for row in drawn["elbow"].rows] == [
        (k, pytest.approx(value, rel=1e-5)) for k, value in means.items()
    ]
    assert gap_of(full_run, section) is None


def with_shuffled_tables(run: Run) -> Run:
    """The run whose first entry is k-means and was also fitted to two tables with shuffled columns."""
    curve = {"2": 9000.0, "3": 8000.0, "4": 7000.0}
    found = {"dip_pc1": {"dip": 0.1, "p": 0.5}, "dip_distances": {"dip": 0.1, "p": 0.5}}
    shuffled = [curve, {k: 1.1 * value for k, value in curve.items()}]
    structure = {"cards": {**found, "inertia": shuffled}}
    table = run.board.table
    first = table[table["algorithm"] == "kmeans"]
    table = pd.concat([first, table.drop(first.index)], ignore_index=True)
    return replace(run, plan={**run.plan, "structure": structure}, board=replace(run.board, table=table))


def test_the_gap_of_the_first_entry_is_drawn_against_the_shuffled_tables(full_run: Run) -> None:
    run = with_shuffled_tables(full_run)
    (section,) = sections_of(run)
    found = gap_of(run, section)
    assert found is not None
    label, gap = found
    assert (
        label
        == chosen_settings(run, section)[tuple(section.entries[0].row[n] for n in ("algorithm", "params", "variant"))]
    )
    inertia = inertia_of(run, section)[label]["inertia"]
    expected = gap_statistic([2, 3, 4], inertia, [[9000.0, 8000.0, 7000.0], [9900.0, 8800.0, 7700.0]])
    pd.testing.assert_frame_equal(gap.curve, expected.curve)
    picture = {p.name: p for p in figures_of(run, [section])[0]}["elbow"]
    assert "gap statistic" in picture.body
    assert [row[4] for row in picture.rows if row[0] == label] == [f"{value:.3f}" for value in expected.curve["gap"]]


def test_an_inertia_of_zero_has_no_gap(full_run: Run) -> None:
    run = with_shuffled_tables(full_run)
    run.plan["structure"]["cards"]["inertia"][0]["3"] = 0.0
    (section,) = sections_of(run)
    assert gap_of(run, section) is None


def test_the_band_of_random_partitions_lies_behind_the_scores(full_run: Run, drawn: dict[str, Picture]) -> None:
    picture = drawn["scores-against-k"]
    assert "random partitions, 5 to 95 %" in picture.body
    bands = full_run.details.bands
    for row in [row for row in picture.rows if row[0] == "random partitions" and row[2] == "Silhouette"]:
        (band,) = bands[
            (bands["metric"] == "silhouette") & (bands["space"] == row[3]) & (bands["k"] == int(row[1]))
        ].to_dict("records")
        assert row[4:] == (f"{band['mean']:.4f}", f"{band['low']:.4f} to {band['high']:.4f}")
    assert "random partitions" in {row[0] for row in picture.rows}


def test_clusters_beyond_the_declared_k_do_not_squeeze_the_axis_and_are_counted() -> None:
    rows = [("a", True, k, "silhouette", "log1p", 0.1 * k, True) for k in (2, 3, 4)]
    rows += [("d", False, 80, "silhouette", "log1p", 0.1, True), ("d", False, 3, "silhouette", "log1p", 0.2, False)]
    points = pd.DataFrame(rows, columns=list(SERIES_COLUMNS))
    bands = pd.DataFrame(columns=["space", "metric", "k", "mean", "low", "high"])
    panels = Panels(["a", "d"], ["silhouette"], ["log1p"], (2, 4), bands)
    picture = k_figure(points, panels, name="x", title="x")
    assert "Beyond the axis: 1 of 5 points" in picture.description
    assert len(picture.rows) == 5
    ticks = {text.text for text in ET.fromstring(picture.body).iter() if text.tag.endswith("}text")}
    assert not ticks & {"20", "40", "60", "80"}
    whole = k_figure(points, replace(panels, k_range=None), name="x", title="x")
    assert "Beyond" not in whole.description
    assert "80" in {text.text for text in ET.fromstring(whole.body).iter() if text.tag.endswith("}text")}


def test_ten_tables_have_a_critical_difference_diagram(make_run: Callable[..., Run]) -> None:
    run = make_run(datasets=[f"t{number}" for number in range(10)], variants=("raw",), seeds=(0,), bootstraps=0)
    found = run.board.significance
    assert found is not None
    sections = sections_of(run)
    (board, picture) = figures_of(run, sections[:1])[0]
    assert (board.name, picture.name) == ("leaderboard", "critical-difference")
    assert [float(row[1]) for row in picture.rows] == found.average_rank.round(2).tolist()
    assert f"{found.nemenyi_difference:.2f}" in picture.description
    bars = [clique for clique in found.cliques if len(clique) > 1]
    for place, row in enumerate(picture.rows):
        groups = [int(number) - 1 for number in re.findall(r"\d+", row[2])]
        assert groups == [number for number, clique in enumerate(bars) if place in clique]
