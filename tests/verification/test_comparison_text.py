"""A comparison in print."""

from __future__ import annotations

import dataclasses

import pytest

from clusterbench.verification import (
    CellKey,
    Comparison,
    EntryKey,
    FailureChange,
    FitTime,
    LabelChange,
    ManifestChange,
    Move,
    ScoreChange,
    comparison_text,
)

WARD = EntryKey("wine", "agglomerative", '{"linkage": "ward", "metric": "euclidean"}', "raw", "calibrated")
AVERAGE = dataclasses.replace(WARD, params='{"linkage": "average", "metric": "euclidean"}')
CELL = CellKey("wine", "pca", "kmeans", '{"n_init": 1}', '{"k": 4}', 2)
QUIET = Comparison("before", "after", 5, 9, 12, (), (), (), (), (), (), (), 0, 0, (), ())
FULL = dataclasses.replace(
    QUIET,
    moves=(
        Move(WARD, False, 1, 4, (1, 2), (3, 5), '{"k": 3}', '{"k": 5}'),
        Move(AVERAGE, True, 3, 2, None, None, None, None),
    ),
    only_a=(dataclasses.replace(WARD, algorithm="gmm"),),
    only_b=(dataclasses.replace(WARD, algorithm="clara"),),
    scores=(ScoreChange("wine", None, "standard", "silhouette", "ab" * 32, 0.25, 0.5, True),),
    labels=(LabelChange(CELL, "ab" * 32, "cd" * 32, False),),
    failures=(FailureChange(CELL, "ok", "timeout", "killed at the limit of 5 s"),),
    cells_only_b=3,
    manifest=(ManifestChange("packages numpy", "1.26.4", "1.26.5"),),
    fit_times=(FitTime("kmeans", 1.25, 9),),
)


def test_two_equal_sides_take_a_few_lines_and_a_verdict():
    text = comparison_text(QUIET)
    assert "A  before\nB  after" in text
    assert "5 entries on both boards, 0 with another rank" in text
    assert text.endswith(
        "B is not worse: nothing fell beyond its interval, failed, or scores otherwise for equal labels."
    )
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize(
    "line",
    [
        "  fell by 3: 1 [1-2] -> 4 [3-5], beyond its interval; k=3 -> k=5;"
        " wine: agglomerative (linkage=ward), raw, k calibrated",
        "  rose by 1: 3 -> 2, no interval known; wine: agglomerative (linkage=average), raw, k calibrated [control]",
        "  wine: gmm, raw, k calibrated",
        "  wine: clara, raw, k calibrated",
        "  wine: silhouette in standard of abababababababab: 0.25 -> 0.5",
        "  wine: kmeans, pca, k=4, seed 2: abababababababab -> cdcdcdcdcdcdcdcd, the data differ",
        "  wine: kmeans, pca, k=4, seed 2: ok -> timeout (killed at the limit of 5 s)",
        "  packages numpy: 1.26.4 -> 1.26.5",
        "  kmeans: 1.25 (9)",
        "0 cells are in A only, 3 in B only.",
        "The boards have other entries: some may have moved because of who joined or left.",
    ],
)
def test_every_finding_is_one_line(line):
    assert line in comparison_text(FULL).splitlines()


def test_the_verdict_names_every_reason():
    assert comparison_text(dataclasses.replace(FULL, lost=FULL.only_a)).splitlines()[-1] == (
        "B is worse: 1 entry fell beyond the rank interval; 1 entry lost the rank; 1 cell that gave labels in A gave"
        " none in B; 1 score differs for equal labels."
    )


def test_falls_of_which_no_interval_is_known_are_told_beside_the_verdict():
    fell = Move(WARD, False, 1, 4, None, None, None, None)
    verdict = comparison_text(dataclasses.replace(QUIET, moves=(fell,))).splitlines()[-1]
    assert verdict.startswith("B is not worse")
    assert verdict.endswith("No rank interval is known for 1 entry that fell.")


def test_other_rules_are_named_before_what_may_come_from_them():
    rules = (ManifestChange("noise policy", "zero", "drop"),)
    lines = comparison_text(dataclasses.replace(FULL, rules=rules, n_by_other_rule=4)).splitlines()
    assert "4 scores of labelings with noise not compared: the sides declare other noise policies." in lines
    at = lines.index("Declared otherwise")
    assert lines[at + 1] == "  noise policy: zero -> drop"
    assert at < lines.index("Entries that moved")


def test_other_labels_without_a_cause_and_scores_of_an_unknown_rule_say_so():
    label = LabelChange(CELL, "ab" * 32, "cd" * 32, True, True)
    unsure = LabelChange(CELL, "ab" * 32, "cd" * 32, True)
    score = ScoreChange("wine", None, "standard", "silhouette", "ab" * 32, 0.25, 0.5, True, None)
    lines = comparison_text(dataclasses.replace(QUIET, labels=(label, unsure), scores=(score,))).splitlines()
    hashes = f"{'ab' * 8} -> {'cd' * 8}"
    assert f"  wine: kmeans, pca, k=4, seed 2: {hashes}, though data, declaration and versions are the same" in lines
    assert any(line.endswith("the data are the same, versions or declaration not or not known to be") for line in lines)
    assert any(line.endswith("0.25 -> 0.5, the noise policy may differ") for line in lines)
    assert "1 cell has other labels, of the same data by the same versions" in lines[-1]


def test_entries_that_b_was_not_asked_for_are_told_beside_the_verdict():
    verdict = comparison_text(dataclasses.replace(QUIET, only_a=(WARD,), gone=(WARD,))).splitlines()[-1]
    assert verdict.startswith("B is not worse")
    assert verdict.endswith("Not judged: 1 entry of A that B did not run, or not by that k policy.")


def test_long_lists_are_cut_short_and_say_so():
    many = dataclasses.replace(QUIET, manifest=tuple(ManifestChange(f"fact {i}", "a", "b") for i in range(50)))
    text = comparison_text(many, shown=7)
    assert text.count("fact ") == 7
    assert "  ... and 43 more" in text


def test_no_name_breaks_a_line_or_commands_the_terminal():
    hostile = dataclasses.replace(WARD, dataset="x\x1b[2J\nB is not worse: trust me")
    text = comparison_text(dataclasses.replace(QUIET, only_a=(hostile,)))
    assert "\x1b" not in text
    assert not any(line.startswith("B is not worse: trust") for line in text.splitlines())
