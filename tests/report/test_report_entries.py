"""Entries are named so that they are told apart, and say how to run them again."""

from __future__ import annotations

import pandas as pd
import pytest

from clusterbench.report.report_entries import EntryNames, command, sections_of
from clusterbench.results import Run
from clusterbench.running.selection import Selection


def test_the_boards_hold_the_rows_of_the_leaderboard_in_order(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    assert [entry.rank for entry in section.entries] == mixed_run.board.table["rank"].tolist()
    assert [entry.row["labels_sha256"] for entry in section.entries] == [
        entry.cells["labels_sha256"].iloc[0] for entry in section.entries
    ]


def test_names_carry_only_the_parameters_that_differ(mixed_run: Run) -> None:
    names = {entry.name for section in sections_of(mixed_run) for entry in section.entries}
    assert names == {"agglomerative (linkage=ward)", "kmeans", "dbscan", "random_labels"}


def test_labels_and_anchors_are_unique(make_run) -> None:
    run = make_run(datasets=["cards", "wine"])
    sections = sections_of(run)
    assert [section.title for section in sections] == ["all datasets", "cards", "wine"]
    anchors = [entry.anchor for section in sections for entry in section.entries]
    assert len(set(anchors)) == len(anchors) == len(run.board.table)
    for section in sections:
        labels = [entry.label for entry in section.entries]
        assert len(set(labels)) == len(labels)


def test_sizes_and_noise_are_those_of_the_first_seed(mixed_run: Run) -> None:
    for section in sections_of(mixed_run):
        for entry in section.entries:
            assert sum(entry.sizes) + entry.n_noise == 1000
            assert entry.n_noise == (100 if entry.name == "dbscan" else 0)


def test_the_command_selects_the_entry(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    commands = {entry.label: command(mixed_run, entry.row) for entry in section.entries}
    assert commands["kmeans · log1p · k=3"] == (
        "clusterbench run demo --only algorithm=kmeans --only variant=log1p --only k=3"
    )
    # eps is no field of --only: all cuts run again.
    assert commands["dbscan · log1p · k=3"] == "clusterbench run demo --only algorithm=dbscan --only variant=log1p"
    for text in commands.values():
        words = text.split()
        conditions = [words[i + 1] for i, word in enumerate(words) if word == "--only"]
        assert len(Selection.parse(conditions).only) == len(conditions)


def test_the_command_of_a_quick_run_and_of_one_table_among_several(make_run) -> None:
    run = make_run(datasets=["cards", "my wine"])
    quick = Run("demo-quick", run.plan, run.manifest, run.cells, run.scores, run.board)
    row = run.board.table[run.board.table["dataset"] == "my wine"].iloc[0].to_dict()
    assert command(quick, row).startswith("clusterbench run demo --quick --only 'dataset=my wine' --only algorithm=")


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA])
def test_a_label_without_k_has_no_k(mixed_run: Run, value: object) -> None:
    row = {"algorithm": "kmeans", "params": "{}", "variant": "raw", "k": value, "k_policy": "silhouette"}
    assert EntryNames.of(mixed_run).label(row) == "kmeans · raw"


def test_a_table_without_any_rank_has_an_empty_board(rejected_run: Run) -> None:
    (section,) = sections_of(rejected_run)
    assert (section.dataset, section.entries) == ("cards", ())
