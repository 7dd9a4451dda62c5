"""The null competitors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist


def test_random_labels_do_not_look_at_the_data(cuts_of, moons):
    [here], [there] = (cuts_of("random_labels", X, [{"k": 4}], seed=9) for X in (moons, moons[::-1] * 7))
    np.testing.assert_array_equal(here.labels, there.labels)
    assert np.bincount(here.labels).min() > 50  # 75 expected


def test_random_cells_are_nearest_to_their_centres(cuts_of, moons):
    [found] = cuts_of("random_voronoi", moons, [{"k": 5}], seed=2)
    centres = found.info["centres"]
    assert len(set(centres)) == 5
    np.testing.assert_array_equal(found.labels, cdist(moons, moons[centres]).argmin(axis=1))


@pytest.mark.parametrize("name", ["random_labels", "random_voronoi"])
def test_another_seed_or_k_is_another_draw(cuts_of, moons, name):
    [first], [second] = (cuts_of(name, moons, [{"k": 3}], seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.labels, second.labels)


def test_a_quantile_split_makes_groups_of_equal_size_by_hand(cuts_of):
    rows = np.column_stack([np.arange(9.0), np.zeros(9)])
    thirds, halves = cuts_of("quantile_split", rows, [{"k": 3}, {"k": 2}])
    assert thirds.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert halves.labels.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert thirds.info == {"column": 0}


def test_equal_values_stay_together(cuts_of):
    rows = np.array([[0.0]] * 6 + [[1.0], [2.0]])
    halves, quarters = cuts_of("quantile_split", rows, [{"k": 2}, {"k": 4}])
    assert halves.labels.tolist() == [0] * 6 + [1, 1]
    assert len(np.unique(quarters.labels)) == 2


def test_the_main_direction_of_a_wide_table_is_found_without_all_axes(cuts_of):
    rows = np.random.default_rng(0).normal(size=(210, 240)) * np.where(np.arange(240) == 7, 5.0, 1.0)
    [part] = cuts_of("quantile_split", rows, [{"k": 2}])
    assert part.info == {"column": 7}


def test_the_column_is_the_main_direction_unless_it_is_named(cuts_of):
    rng = np.random.default_rng(4)
    shared = rng.normal(size=200)
    rows = np.column_stack([rng.normal(size=200), shared + 0.5 * rng.normal(size=200), shared, shared])
    rows[:, 3] += 0.5 * rng.normal(size=200)
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    [chosen], [named] = (cuts_of("quantile_split", standard, [{"k": 2}], **p) for p in ({}, {"column": 0}))
    assert chosen.info == {"column": 2}
    assert named.info == {"column": 0}
    with pytest.raises(ValueError, match="column = 4, but the space has columns 0 to 3"):
        cuts_of("quantile_split", standard, [{"k": 2}], column=4)
