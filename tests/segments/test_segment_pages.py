"""The summary and the dashboard as files: what they hold, what they leave out, how large they are."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.segments import (
    PARTS,
    ColumnSource,
    Segmentation,
    SegmentDescription,
    customer_labels,
    describe,
    write_parts,
)
from clusterbench.structure import StructureVerdict

HOSTILE = "<script>alert(1)</script>&\"'`|\x00\u202e"


def render(description: SegmentDescription, file: str) -> str:
    (part,) = [one for one in PARTS if one.file == file]
    text = part.render(description)
    assert isinstance(text, str)
    return text


@pytest.fixture(scope="module")
def description(planted: Segmentation, make_segmentation: Any) -> SegmentDescription:
    finer = make_segmentation(
        planted.table, np.where(planted.margin < 1, 4, planted.segment), features=planted.features
    )
    return describe(planted, finer=finer, notes=("The first place is likely to lose 0.08.",))


def test_the_summary_says_what_a_manager_asks(description: SegmentDescription) -> None:
    text = render(description, "summary.md")
    assert "400 rows in 3 segments: low SALES (50 %); high SALES, low VISITS (30 %); high SALES, high VISITS" in text
    assert re.search(r"SALES: mean \d+(\.\d+)?, others \d+", text)
    assert re.search(r"Rule: SALES ≤ \d+", text)
    assert "The first place is likely to lose 0.08." in text
    assert "2 of 3 segments come back" in text
    assert "That high SALES, high VISITS would be found again in another sample." in text
    assert "That AREA formed the segments: they were not used for clustering." in text
    assert "VISITS (2.0 %)" in text


def test_a_table_without_clusters_is_said_first(planted: Segmentation) -> None:
    text = render(describe(planted, structure=StructureVerdict.NOT_FOUND), "summary.md")
    sure, cautions = text.split("## How sure this is")[1].split("## What not to conclude")
    assert sure.lstrip().startswith("- No clusters were found in this table, so other ways of dividing the rows may be")
    assert cautions.lstrip().startswith(
        "- That the rows fall into separate groups: no clusters were found in this table"
    )
    assert "No clusters" not in render(describe(planted, structure=StructureVerdict.FOUND), "summary.md")


def test_a_segmentation_without_numbers_of_segments_says_so(planted: Segmentation) -> None:
    page = render(describe(replace(planted, k_curve=planted.k_curve.iloc[:0])), "dashboard.html")
    assert "This setting has no number of segments to choose" in page


def test_pairs_that_are_not_shown_are_counted_and_equal_colours_said(make_segmentation: Any) -> None:
    segment = np.repeat(range(1, 9), 20)
    table = pd.DataFrame({"A": 9.0 * segment + np.random.default_rng(0).normal(size=160)})
    page = render(describe(make_segmentation(table, segment)), "dashboard.html")
    assert "Shown are 15 of 28 pairs, those of the first 6 segments" in page
    colours = json.loads(re.search(r'id="points">(.*?)</script>', page)[1])["colours"][1:]
    assert (len(set(colours)), colours[7]) == (7, colours[0])
    assert "colours repeat after 7 segments" in page


def test_levels_of_categories_are_described_by_their_shares(make_segmentation: Any) -> None:
    segment = np.repeat([1, 2, 3], 40)
    region = np.where(segment == 1, "north", np.where(np.arange(120) % 2, "south", "west"))
    levels = ("north", "south", "west")
    table = pd.DataFrame({f"region={one}": (region == one).astype(float) for one in levels})
    table["age"] = np.where(segment == 3, 60.0, 30.0) + np.random.default_rng(0).normal(size=120)
    ones = {f"region={one}": tuple(float(one == other) for other in levels) for one in levels}
    sources = {name: ColumnSource("region", levels, values) for name, values in ones.items()}
    description = describe(make_segmentation(table, segment, sources=sources))
    assert description.called[0] == "region north, low age"
    assert description.rules.rules[0].text == "region is north"
    text = render(description, "summary.md")
    assert "- region north: 100 %, others 0 %" in text
    assert "region=" not in text
    gaps = make_segmentation(
        table.rename(columns={"region=north": "region=(missing)"}),
        segment,
        sources={"region=(missing)": ColumnSource("region", missing=1.0)},
    )
    assert describe(gaps).rules.rules[0].text == "region is missing"
    page = render(description, "dashboard.html")
    points = json.loads(re.search(r'id="points">(.*?)</script>', page)[1])
    assert [axis for axis in points["axes"] if not axis.startswith("component")] == ["age"]
    assert "100 %<small>" in page
    assert customer_labels(description.segmentation, description.called)["reasons"][0].startswith("region north")


def test_both_forms_of_the_summary_say_the_same(description: SegmentDescription) -> None:
    page, text = render(description, "summary.html"), render(description, "summary.md")
    for sentence in re.findall(r"<li>(.*?)</li>", page):
        assert sentence.replace("&#39;", "'").replace("&gt;", ">") in text.replace("\\", "")


def test_the_dashboard_holds_every_table(description: SegmentDescription) -> None:
    page = render(description, "dashboard.html")
    for words in (
        "Cliff&#39;s delta (95 %)",
        "Medoid",
        "Borderline rows",
        "2 · high SALES, low VISITS against 3",
        "profile only",
    ):
        assert words in page
    assert "Silhouette" in page
    assert "One more segment: where its rows come from" in page
    assert "splits into" in page


def test_pages_ask_for_nothing_from_outside(description: SegmentDescription) -> None:
    for file in ("summary.html", "dashboard.html"):
        page = re.sub(r'<script type="text/plain".*?</script>', "", render(description, file), flags=re.DOTALL)
        assert "default-src 'none'" in page.replace("&#39;", "'")
        outside = set(re.findall(r"https?://[^\s\"'<)]+", page))
        assert outside <= {"http://www.w3.org/2000/svg"}


def test_the_script_for_three_dimensions_is_plotly_itself_and_the_page_stays_small(
    description: SegmentDescription,
) -> None:
    plotly = pytest.importorskip("plotly")
    page = render(description, "dashboard.html")
    assert len(page.encode()) < 3_000_000
    packed = re.search(r'id="plotly">([^<]+)<', page)
    assert packed is not None
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert gzip.decompress(base64.b64decode(packed[1])) == source.read_bytes()


def test_without_plotly_the_page_says_so_and_keeps_its_picture(
    description: SegmentDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: name != "plotly" and find_spec(name, *more))
    page = render(description, "dashboard.html")
    assert "needs plotly where this page is made" in page
    assert 'id="show"' not in page
    assert page.count("<path") >= 3


def test_a_page_without_rows_contains_no_id_and_no_row(planted: Segmentation, tmp_path: Path) -> None:
    # Values that no rounding, quantile or mean of other rows can give.
    table = planted.table.copy()
    table["SALES"] += np.arange(400) * 1e-7
    shown = describe(replace(planted, table=table))
    assert "shop-" in render(shown, "dashboard.html")
    write_parts(shown, tmp_path)
    hidden = describe(replace(planted, table=table), with_rows=False)
    paths = write_parts(hidden, tmp_path)
    names = {part.file for part in PARTS if not part.of_rows}
    assert {path.name for path in paths} == names
    assert {path.name for path in tmp_path.iterdir()} == names
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "shop-" not in text, path.name
        assert "Medoid" not in text
    points = json.loads(re.search(r'id="points">(.*?)</script>', render(hidden, "dashboard.html"))[1])
    assert (points["ids"], points["sizes"], len(points["values"][0])) == ([], [200, 120, 80], 3)
    rows = {tuple(f"{value:.4g}" for value in row) for row in table[["SALES", "AREA"]].to_numpy()}
    at = [points["axes"].index(name) for name in ("SALES", "AREA")]
    assert not {tuple(f"{points['values'][axis][p]:.4g}" for axis in at) for p in range(3)} & rows


def test_a_segment_too_small_to_hide_its_rows_is_refused_without_rows(make_segmentation: Any) -> None:
    table = pd.DataFrame({"A": np.arange(20.0)})
    segmentation = make_segmentation(table, np.repeat([1, 2], [17, 3]))
    with pytest.raises(RequestError, match="segment 2 has 3 rows"):
        describe(segmentation, with_rows=False)


def test_a_sample_of_points_is_stratified_and_said(make_segmentation: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"A": rng.normal(size=5000), "B": rng.normal(size=5000)})
    segment = np.repeat([1, 2], [4950, 50])
    page = render(describe(make_segmentation(table, segment)), "dashboard.html")
    points = json.loads(re.search(r'id="points">(.*?)</script>', page)[1])
    counts = np.bincount(points["segment"])
    assert counts.tolist() == [0, 1980, 20]
    assert "2,000 of 5,000 rows, sampled by segment" in page


def test_hostile_names_stay_text(planted: Segmentation) -> None:
    table = planted.table.rename(columns={"SALES": HOSTILE}).rename(index=lambda one: f"{one}{HOSTILE}")
    hostile = replace(
        planted,
        table=table,
        features=(HOSTILE, "VISITS"),
        space_columns=(HOSTILE, "VISITS"),
        dataset=HOSTILE,
        title=HOSTILE,
    )
    description = describe(hostile)
    for file in ("summary.html", "dashboard.html"):
        page = render(description, file)
        assert "<script>alert" not in page
        assert "\x00" not in page
        assert "\u202e" not in page
    assert "<script>" not in render(description, "summary.md").replace("\\<", "")


def test_the_same_segmentation_gives_the_same_files(planted: Segmentation) -> None:
    one, other = describe(planted), describe(planted)
    for part in PARTS:
        if part.applies(one):
            assert part.render(one) == part.render(other), part.file


def test_rows_without_a_segment_are_counted_and_drawn_apart(planted: Segmentation, make_segmentation: Any) -> None:
    segment = np.where(np.arange(400) % 40 == 0, 0, planted.segment)
    description = describe(make_segmentation(planted.table, segment, features=planted.features))
    summary = render(description, "summary.md")
    assert "the 10 rows that have no segment" in summary
    assert "390 of 400 rows in 3 segments, 10 in none: " in summary
    page = render(description, "dashboard.html")
    assert "small grey dots have no segment" in page
    points = json.loads(re.search(r'id="points">(.*?)</script>', page)[1])
    assert np.bincount(points["segment"]).tolist() == [10, 195, 117, 78]
    assert sum(leaf.size for leaf in description.rules.tree.leaves) == 390
