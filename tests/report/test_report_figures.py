"""Figures: valid SVG with a title, in the page's own colours, with the numbers that the tables hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np
import pytest

from clusterbench.report.figures.rank_intervals import _front
from clusterbench.report.figures.selection_of_figures import figure_titles, figures_of, series_of
from clusterbench.report.figures.svg import Picture
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ["leaderboard", "rank-flow", "scores-against-k", "elbow", "heat-map", "metric-correlation", "fit-time"]
EMPTY = ["scores-against-k"]


def pictures_of(run: Run) -> list[Picture]:
    return [picture for pictures in figures_of(run, sections_of(run)).values() for picture in pictures]


@pytest.fixture(scope="module")
def pictures(mixed_run: Run) -> dict[str, Picture]:
    return {picture.name: picture for picture in pictures_of(mixed_run)}


@pytest.fixture(params=["mixed_run", "rejected_run", "hostile_run"], scope="module")
def any_pictures(request: pytest.FixtureRequest) -> list[Picture]:
    return pictures_of(request.getfixturevalue(request.param))


def ids(root: ET.Element) -> list[str]:
    return [element.attrib["id"] for element in root.iter() if "id" in element.attrib]


def references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href":
                assert value.startswith("#")
                yield value[1:]
            yield from re.findall(r"url\(#([^)]+)\)", value)


def test_every_figure_is_a_named_and_described_image(any_pictures: list[Picture]) -> None:
    assert [picture.name for picture in any_pictures] in (KINDS, EMPTY)
    for picture in any_pictures:
        root = ET.fromstring(picture.body)
        assert root.attrib["role"] == "img"
        named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
        assert [element.text for element in named if element is not None] == [picture.title, picture.description]
        assert root.attrib["aria-labelledby"].split() == [e.attrib["id"] for e in named if e is not None]
        assert ET.fromstring(picture.file.encode()).find(f"{SVG}style") is not None


def test_ids_are_unique_on_the_page_and_every_reference_finds_its_own(any_pictures: list[Picture]) -> None:
    roots = [ET.fromstring(picture.body) for picture in any_pictures]
    every = [identity for root in roots for identity in ids(root)]
    assert len(set(every)) == len(every)
    for root in roots:
        assert set(references(root)) <= set(ids(root))


def test_nothing_in_a_figure_is_black_or_of_the_whole_page(any_pictures: list[Picture]) -> None:
    for picture in any_pictures:
        assert "#000000" not in picture.body
        assert "<style" not in picture.body
        assert "DejaVu" not in picture.body
        assert "metadata" not in picture.body


def test_axes_and_names_take_the_colour_of_the_page(pictures: dict[str, Picture]) -> None:
    for picture in pictures.values():
        texts = list(ET.fromstring(picture.body).iter(f"{SVG}text"))
        assert "currentColor" in {element.attrib.get("fill") for element in texts}


def test_the_same_run_gives_the_same_bytes(mixed_run: Run, pictures: dict[str, Picture]) -> None:
    assert {picture.name: picture for picture in pictures_of(mixed_run)} == pictures


def test_the_readers_own_matplotlib_settings_change_nothing(mixed_run: Run, pictures: dict[str, Picture]) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "text.color": "red", "svg.fonttype": "path"}):
        assert pictures_of(mixed_run)[0] == pictures["leaderboard"]


def test_titles_are_known_without_drawing(mixed_run: Run, pictures: dict[str, Picture]) -> None:
    (section,) = sections_of(mixed_run)
    assert figure_titles(mixed_run, section, 0, several=False) == [(p.name, p.title) for p in pictures.values()]


def test_text_stays_text_and_a_dollar_a_dollar(hostile_run: Run) -> None:
    (board, *_) = pictures_of(hostile_run)
    texts = [element.text or "" for element in ET.fromstring(board.body).iter(f"{SVG}text")]
    assert any("@<script>" in text for text in texts)


def test_the_leaderboard_figure_shows_the_ranks_of_the_table(mixed_run: Run, pictures: dict[str, Picture]) -> None:
    rows = pictures["leaderboard"].rows
    table = mixed_run.board.table
    assert [int(row[0]) for row in rows] == table["rank"].tolist()
    assert [float(row[2]) for row in rows] == table["mean_rank"].round(2).tolist()


def test_the_heat_map_has_the_best_mean_rank_and_gaps_for_what_was_refused(
    mixed_run: Run, pictures: dict[str, Picture]
) -> None:
    picture = pictures["heat-map"]
    assert picture.header == ("algorithm", "raw", "log1p")
    found = {row[0]: row[1:] for row in picture.rows}
    table = mixed_run.board.table
    best = table[(table["algorithm"] == "kmeans")].groupby("variant")["mean_rank"].min()
    assert found["kmeans"] == (f"{best['raw']:.2f}", f"{best['log1p']:.2f}")
    assert found["agglomerative (linkage=average)"] == ("no rank", "no rank")
    assert found["dbscan"][0] == "no rank"


def test_the_series_against_k_are_means_over_seeds_on_the_best_variant(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    series, points = series_of(mixed_run, section)
    assert series[0] == "agglomerative (linkage=ward) · log1p"
    assert "agglomerative (linkage=average) · log1p" in series
    mine = points[(points["series"] == "kmeans · log1p") & (points["n_clusters"] == 3)]
    mine = mine[(mine["metric"] == "silhouette") & (mine["space"] == "standard")]
    scores = mixed_run.scores
    rows = scores[(scores["algorithm"] == "kmeans") & (scores["variant"] == "log1p") & (scores["k"] == 3)]
    rows = rows[(rows["metric"] == "silhouette") & (rows["space"] == "standard")]
    np.testing.assert_allclose(mine["value"], [rows["value"].mean()])
    refused = points["series"].str.contains("average")
    assert not points.loc[refused, "ok"].any()
    assert not points.loc[points["series"].str.startswith("dbscan"), "by_k"].any()


def test_the_front_is_what_no_faster_contender_beats(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    front = _front(section.entries)
    contenders = [entry for entry in section.entries if not entry.control]
    for entry in contenders:
        beaten = any(
            o.fit_seconds <= entry.fit_seconds and o.mean_rank <= entry.mean_rank and o is not entry for o in contenders
        )
        assert (entry in front) == (not beaten)


def test_several_tables_have_figures_of_their_own(make_run) -> None:
    run = make_run(datasets=["cards", "wine"], seeds=(0,))
    names = [picture.name for picture in pictures_of(run)]
    assert names[0] == "leaderboard-1-all-datasets"
    assert names[1:] == [f"{kind}-{i}-{name}" for i, name in ((2, "cards"), (3, "wine")) for kind in KINDS]
