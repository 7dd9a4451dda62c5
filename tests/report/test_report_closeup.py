"""The drill-down: clusters, noise policies, cuts, agreement, and a picture that says what it shows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import METRICS
from clusterbench.report.closeup import Closeup, Closeups, agreement_table, reading
from clusterbench.report.figures.cluster_view import view_of
from clusterbench.report.report_entries import Entry, sections_of
from clusterbench.results import Run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def looks(full_run: Run) -> list[tuple[Entry, Closeup]]:
    (section,) = sections_of(full_run)
    closeups = Closeups.of(full_run)
    return [(entry, closeups.at(entry, section)) for entry in section.entries]


def test_every_cluster_has_its_size_silhouettes_and_stability(
    full_run: Run, looks: list[tuple[Entry, Closeup]]
) -> None:
    for entry, look in looks:
        assert look.clusters.header[2:4] == ("Silhouette in standard", "Silhouette in log1p")
        assert [int(row[1]) for row in look.clusters.rows] == list(entry.sizes)
        assert [row[2] for row in look.clusters.rows] == [f"{0.1 * c - 0.05:.3f}" for c in range(len(entry.sizes))]
        assert [row[4:] for row in look.clusters.rows[:2]] == [
            ("0.90", "highly stable"),
            ("0.70", "a pattern, in doubt"),
        ]


@pytest.mark.parametrize(
    ("jaccard", "words"), [(0.85, "highly stable"), (0.75, "valid, stable"), (0.6, "a pattern, in doubt"),
                           (0.59, "not to be trusted"), (float("nan"), "")]
)  # fmt: skip
def test_the_reading_of_a_jaccard_is_that_of_hennig(jaccard: float, words: str) -> None:
    assert reading(jaccard) == words


def test_noise_policies_stand_where_there_is_noise_only(full_run: Run, looks: list[tuple[Entry, Closeup]]) -> None:
    assert {bool(look.policies.rows) for entry, look in looks if not entry.n_noise} == {False}
    ((entry, look), *_) = [(entry, look) for entry, look in looks if entry.n_noise]
    assert look.policies.header == ("Score", "zero, declared", "drop", "cluster", "nearest")
    found = full_run.details.policies
    mine = found[found["labels_sha256"].isin(entry.cells["labels_sha256"]) & (found["space"] == "log1p")]
    means = mine[mine["metric"] == "silhouette"].groupby("policy")["value"].mean()
    (row,) = [row for row in look.policies.rows if row[0] == "Silhouette, log1p"]
    assert row[1:] == tuple(f"{means[policy]:.4f}" for policy in ("zero", "drop", "cluster", "nearest"))
    assert row[1] == f"{entry.row['silhouette@log1p']:.4f}"


def test_every_cut_is_there_and_the_chosen_one_is_marked(full_run: Run, looks: list[tuple[Entry, Closeup]]) -> None:
    for entry, look in looks:
        cells = full_run.cells
        mine = cells[["algorithm", "params", "variant"]] == [entry.row[n] for n in ("algorithm", "params", "variant")]
        assert len(look.cuts.rows) == cells[mine.all(axis=1)]["cut"].nunique()
        (chosen,) = [row for row in look.cuts.rows if row[0].endswith("(chosen)")]
        at = look.cuts.header.index(f"{METRICS['davies_bouldin'].title}, standard")
        assert chosen[at] == f"{entry.row['davies_bouldin@standard']:.4f}"


def test_the_most_alike_come_first_and_equal_labels_agree_fully(looks: list[tuple[Entry, Closeup]]) -> None:
    for entry, look in looks:
        indices = [float(index) for _, _, index in look.alike]
        assert indices == sorted(indices, reverse=True)
        assert entry.anchor not in {anchor for anchor, _, _ in look.alike}
    kmeans = [(entry, look) for entry, look in looks if entry.name == "kmeans"]
    assert kmeans[0][1].alike[0] == (kmeans[1][0].anchor, f"{kmeans[1][0].rank} {kmeans[1][0].label}", "1.000")


def test_the_table_of_agreement_is_symmetric(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    table = agreement_table(Closeups.of(full_run), section)
    assert table.header[:3] == ("Entry", "#1", "#2")
    for place, (entry, row) in enumerate(zip(section.entries, table.rows, strict=True)):
        assert row[0] == f"#{place + 1} (rank {entry.rank}) {entry.label}"
    fields = [row[1:] for row in table.rows]
    assert len(fields) == len(section.entries)
    for i, row in enumerate(fields):
        assert row[i] == ""
        assert [fields[j][i] for j in range(len(fields))] == list(row)


def test_without_close_looks_there_is_nothing_to_show(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    closeups = Closeups.of(mixed_run)
    look = closeups.at(section.entries[0], section)
    assert (look.view, look.labels_file, look.alike) == (None, "", ())
    assert not look.clusters.rows
    assert not look.policies.rows
    assert look.cuts.rows  # these are scores of the run itself
    assert not agreement_table(closeups, section).rows


def test_the_view_shows_every_cluster_with_a_colour_a_shape_and_a_number(full_run: Run) -> None:
    points = full_run.details.points
    labels = np.arange(len(points)) % 4 - 1
    view = view_of(points, labels.tolist(), 'a <name> & "more"')
    root = ET.fromstring(view.body)
    assert root.attrib["aria-label"] == 'Clusters of a <name> & "more"'
    paths = root.findall("path")
    looks = [(p.attrib["stroke"], p.attrib["stroke-linecap"], p.attrib["d"].split("M")[1][-2:]) for p in paths]
    assert len(set(looks)) == len(paths) == 4
    # A PDF does not paint a line without length, unless its caps are round.
    assert all(p.attrib["stroke-linecap"] == "round" or "h0" not in p.attrib["d"] for p in paths)
    assert [text.text for text in root.findall("text")] == ["0", "1", "2"]
    assert "noise" in view.told
    places = np.array([[int(x), int(y)] for p in paths for x, y in re.findall(r"M(\d+) (\d+)", p.attrib["d"])])
    assert places.min() >= 0
    assert places.max() <= 260


def test_an_outlier_stands_at_the_edge_and_does_not_squeeze_the_others() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["x", "y"]).assign(share_x=0.5, share_y=0.2)
    frame.loc[0, ["x", "y"]] = [1e6, 0.0]
    view = view_of(frame, [0] * 300, "a")
    xs = np.array([int(x) for x in re.findall(r"M(\d+) ", view.body)])
    assert xs.max() == 254
    assert np.ptp(xs[xs < 254]) > 150
    assert "70 % of its variance" in view.told
