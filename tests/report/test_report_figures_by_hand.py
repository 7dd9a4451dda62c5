"""Every figure from entries made by hand: none, one, two, without numbers, with long and hostile names."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clusterbench.report.figures.cluster_view import view_of
from clusterbench.report.figures.elbow import elbow_figure
from clusterbench.report.figures.heat_map import heat_figure
from clusterbench.report.figures.pareto import pareto_figure
from clusterbench.report.figures.rank_flow import apart, correlation_figure, correlations, flow_figure
from clusterbench.report.figures.rank_intervals import board_figure, time_figure
from clusterbench.report.figures.scores_by_k import SERIES_COLUMNS, Panels, _band, k_figure
from clusterbench.report.figures.style import literal, look, new_figure
from clusterbench.report.figures.svg import Picture
from clusterbench.report.printed import NOTHING
from clusterbench.report.report_entries import Entry
from clusterbench.structure import GapStatistic

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<svg onload=x>&\"' $\\frac{1}{2}$ ]]> -- \U0001f600 " + "long " * 30
COLUMNS = ("silhouette@standard", "davies_bouldin@standard", "stability")
NO_BANDS = pd.DataFrame(columns=["space", "metric", "k", "mean", "low", "high"])
BASE = MappingProxyType(
    {
        "rank": 1,
        "variant": "raw",
        "mean_rank": 1.0,
        "rank_low": 1,
        "rank_high": 2,
        "fit_seconds": 0.5,
        "pareto": True,
        "control": False,
        "oracle": False,
        "flags": "",
        "silhouette@standard": 0.5,
        "davies_bouldin@standard": 0.5,
        "stability": 0.9,
    }
)


def entry(number: int = 1, name: str = "kmeans", **row: object) -> Entry:
    """An entry without cells; what is not given is as in `BASE`."""
    values = {**BASE, "rank": number, "mean_rank": float(number), **row}
    nothing = pd.DataFrame()
    return Entry(values, name, f"{name} · {values['variant']}", f"entry-{number}", nothing, nothing)


NO_NUMBERS = dict.fromkeys(("rank_low", "rank_high", "fit_seconds", *COLUMNS), math.nan)
BOARDS: Mapping[str, Sequence[Entry]] = {
    "none": (),
    "one": (entry(),),
    "two": (entry(), entry(2, "ward", control=True, pareto=False, fit_seconds=900.0)),
    "without numbers": (entry(**NO_NUMBERS, pareto=False), entry(2, **{**NO_NUMBERS, "pareto": False})),
    "pandas NA": (entry(rank_low=pd.NA, rank_high=pd.NA, fit_seconds=pd.NA, stability=pd.NA),),
    "no time": (entry(fit_seconds=0.0), entry(2, fit_seconds=1e-9), entry(3, fit_seconds=1e9)),
    "hostile": (entry(1, NASTY, variant=NASTY), entry(2, NASTY[::-1], variant=NASTY)),
}


def _k_points(entries: Sequence[Entry]) -> pd.DataFrame:
    rows = [(e.label, True, k, "silhouette", "log1p", 0.1 * k, k > 2) for e in entries for k in (2, 3)]
    return pd.DataFrame(rows, columns=list(SERIES_COLUMNS))


def _curve() -> pd.DataFrame:
    return pd.DataFrame({"k": [2, 3, 4], "inertia": [9.0, 4.0, 3.0], "elbow": [False, True, False]})


DRAW: Mapping[str, Callable[[Sequence[Entry], str], Picture]] = {
    "board": lambda entries, title: board_figure(entries, name="x", title=title),
    "time": lambda entries, title: time_figure(entries, name="x", title=title),
    "pareto": lambda entries, title: pareto_figure(entries, name="x", title=title),
    "flow": lambda entries, title: flow_figure(
        entries, {e.anchor: {NASTY: 2, "b": 1} for e in entries}, spaces=[NASTY, "b"], name="x", title=title
    ),
    "heat": lambda entries, title: heat_figure(
        entries, algorithms=[e.name for e in entries] or ["kmeans"], variants=["raw", NASTY], name="x", title=title
    ),
    "k": lambda entries, title: k_figure(
        _k_points(entries),
        Panels([e.label for e in entries], ["silhouette"], ["log1p"], (2, 3), NO_BANDS),
        name="x",
        title=title,
    ),
}


@pytest.mark.parametrize(("kind", "board"), list(itertools.product(DRAW, BOARDS)))
def test_every_figure_of_every_board_is_a_named_image_with_its_numbers(kind: str, board: str) -> None:
    picture = DRAW[kind](BOARDS[board], NASTY)
    root = ET.fromstring(picture.body)
    assert (root.tag, root.get("role"), root.get("aria-labelledby")) == (f"{SVG}svg", "img", "x-title x-desc")
    assert [(root[i].tag, root[i].get("id")) for i in (0, 1)] == [(f"{SVG}title", "x-title"), (f"{SVG}desc", "x-desc")]
    assert (root[0].text, root[1].text) == (NASTY, picture.description)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(found).startswith("x-") for found in ids)
    assert "onload" not in {name for element in root.iter() for name in element.attrib}
    assert not {"script", "image", "foreignObject"} & {str(e.tag).removeprefix(SVG) for e in root.iter()}
    assert all(len(row) == len(picture.header) for row in picture.rows)
    assert not re.search(r"\b(nan|inf|NaN)\b", " ".join(root[2].itertext() if len(root) > 2 else ()))


@pytest.mark.parametrize("kind", sorted(DRAW))
def test_the_same_entries_give_the_same_bytes(kind: str) -> None:
    assert DRAW[kind](BOARDS["hostile"], "t").file == DRAW[kind](BOARDS["hostile"], "t").file


def test_a_file_is_the_body_with_a_colour_of_its_own() -> None:
    picture = board_figure(BOARDS["two"], name="x", title="t")
    root = ET.fromstring(picture.file.encode())
    assert root[0].tag == f"{SVG}style"
    assert "prefers-color-scheme:dark" in str(root[0].text)
    root.remove(root[0])
    assert ET.tostring(root) == ET.tostring(ET.fromstring(picture.body))


def test_the_board_says_rank_interval_and_marks_and_leaves_gaps_for_what_is_missing() -> None:
    entries = [entry(flags="x"), entry(2, "ward", control=True, pareto=False, rank_low=math.nan, mean_rank=2.3456)]
    picture = board_figure(entries, name="x", title="t")
    assert picture.rows == (
        ("1", "1 to 2", "1.00", "kmeans · raw", "Pareto, incomplete"),
        ("2", NOTHING, "2.35", "ward · raw", "control"),
    )
    assert picture.description.startswith(
        "The first 2 of 2 entries, best on top. Best mean rank: kmeans · raw, 1.00. A disc is a rank"
    )


@pytest.mark.parametrize(("n", "shown"), [(29, 29), (30, 30), (31, 30)])
def test_a_long_board_is_cut_and_says_so(n: int, shown: int) -> None:
    picture = board_figure([entry(number + 1) for number in range(n)], name="x", title="t")
    assert len(picture.rows) == shown
    assert picture.description.startswith(f"The first {shown} of {n} entries")


def test_only_entries_with_a_time_are_timed_and_the_front_is_told() -> None:
    entries = [
        entry(1, "slow", fit_seconds=10.0),
        entry(2, "fast", fit_seconds=0.1),
        entry(3, "dominated", fit_seconds=5.0),
        entry(4, "no time", fit_seconds=math.nan),
        entry(5, "control", fit_seconds=0.01, control=True),
    ]
    picture = time_figure(entries, name="x", title="t")
    text = " ".join(" ".join(row) for row in picture.rows)
    assert "no time" not in text
    assert len(picture.rows) == 4
    assert picture.description.endswith("both faster and better ranked: 2 fast · raw; 1 slow · raw.")
    # Labels would cover one another: the points carry their ranks.
    assert not any("raw" in text for text in texts(picture))
    assert {"1", "2"} <= set(texts(picture))


def test_controls_do_not_stretch_the_axes_and_what_lies_beyond_is_told() -> None:
    rows = [("a", True, k, "davies_bouldin", "s", 1.0 + 0.1 * k, True) for k in (2, 3)]
    rows += [("random", True, k, "davies_bouldin", "s", 5.0 * k + 1.0, True) for k in (2, 3)]
    points = pd.DataFrame(rows, columns=list(SERIES_COLUMNS))
    bands = pd.DataFrame([("s", "davies_bouldin", k, 2.0, 1.5, 2.5) for k in (2, 3)], columns=NO_BANDS.columns.tolist())
    panels = Panels(["a", "random"], ["davies_bouldin"], ["s"], (2, 3), bands, frozenset({"random"}))
    picture = k_figure(points, panels, name="x", title="t")
    assert "controls go on beyond: Davies-Bouldin of random (11.0000 to 16.0000)." in picture.description
    assert not {"5.0", "10.0", "15.0", "10", "15"} & set(texts(picture))
    assert len(picture.rows) == 6
    free = k_figure(points, replace(panels, controls=frozenset()), name="x", title="t")
    assert "beyond" not in free.description
    assert {"10", "10.0", "15", "15.0"} & set(texts(free))


@pytest.mark.parametrize(("ks", "ends"), [((2,), (1.8, 2.2)), ((2, 3, 4), (2.0, 4.0))])
def test_the_random_band_has_a_width_even_with_a_single_k(ks: tuple[int, ...], ends: tuple[float, float]) -> None:
    axes = new_figure(3.0, 3.0).add_subplot()
    columns = ["space", "metric", "n_clusters", "mean", "low", "high"]
    _band(axes, pd.DataFrame([("s", "silhouette", k, 0.2, 0.1, 0.3) for k in ks], columns=columns))
    (band,) = axes.collections
    at = band.get_paths()[0].vertices
    assert (at[:, 0].min(), at[:, 0].max()) == pytest.approx(ends)
    assert (at[:, 1].min(), at[:, 1].max()) == pytest.approx((0.1, 0.3))


def test_the_pareto_figure_leaves_out_what_has_no_stability() -> None:
    entries = [entry(1, "a"), entry(2, "b", stability=math.nan), entry(3, "c", pareto=False, control=True)]
    picture = pareto_figure(entries, name="x", title="t")
    assert picture.rows == (
        ("1", "1.00", "0.900", "0.500", "a · raw", "Pareto"),
        ("3", "3.00", "0.900", "0.500", "c · raw", "control"),
    )
    assert picture.description.endswith("with their ranks: 1 a · raw.")
    assert "no entry has a rank and a stability" in pareto_figure(entries[1:2], name="x", title="t").body


def test_the_heat_map_takes_the_best_entry_of_each_place() -> None:
    entries = [entry(3, "a", variant="v"), entry(1, "a", variant="v"), entry(2, "b", variant="w")]
    picture = heat_figure(entries, algorithms=["a", "b"], variants=["v", "w"], name="x", title="t")
    assert (picture.header, picture.rows) == (
        ("algorithm", "v", "w"),
        (("a", "1.00", "no rank"), ("b", "no rank", "2.00")),
    )


def test_the_heat_map_of_many_variants_says_what_it_leaves_out() -> None:
    variants = [f"v{number}" for number in range(41)]
    picture = heat_figure([entry(variant="v0")], algorithms=["kmeans"], variants=variants, name="x", title="t")
    assert len(picture.header) == 41
    assert picture.description.endswith("The first 40 of 41 variants.")


def test_the_flow_leaves_controls_out_and_tells_the_farthest_move() -> None:
    entries = [entry(1, "a"), entry(2, "b"), entry(3, "c", control=True)]
    ranks = {"entry-1": {"s": 1, "t": 2}, "entry-2": {"s": 5, "t": 2}, "entry-3": {"s": 9, "t": 9}}
    picture = flow_figure(entries, ranks, spaces=["s", "t"], name="x", title="t")
    assert picture.rows == (("a · raw", "1", "1", "2"), ("b · raw", "2", "5", "2"))
    assert picture.header == ("entry", "published rank", "rank in s alone", "rank in t alone")
    assert picture.description.endswith("The farthest move is that of b · raw: 3 places.")


def texts(picture: Picture) -> list[str]:
    return [text.text or "" for text in ET.fromstring(picture.body).iter(f"{SVG}text")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rank", [1, 7])
@pytest.mark.parametrize("n", [1, 2, 14, 30])
def test_entries_that_all_tie_flow_in_one_line_with_labels_in_the_picture(n: int, rank: int) -> None:
    entries = [entry(rank, f"a{i}") for i in range(n)]
    entries = [replace(one, anchor=f"entry-{i}") for i, one in enumerate(entries)]
    ranks = {one.anchor: {"s": rank, "t": rank} for one in entries}
    picture = flow_figure(entries, ranks, spaces=["s", "t"], name="x", title="t")
    root = ET.fromstring(picture.body)
    height = float(str(root.get("viewBox")).split()[3])
    labels = [t for t in root.iter(f"{SVG}text") if (t.text or "").endswith("· raw")]
    assert len(labels) == min(n, 14)
    places = [float(str(t.get("y"))) for t in labels]
    assert all(0 < place < height for place in places)
    assert all(below - above > 7 for above, below in itertools.pairwise(sorted(places)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["board", "time", "pareto", "flow"])
@pytest.mark.parametrize("ranks", [(1.0, 1.0), (10.25, 10.25), (1.2, 1.8), (3.0, 50.0)])
def test_rank_axes_have_whole_numbers(kind: str, ranks: tuple[float, float]) -> None:
    entries = [
        entry(1, mean_rank=mean, rank_low=1, rank_high=1, fit_seconds=seconds, stability=seconds)
        for mean, seconds in zip(ranks, (300.5, 700.5), strict=True)
    ]
    numbers = [text for text in texts(DRAW[kind](entries, "t")) if re.fullmatch(r"-?[\d.]+", text)]
    if kind in ("board", "flow"):
        assert not any("." in text for text in numbers)
    whole = [int(text) for text in numbers if "." not in text]
    low, high = (1, 1) if kind == "flow" else map(int, ranks)
    assert any(low - 1 <= number <= high + 1 for number in whole)


@pytest.mark.parametrize(
    ("heights", "least", "placed"),
    [
        ([], 1.0, []),
        ([3.0], 1.0, [3.0]),
        ([1.0, 1.0, 1.0], 0.5, [1.0, 1.5, 2.0]),
        ([3.0, 1.0, 2.0], 1.0, [3.0, 1.0, 2.0]),
        ([2.0, 1.0, 1.2], 1.0, [3.0, 1.0, 2.0]),
    ],
)
def test_heights_move_apart_as_little_as_their_order_allows(
    heights: list[float], least: float, placed: list[float]
) -> None:
    assert apart(heights, least) == placed


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_entries_have_no_correlation(n: int) -> None:
    entries = [entry(number + 1, stability=0.1 * number) for number in range(n)]
    assert np.isnan(correlations(entries, list(COLUMNS))).all()


def test_correlations_by_hand_and_their_figure() -> None:
    values = [(0.1, 3.0, 0.9), (0.2, 2.0, 0.8), (0.3, 1.0, 0.75), (0.4, 0.5, 0.7)]
    entries = [entry(i + 1, **dict(zip(COLUMNS, row, strict=True))) for i, row in enumerate(values)]
    entries.append(entry(5, control=True, stability=5.0))
    expected = [[1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]  # Davies-Bouldin turned: lower is better
    np.testing.assert_allclose(correlations(entries, list(COLUMNS)), expected)
    picture = correlation_figure(entries, list(COLUMNS), name="x", title="t")
    assert [row[1:] for row in picture.rows] == [tuple(f"{v:.2f}" for v in row) for row in expected]
    assert picture.header == ("column", "Silhouette, standard", "Davies-Bouldin, standard", "Stability")
    assert "over 4 contenders" in picture.description


@pytest.mark.parametrize(("k", "words"), [(3, "suggests k = 3."), (None, "suggests no k.")])
def test_the_elbow_with_and_without_a_gap(k: int | None, words: str) -> None:
    gaps = pd.DataFrame({"k": [2, 3, 4], "gap": [0.1, 0.5, 0.4], "error": [0.01, 0.02, 0.03]})
    found = GapStatistic(curve=gaps, k=k)
    picture = elbow_figure({NASTY: _curve(), "b": _curve()}, (NASTY, found), name="x", title="t")
    assert picture.rows[1] == (NASTY, "3", "4.00000", "elbow", "0.500", "0.020")
    assert picture.rows[4] == ("b", "3", "4.00000", "elbow", NOTHING, NOTHING)
    assert words in picture.description
    assert "suggests" not in elbow_figure({"b": _curve()}, None, name="x", title="t").description


def test_the_numbers_of_the_k_figure_tell_the_gate() -> None:
    picture = DRAW["k"](BOARDS["one"], "t")
    assert picture.rows == (
        ("kmeans · raw", "2", "Silhouette", "log1p", "0.2000", "rejected"),
        ("kmeans · raw", "3", "Silhouette", "log1p", "0.3000", "passed"),
    )


def test_fifty_six_series_look_different() -> None:
    looks = {(look(i).colour, look(i).mark) for i in range(56)}
    assert len(looks) == 56
    assert (look(56).colour, look(56).mark) == (look(0).colour, look(0).mark)


@pytest.mark.parametrize(
    ("text", "drawn"), [("a$b$", r"a\$b\$"), ("a\nb", "a b"), ("x" * 50, "x" * 22 + "…" + "x" * 21)]
)
def test_names_are_drawn_literally_on_one_short_line(text: str, drawn: str) -> None:
    assert literal(text) == drawn


@pytest.mark.parametrize(
    ("labels", "paths", "numbers"),
    [([], 0, []), ([0], 1, ["0"]), ([-1, -1], 1, []), ([0, 1, -1], 3, ["0", "1"]), ([*range(14)], 14, None)],
)
def test_a_view_has_a_path_per_cluster_and_one_for_noise(
    labels: list[int], paths: int, numbers: list[str] | None
) -> None:
    n = len(labels)
    points = pd.DataFrame({"x": np.arange(n, dtype=float), "y": np.zeros(n), "share_x": 0.6, "share_y": 0.2})
    view = view_of(points, labels, NASTY)
    root = ET.fromstring(view.body)
    assert root.get("aria-label") == f"Clusters of {NASTY}"
    assert len([e for e in root if e.tag == "path"]) == paths
    assert [e.text for e in root if e.tag == "text"] == (
        numbers if numbers is not None else [str(i) for i in range(12)]
    )
    assert view.told.startswith(f"{n} rows")
    assert ("small dots are noise" in view.told) == (-1 in labels)
    assert (" 80 %" in view.told) == (n > 0)
    for x, y in re.findall(r"M(-?\d+) (-?\d+)", view.body):
        assert 0 <= int(x) <= 260
        assert 0 <= int(y) <= 260


def test_the_correlation_of_metrics_leaves_out_incomplete_pairs() -> None:
    values = zip((0.1, 0.2, 0.3, 0.4), (0.9, 0.8, np.nan, 0.7), strict=True)
    entries = [SimpleNamespace(control=False, row={"a": a, "c": c}) for a, c in values]
    np.testing.assert_allclose(correlations(entries, ["a", "c"]), [[1.0, -1.0], [-1.0, 1.0]])
