"""t-SNE on request: neighbours stay together, nothing else of the report moves, and every run draws the same."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterbench.report import build_report, by_tsne
from clusterbench.results import Details
from clusterbench.running import sampled_view


@pytest.fixture
def blobs(make_run):
    """A run whose sampled rows are two far groups of 30 in five dimensions."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 5)) + 40 * (np.arange(60) % 2)[:, None]
    points = sampled_view(table, 0).assign(dataset="cards")
    return replace(make_run(seeds=(0,)), details=Details(points=points))


def test_the_sample_carries_its_rows_in_the_space():
    table = np.random.default_rng(1).normal(size=(20, 3))
    view = sampled_view(table, 0)
    np.testing.assert_allclose([json.loads(text) for text in view["values"]], table[view["row"]], rtol=1e-5)


def test_far_groups_stay_apart_and_their_members_together(blobs):
    points = by_tsne(blobs).details.points
    plane = points[["x", "y"]].to_numpy()
    group = points["row"].to_numpy() % 2
    centres = np.array([plane[group == g].mean(axis=0) for g in (0, 1)])
    nearest = np.argmin(((plane[:, None] - centres) ** 2).sum(axis=2), axis=1)
    np.testing.assert_array_equal(nearest, group)
    assert points[["share_x", "share_y"]].isna().all(axis=None)


def test_the_picture_is_the_same_in_every_run_and_nothing_else_moves(blobs):
    first, second = by_tsne(blobs), by_tsne(blobs)
    pd.testing.assert_frame_equal(first.details.points, second.details.points)
    assert first.board is blobs.board
    assert first.details.points["row"].tolist() == blobs.details.points["row"].tolist()


def test_too_few_rows_keep_their_principal_components(blobs):
    few = replace(blobs, details=Details(points=blobs.details.points.head(5)))
    pd.testing.assert_frame_equal(by_tsne(few).details.points, few.details.points)


def test_a_run_without_a_sample_is_left_as_it_is(make_run):
    assert by_tsne(make_run(seeds=(0,))).details.points.empty


def test_captions_say_how_the_rows_were_placed(full_run):
    for run, placed in ((full_run, "principal components"), (by_tsne(full_run), "by t-SNE")):
        (board,) = build_report(run, figures=()).boards
        assert all(f"{placed} of the first reference space" in details.view.caption for details in board.details)
        assert ("distances and sizes have none" in board.details[0].view.caption) == (run is not full_run)
