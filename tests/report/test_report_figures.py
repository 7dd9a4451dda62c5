"""Figures: valid SVG with a title, in the page's own colours, with the numbers that the tables hold."""

from __future__ import annotations

import itertools
import math
import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from clusterbench.naming import EntryNames
from clusterbench.report import (
    Board,
    Entry,
    Figure,
    Picture,
    ReportModel,
    all_figures,
    build_report,
    figures,
    formats,
)
from clusterbench.results import StoredRun
from clusterbench.structure import ColumnDip, StructureFinding, TableFit, gap_statistic

MakeRun = Callable[..., StoredRun]
SVG = "{http://www.w3.org/2000/svg}"
KINDS = ["leaderboard", "rank-flow", "scores-against-k", "elbow", "heat-map", "metric-correlation", "fit-time"]
FIGURES = {figure.name: figure for figure in all_figures()}
NASTY = "<svg onload=x>&\"' $\\frac{1}{2}$ ]]> -- \U0001f600 " + "long " * 30
OBSERVED = (6000.0, 4000.0, 3500.0)
DRAWN = [(9000.0, 8000.0, 7000.0), (9900.0, 8800.0, 7700.0)]


def pictures(report: ReportModel) -> dict[str, Picture]:
    return {figure.name: figure for board in report.boards for figure in board.figures}


def picture(name: str, board: Board) -> Picture:
    return FIGURES[name].picture(board)


def texts(drawn: Picture) -> list[str]:
    return [text.text or "" for text in ET.fromstring(drawn.body).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def board(full_report: ReportModel) -> Board:
    (report,) = full_report.boards
    return report.board


def with_entries(board: Board, *rows: dict[str, object]) -> Board:
    """A board of entries made by hand: each is given by its name and the values that matter."""
    base = {**board.entries[0].row, "rank_low": 1, "rank_high": 2, "fit_seconds": 0.5, "pareto": True, "control": False,
            "oracle": False, "flags": "", "stability": 0.9}  # fmt: skip
    entries = []
    for number, given in enumerate(rows, start=1):
        row = {**base, "rank": number, "mean_rank": float(number), "variant": "raw", "params": str(number), **given}
        name = str(given.get("name", "kmeans"))
        label, nothing = f"{name} · {row['variant']}", pd.DataFrame()
        entries.append(Entry.of(row, name, label, nothing, nothing, order=board.order))
    return replace(board, entries=tuple(entries))


NO_NUMBERS = dict.fromkeys(("rank_low", "rank_high", "fit_seconds", "stability"), math.nan)
MADE: dict[str, list[dict[str, object]]] = {
    "one": [{}],
    "without numbers": [{**NO_NUMBERS, "pareto": False}] * 2,
    "pandas NA": [dict.fromkeys(("rank_low", "rank_high", "fit_seconds", "stability"), pd.NA)],
    "all times": [{"fit_seconds": 0.0}, {"fit_seconds": 1e-9}, {"fit_seconds": 1e9, "control": True}],
    "hostile": [{"name": NASTY, "variant": NASTY}, {"name": NASTY[::-1], "variant": NASTY}],
}


def assert_image(drawn: Picture) -> None:
    root = ET.fromstring(drawn.body)
    assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
    assert root.get("aria-labelledby") == f"{drawn.name}-title {drawn.name}-desc"
    assert [(root[i].tag, root[i].text) for i in (0, 1)] == [
        (f"{SVG}title", drawn.title),
        (f"{SVG}desc", drawn.description),
    ]
    ids = [str(element.get("id")) for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(identity.startswith(f"{drawn.name}-") for identity in ids)
    assert set(references(root)) <= set(ids)
    assert not {"script", "image", "foreignObject", "style"} & {str(e.tag).removeprefix(SVG) for e in root.iter()}
    assert not re.search(r"#000000|DejaVu|metadata|data:", drawn.body)
    assert all(len(row) == len(drawn.header) for row in drawn.rows)
    assert not re.search(r"\b(nan|inf|NaN)\b", " ".join(text for element in root[2:] for text in element.itertext()))
    with_style = ET.fromstring(drawn.file.encode())
    assert "prefers-color-scheme:dark" in str(with_style[0].text)
    with_style.remove(with_style[0])
    assert ET.tostring(with_style) == ET.tostring(root)


def references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href":
                assert value.startswith("#")
                yield value[1:]
            yield from re.findall(r"url\(#([^)]+)\)", value)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("mixed_report", KINDS), ("rejected_report", ["scores-against-k"]), ("hostile_report", KINDS),
     ("full_report", ["leaderboard", "pareto", *KINDS[1:]])],
)  # fmt: skip
def test_every_figure_of_a_run_is_a_named_image_of_its_own(
    name: str, kinds: list[str], request: pytest.FixtureRequest
) -> None:
    drawn = pictures(request.getfixturevalue(name))
    assert list(drawn) == kinds
    for one in drawn.values():
        assert_image(one)
        colours = {element.attrib.get("fill") for element in ET.fromstring(one.body).iter(f"{SVG}text")}
        assert "currentColor" in colours


