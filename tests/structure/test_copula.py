"""Tables drawn from the Gaussian copula of a table: its columns and rank correlations, and no other dependence."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from clusterbench.structure import copula_table


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_columns_keep_their_values_and_pairs_their_rank_correlation():
    normal = rng().multivariate_normal([0, 0, 0], [[1, 0.8, -0.5], [0.8, 1, 0], [-0.5, 0, 1]], size=3000)
    table = np.stack([np.exp(normal[:, 0]), normal[:, 1] ** 3, normal[:, 2]], axis=1)
    drawn = copula_table(table, rng())
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(table, axis=0))
    np.testing.assert_allclose(spearmanr(drawn).statistic, spearmanr(table).statistic, atol=0.04)
    assert not np.array_equal(drawn, table)


def test_clusters_that_no_column_shows_are_gone():
    angle = rng().uniform(0, 2 * np.pi, 1000)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    drawn = copula_table(ring, rng())
    assert np.linalg.norm(ring, axis=1).min() > 0.99
    assert np.mean(np.linalg.norm(drawn, axis=1) < 0.7) > 0.15
    parabola = np.stack([ring[:, 0], ring[:, 0] ** 2], axis=1)
    drawn = copula_table(parabola, rng())
    assert abs(np.corrcoef(drawn[:, 0] ** 2, drawn[:, 1])[0, 1]) < 0.1


def test_missing_values_stay_in_their_rows():
    table = rng().normal(size=(400, 2)) @ np.array([[1.0, 0.9], [0.0, 0.4]])
    table[::20, 1] = np.nan
    drawn = copula_table(table, rng())
    np.testing.assert_array_equal(np.isnan(drawn), np.isnan(table))
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(table, axis=0))
    assert spearmanr(drawn, nan_policy="omit").statistic == pytest.approx(
        spearmanr(table, nan_policy="omit").statistic, abs=0.1
    )


def test_repeated_and_constant_columns_and_a_table_wider_than_long_are_drawn():
    x = rng().normal(size=300)
    drawn = copula_table(np.stack([x, x, np.ones(300)], axis=1), rng())
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    np.testing.assert_array_equal(drawn[:, 2], 1.0)
    wide = rng().normal(size=(5, 20))
    np.testing.assert_array_equal(np.sort(copula_table(wide, rng()), axis=0), np.sort(wide, axis=0))


def test_the_same_generator_gives_the_same_table():
    table = rng().normal(size=(50, 3))
    np.testing.assert_array_equal(copula_table(table, rng()), copula_table(table, rng()))