@pytest.mark.parametrize(("kind", "made"), list(itertools.product(("leaderboard", "pareto", "fit-time"), MADE)))
def test_figures_of_boards_made_by_hand_are_images_with_their_numbers(board: Board, kind: str, made: str) -> None:
    assert_image(picture(kind, with_entries(board, *MADE[made])))


def test_the_same_run_gives_the_same_bytes_whatever_the_readers_settings(mixed_report: ReportModel) -> None:
    import matplotlib

    (report,) = mixed_report.boards
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "text.color": "red", "svg.fonttype": "path"}):
        assert picture("leaderboard", report.board) == pictures(mixed_report)["leaderboard"]


def test_several_tables_have_figures_of_their_own(make_run: MakeRun) -> None:
    run = make_run(datasets=["cards", "wine"], seeds=(0,), bootstraps=0)
    quick = [FIGURES["leaderboard"], FIGURES["fit-time"]]
    names = list(pictures(build_report(run, figures=quick)))
    assert names == ["leaderboard-1-all-datasets", "leaderboard-2-cards", "fit-time-2-cards", "leaderboard-3-wine",
                     "fit-time-3-wine"]  # fmt: skip


def test_more_than_twelve_tables_have_figures_over_all_of_them_only(make_run: MakeRun) -> None:
    for count, drawn in ((12, 13), (13, 1)):
        run = make_run(datasets=[f"t{number}" for number in range(count)], seeds=(0,), bootstraps=0)
        report = build_report(run, figures=[FIGURES["leaderboard"]])
        assert sum(len(board.figures) for board in report.boards) == drawn
        assert len(report.boards[0].figures) == 1


def test_a_new_file_is_a_new_figure_or_format(
    mixed_run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, render: Callable[..., str]
) -> None:
    from clusterbench.report import all_formats, write_report

    # The examples in the documentation of both packages.
    for package in (figures, formats):
        code = textwrap.dedent(str(package.__doc__).partition(".. code-block:: python\n")[2])
        assert len(code.splitlines()) <= 60
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"new_{package.__name__.rpartition('.')[2]}.py").write_text(code, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    new = next(figure for figure in all_figures() if figure.name == "clusters")
    report = build_report(mixed_run, figures=[new])
    drawn = pictures(report)["clusters"]
    assert_image(drawn)
    assert drawn.title == "Number of clusters, cards"
    assert len(drawn.rows) == 5
    assert "](figures/clusters.svg)" in render(report, "markdown")
    assert "Clusters of every contender." in render(report, "html")
    assert "the headline alone" in render(report, "html")
    assert [one.name for one in all_formats()][-1] == "text"
    written = {path.relative_to(tmp_path / "report").as_posix() for path in write_report(report, tmp_path / "report")}
    assert {"figures/clusters.svg", "headline.txt"} <= written


# --- the ranks --------------------------------------------------------------------------------------------------------


def test_the_leaderboard_shows_rank_interval_and_marks_and_is_cut_where_it_is_long(board: Board) -> None:
    control = {"name": "ward", "control": True, "pareto": False, "rank_low": math.nan, "mean_rank": 2.3456}
    drawn = picture("leaderboard", with_entries(board, {"flags": "x"}, control))
    assert drawn.rows == (
        ("1", "1 to 2", "1.000", "kmeans · raw", "Pareto, incomplete"),
        ("2", "–", "2.346", "ward · raw", "control"),
    )
    assert (
        "2 of 2 entries, best on top. Best mean rank: kmeans · raw, 1.000. Left: a disc is a rank" in drawn.description
    )
    long = picture("leaderboard", with_entries(board, *[{}] * 31))
    assert len(long.rows) == 30
    assert long.description.startswith("The first 30 of 31 entries")
    assert long.finding == "kmeans · raw is first; by their intervals, 30 other contenders may be"


def test_the_front_of_fit_times_is_what_no_faster_contender_beats(board: Board) -> None:
    made = with_entries(
        board,
        {"name": "slow", "fit_seconds": 10.0},
        {"name": "fast", "fit_seconds": 0.1},
        {"name": "dominated", "fit_seconds": 5.0},
        {"name": "no time", "fit_seconds": math.nan},
        {"name": "control", "fit_seconds": 0.01, "control": True},
    )
    drawn = picture("fit-time", made)
    assert [(row[3], row[4]) for row in drawn.rows] == [
        ("slow · raw", "front"), ("fast · raw", "front"), ("dominated · raw", ""), ("control · raw", ""),
    ]  # fmt: skip
    assert drawn.description.endswith("both faster and better ranked: 2 fast · raw; 1 slow · raw.")
    assert drawn.finding == "slow · raw takes 10.0 s; the fastest, fast · raw, takes 0.100 s and is 1.000 behind"
    # Labels would cover one another: the points carry their ranks.
    assert not any("raw" in text for text in texts(drawn))
    assert {"1", "2"} <= set(texts(drawn))


def test_the_pareto_figure_marks_mean_rank_and_stability_and_leaves_out_what_has_none(
    board: Board, full_report: ReportModel
) -> None:
    rows = [row[4:] for row in pictures(full_report)["pareto"].rows]
    expected = [(e.label, "Pareto" if e.pareto else "control" if e.control else "") for e in board.entries]
    assert rows == expected
    contenders = board.contenders
    for entry in contenders:
        beaten = any(
            other.criterion <= entry.criterion and other.stability >= entry.stability
            and (other.criterion, -other.stability) != (entry.criterion, -entry.stability)
            for other in contenders
        )  # fmt: skip
        assert entry.pareto == (not beaten)
    made = with_entries(board, {"name": "a"}, {"stability": math.nan}, {"pareto": False, "control": True})
    drawn = picture("pareto", made)
    assert [row[0] for row in drawn.rows] == ["1", "3"]
    assert drawn.description.endswith("They are 1 a · raw.")


def test_the_flow_shows_the_ranks_of_the_sensitivity_table_without_controls(
    board: Board, full_report: ReportModel
) -> None:
    drawn = pictures(full_report)["rank-flow"]
    assert drawn.header == ("entry", "published rank", "rank in standard alone", "rank in log1p alone")
    frame = board.run.board.sensitivity
    frame = frame[frame["kind"] == "only space"].set_index(["algorithm", "params", "variant", "what"])["rank"]
    moves = {row[0]: max(map(int, row[1:])) - min(map(int, row[1:])) for row in drawn.rows}
    assert any(drawn.finding == f"From one space to another {name} moves farthest, by {max(moves.values())} ranks"
               for name, move in moves.items() if move == max(moves.values()))  # fmt: skip
    for entry, row in zip(board.contenders, drawn.rows, strict=True):
        ranks = [entry.rank, *(frame[(*entry.key[:3], space)] for space in ("standard", "log1p"))]
        assert row == (entry.label, *map(str, ranks))


@pytest.mark.parametrize("n", [1, 2, 30])
def test_entries_that_all_tie_flow_in_one_line_with_labels_in_the_picture(board: Board, n: int) -> None:
    made = with_entries(board, *[{"rank": 7}] * n)
    rows = [
        (*entry.key, "cards", False, "only space", space, 7, 7.0) for entry in made.entries for space in board.spaces
    ]
    names = ["algorithm", "params", "variant", "k_policy", "dataset", "oracle", "kind", "what", "rank", "mean_rank"]
    run = replace(board.run, board=replace(board.run.board, sensitivity=pd.DataFrame(rows, columns=names)))
    drawn = picture("rank-flow", replace(made, run=run))
    root = ET.fromstring(drawn.body)
    labels = [t for t in root.iter(f"{SVG}text") if (t.text or "").endswith("· raw")]
    assert len(labels) == min(n, 14)
    places = sorted(float(str(t.get("y"))) for t in labels)
    assert 0 < places[0] <= places[-1] < float(str(root.get("viewBox")).split()[3])
    assert all(below - above > 7 for above, below in itertools.pairwise(places))


@pytest.mark.parametrize("kind", ["leaderboard", "fit-time", "pareto"])
@pytest.mark.parametrize("ranks", [(1.0, 1.0), (10.25, 10.25), (1.2, 1.8), (3.0, 50.0)])
def test_rank_axes_have_integers(board: Board, kind: str, ranks: tuple[float, float]) -> None:
    made = [
        {"rank": 1, "mean_rank": mean, "rank_low": 1, "rank_high": 1, "fit_seconds": x, "stability": x}
        for mean, x in zip(ranks, (300.5, 700.5), strict=True)
    ]
    numbers = [text for text in texts(picture(kind, with_entries(board, *made))) if re.fullmatch(r"-?[\d.]+", text)]
    if kind == "leaderboard":
        assert not any("." in text for text in numbers)
    low, high = map(int, ranks)
    assert any(low - 1 <= int(text) <= high + 1 for text in numbers if "." not in text)


def test_by_score_the_figures_have_the_score_and_its_direction(scored_reports: ReportModel) -> None:
    board = next(one.board for one in scored_reports.boards if one.board.dataset == "cards")
    for name in ("leaderboard", "pareto", "fit-time"):
        drawn = picture(name, board)
        assert "score" in drawn.header
        assert not any("mean rank" in text for text in (*texts(drawn), *drawn.header, drawn.description))
        assert any(text.startswith("score (") for text in texts(drawn))
    front = [row for row in picture("fit-time", board).rows if row[-1] == "front"]
    assert min(board.contenders, key=lambda entry: entry.rank).label in [row[3] for row in front]
    best = board.run.board.table.query("dataset == 'cards' and algorithm == 'kmeans'").groupby("variant")["score"].max()
    rows = {row[0]: row[1:] for row in picture("heat-map", board).rows}
    assert rows["kmeans"] == (f"{best['raw']:.2f}", f"{best['log1p']:.2f}")


# --- matrices ---------------------------------------------------------------------------------------------------------


def test_the_heat_map_has_the_best_mean_rank_and_gaps_for_what_was_refused(mixed_report: ReportModel) -> None:
    drawn = pictures(mixed_report)["heat-map"]
    assert drawn.header == ("algorithm", "raw", "log1p")
    rows = {row[0]: row[1:] for row in drawn.rows}
    table = mixed_report.run.board.table
    best = table[(table["algorithm"] == "kmeans")].groupby("variant")["mean_rank"].min()
    assert rows["kmeans"] == (f"{best['raw']:.2f}", f"{best['log1p']:.2f}")
    assert rows["agglomerative (linkage=average)"] == ("no mean rank", "no mean rank")
    assert rows["dbscan"][0] == "no mean rank"


def test_the_heat_map_of_many_variants_says_what_it_leaves_out(board: Board) -> None:
    cells = pd.concat([board.cells.assign(variant=f"v{number}") for number in range(41)], ignore_index=True)
    many = Board(replace(board.run, cells=cells), EntryNames({}), "cards", False, ())
    drawn = picture("heat-map", with_entries(replace(many, entries=board.entries), {"variant": "v0"}))
    assert len(drawn.header) == 41
    assert drawn.description.endswith("The first 40 of 41 variants.")


def test_correlations_are_those_of_scipy_with_lower_is_better_turned(full_report: ReportModel) -> None:
    drawn = pictures(full_report)["metric-correlation"]
    assert drawn.header[1:3] == ("Silhouette, standard", "Silhouette, log1p")
    assert drawn.header[-1] == "Stability"
    table = full_report.run.board.table
    names = [f"{m}@{s}" for m in ("silhouette", "davies_bouldin", "calinski_harabasz") for s in ("standard", "log1p")]
    values = table[~table["control"]][[*names, "stability"]].to_numpy(dtype=float)
    expected = spearmanr(values * [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0]).statistic
    np.testing.assert_allclose([[float(v) for v in row[1:]] for row in drawn.rows], expected, atol=0.0051)


def test_correlations_by_hand_also_of_infinite_and_of_constant_columns(board: Board) -> None:
    columns = ("silhouette@standard", "silhouette@log1p", "davies_bouldin@standard", "calinski_harabasz@standard")
    values = [(0.1, 0.5, 3.0, 7.0), (0.2, 0.5, 2.0, 9.0), (0.3, 0.5, 1.0, 11.0), (0.4, 0.5, 0.5, math.inf)]
    others = {"davies_bouldin@log1p": math.nan, "calinski_harabasz@log1p": math.nan, "stability": math.nan}
    made = with_entries(board, *[{**others, **dict(zip(columns, row, strict=True))} for row in values])
    drawn = picture("metric-correlation", made)
    rows = {row[0]: row[1:] for row in drawn.rows}
    assert rows["Silhouette, standard"] == ("1.00", "–", "1.00", "1.00")
    assert rows["Silhouette, log1p"] == ("–", "–", "–", "–")
    assert "over 4 contenders" in drawn.description


def test_three_tables_have_win_rates_and_ten_a_critical_difference_diagram(make_run: MakeRun) -> None:
    run = make_run(datasets=[f"t{number}" for number in range(10)], variants=("raw",), seeds=(0,), bootstraps=0)
    report = build_report(run, figures=[FIGURES[name] for name in ("critical-difference", "win-rates", "pareto")])
    assert [len(board.figures) for board in report.boards] == [2, *[0] * 10]
    difference, wins = report.boards[0].figures
    tests, rates = run.board.significance, run.board.win_rates
    assert tests is not None
    assert rates is not None
    assert [float(row[1]) for row in difference.rows] == tests.average_rank.round(2).tolist()
    assert f"{tests.nemenyi_difference:.2f}" in difference.description
    bars = [clique for clique in tests.cliques if len(clique) > 1]
    for place, row in enumerate(difference.rows):
        groups = [int(number) - 1 for number in re.findall(r"\d+", row[2])]
        assert groups == [number for number, clique in enumerate(bars) if place in clique]
    keys = [entry.key for entry in report.boards[0].board.contenders]
    for key, row in zip(keys, wins.rows, strict=True):
        assert [float(text) for text in row[1:]] == rates.loc[key, keys].round(2).tolist()
    for drawn in (difference, wins):
        assert_image(drawn)


# --- curves over k ----------------------------------------------------------------------------------------------------


def test_scores_against_k_are_means_over_seeds_on_the_best_variant(mixed_report: ReportModel) -> None:
    drawn = pictures(mixed_report)["scores-against-k"]
    series = list(dict.fromkeys(row[0] for row in drawn.rows))
    assert series[0] == "agglomerative (linkage=ward) · log1p"
    scores = mixed_report.run.scores
    mine = scores[(scores["algorithm"] == "kmeans") & (scores["variant"] == "log1p") & (scores["k"] == 3)]
    mean = mine[(mine["metric"] == "silhouette") & (mine["space"] == "standard")]["value"].mean()
    assert ("kmeans · log1p", "3", "Silhouette", "standard", f"{mean:.4f}", "passed") in drawn.rows
    assert {row[5] for row in drawn.rows if "average" in row[0]} == {"rejected"}


def test_the_bands_of_random_partitions_are_behind_the_scores(full_report: ReportModel) -> None:
    drawn = pictures(full_report)["scores-against-k"]
    generators = {"random centroids", "nearest-neighbour growth"}
    assert {f"{name}, 5 to 95 %" for name in generators} <= set(texts(drawn))
    bands = full_report.run.details.bands.set_index(["generator", "metric", "space", "k"])
    rows = [row for row in drawn.rows if row[0] in generators and row[2] == "Silhouette"]
    assert len(rows) == 12
    for row in rows:
        band = bands.loc[(row[0], "silhouette", row[3], int(row[1]))]
        assert row[4:] == (f"{band['mean']:.4f}", f"{band['low']:.4f} to {band['high']:.4f}")


def change_scores(board: Board, algorithm: str, **values: object) -> Board:
    scores = board.run.scores.copy()
    scores.loc[scores["algorithm"] == algorithm, list(values)] = list(values.values())
    return replace(board, run=replace(board.run, scores=scores))


def test_controls_do_not_stretch_the_axes_and_what_is_beyond_is_named(board: Board) -> None:
    far = picture("scores-against-k", change_scores(board, "random_labels", value=50000.0))
    assert "controls beyond them: Silhouette of random_labels" in far.description
    assert "(50000.0000 to 50000.0000)" in far.description
    assert not {"50000", "40000", "20000"} & set(texts(far))
    contender = picture("scores-against-k", change_scores(board, "kmeans", value=50000.0))
    assert "of kmeans" not in contender.description
    assert {"50000", "40000", "20000"} & set(texts(contender))


def test_clusters_beyond_the_declared_k_do_not_squeeze_the_axis_and_are_counted(board: Board) -> None:
    cells = board.run.cells.copy()
    cells.loc[(cells["algorithm"] == "dbscan") & (cells["cut"] == '{"eps": 0.5}'), "n_clusters"] = 80
    drawn = picture("scores-against-k", replace(board, run=replace(board.run, cells=cells)))
    assert re.search(
        r"Beyond the axis: 6 of \d+ points, with fewer or more clusters than declared\.", drawn.description
    )
    assert "80" in {row[1] for row in drawn.rows}
    assert not {"20", "40", "60", "80"} & set(texts(drawn))


@pytest.mark.parametrize(("k", "is_shown"), [(8, True), (9, False)])
def test_the_first_place_is_on_the_axis_up_to_twice_the_declared_k(board: Board, k: int, is_shown: bool) -> None:
    first = board.contenders[0]  # the largest declared k is 4
    entries = [replace(one, row={**one.row, "k": k}) if one is first else one for one in board.entries]
    cells = board.run.cells.copy()
    cells.loc[(cells["algorithm"] == first.algorithm) & (cells["k"] == 4), "n_clusters"] = k
    drawn = picture("scores-against-k", replace(board, entries=tuple(entries), run=replace(board.run, cells=cells)))
    assert ("Beyond the axis" not in drawn.description) == is_shown


def with_drawn_tables(board: Board, curves: Sequence[Sequence[float]] = DRAWN) -> Board:
    """The board of a table whose structure was tested with two drawn tables."""
    observed, *drawn = (TableFit(None, dict(zip((2, 3, 4), curve, strict=True))) for curve in (OBSERVED, *curves))
    finding = StructureFinding("cards", 1000, observed, tuple(drawn), (ColumnDip("a", 0.1, 0.5),))
    record = replace(board.run.record, structure=(finding,))
    return replace(board, run=replace(board.run, record=record))


def test_the_elbow_figure_holds_the_inertia_of_the_cells_and_the_gap_of_k_means(board: Board) -> None:
    drawn, without = picture("elbow", with_drawn_tables(board)), picture("elbow", board)
    *curves, gaps = (list(rows) for _, rows in itertools.groupby(drawn.rows, key=lambda row: row[0]))
    assert [row for curve in curves for row in curve] == list(without.rows)
    cells = board.cells[(board.cells["algorithm"] == "kmeans")]
    (curve,) = (rows for rows in curves if rows[0][0].startswith("kmeans"))
    means = cells[cells["variant"] == curve[0][0].split(" · ")[-1]].groupby("k")["inertia"].mean()
    assert [(int(row[1]), float(row[2])) for row in curve] == [
        (k, pytest.approx(value, rel=1e-5)) for k, value in means.items()
    ]
    gap = gap_statistic([2, 3, 4], OBSERVED, DRAWN)
    assert [(row[1], row[4]) for row in gaps] == [
        (f"{k}", f"{value:.3f}") for k, value in zip((2, 3, 4), gap.curve["gap"], strict=True)
    ]
    assert gap.k == 3
    assert drawn.description.endswith("and gives k = 3.")
    assert "the gap statistic gives k = 3; the first entry has k = " in drawn.finding
    assert drawn.finding.startswith(f"The elbow of {curve[0][0]} is at k = ") == ("elbow" in {row[3] for row in curve})
    assert {row[4] for row in without.rows} == {"–"}
    assert "gap" not in without.description + without.finding
    zero = picture("elbow", with_drawn_tables(board, [(9000.0, 0.0, 7000.0), DRAWN[1]]))
    assert "gap" not in zero.description  # an inertia of 0 has no logarithm


def test_a_gap_curve_that_is_highest_at_one_cluster_says_so(board: Board) -> None:
    one, two = (
        dict(zip((1, 2, 3), curve, strict=True)) for curve in ((9000.0, 8000.0, 7000.0), (9000.0, 6000.0, 4000.0))
    )
    drawn = (TableFit(None, two), TableFit(None, {k: value + 1 for k, value in two.items()}))
    finding = StructureFinding("cards", 1000, TableFit(None, one), drawn, (ColumnDip("a", 0.1, 0.5),))
    record = replace(board.run.record, structure=(finding,))
    elbow = picture("elbow", replace(board, run=replace(board.run, record=record)))
    assert "the gap statistic gives no support for more than one cluster" in elbow.finding
    assert "1" in {row[1] for row in elbow.rows if row[0] == "gap of k-means"}


def test_a_name_is_drawn_as_it_is_on_one_short_line(board: Board) -> None:
    made = with_entries(board, *[{"name": name} for name in ("a$b$", "a\nb", "x" * 50)])
    assert {"a$b$ · raw", "a b · raw", f"{'x' * 22}…{'x' * 15} · raw"} <= set(texts(picture("leaderboard", made)))


def test_figures_have_names_titles_and_orders_of_their_own() -> None:
    every = all_figures()
    assert all(isinstance(figure, Figure) for figure in every)
    for attribute in ("name", "title", "order"):
        assert len({getattr(figure, attribute) for figure in every}) == len(every)
