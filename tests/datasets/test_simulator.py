"""The simulated customers: their laws for any seed and size, and their likeness to the real table."""

from __future__ import annotations

import itertools
import time
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from clusterbench import RequestError
from clusterbench.datasets import Dataset, DatasetSpec, load_dataset

FACTS = tomllib.loads((resources.files("clusterbench.datasets") / "simulator.toml").read_text(encoding="utf-8"))
ARCHETYPES = FACTS["archetypes"]
KINDS = ("ONEOFF_PURCHASES", "INSTALLMENTS_PURCHASES", "CASH_ADVANCE")
AMOUNT_FREQUENCY_COUNT = [
    ("CASH_ADVANCE", "CASH_ADVANCE_FREQUENCY", "CASH_ADVANCE_TRX"),
    ("PURCHASES", "PURCHASES_FREQUENCY", "PURCHASES_TRX"),
    ("ONEOFF_PURCHASES", "ONEOFF_PURCHASES_FREQUENCY", None),
    ("INSTALLMENTS_PURCHASES", "PURCHASES_INSTALLMENTS_FREQUENCY", None),
]
CASES = [(100, 1), (101, 2), (257, 3), (999, 2**32)]


def simulate(**keys) -> Dataset:
    return load_dataset(DatasetSpec(use="credit-card", **keys), base=Path())


@cache
def default(seed: int = 0) -> Dataset:
    return simulate(seed=seed)


@pytest.fixture(scope="module", params=CASES, ids=[f"{rows} rows, seed {seed}" for rows, seed in CASES])
def made(request) -> Dataset:
    n_rows, seed = request.param
    return simulate(n_rows=n_rows, seed=seed)


@pytest.fixture(scope="module")
def real(real_table_folder):
    return pd.read_csv(real_table_folder / "CC_GENERAL.csv", float_precision="round_trip").drop(columns="CUST_ID")


# Laws of every table


@pytest.mark.parametrize(
    ("keys", "sha256"),
    [
        ({}, "be742b8f42d22d650b550e50b4d31c5c1363fc682bbe707d077a144bea6d7dfe"),
        ({"n_rows": 500, "seed": 7}, "cd4150ffd0ef5c7cfafc156b81cb4c16413d00e9c1688609acb5d1c8c41c975f"),
    ],
)
def test_a_seed_and_a_size_give_one_table(keys, sha256):
    assert simulate(**keys).content_hash == sha256


def test_seeds_give_different_tables_of_equal_composition():
    one, other = (simulate(n_rows=300, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.frame["BALANCE"], other.frame["BALANCE"])
    assert not np.array_equal(one.truth, other.truth)
    np.testing.assert_array_equal(np.bincount(one.truth), np.bincount(other.truth))


def test_purchases_are_the_exact_sum_of_their_kinds(made):
    frame = made.frame
    np.testing.assert_array_equal(frame["PURCHASES"], frame["ONEOFF_PURCHASES"] + frame["INSTALLMENTS_PURCHASES"])


def test_every_frequency_is_an_integer_number_of_months_of_the_tenure(made):
    tenure = made.frame["TENURE"]
    assert set(tenure) <= set(range(6, 13))
    for column in made.groups["frequencies"]:
        months = (made.frame[column] * tenure).round()
        assert months.between(0, tenure).all(), column
        np.testing.assert_array_equal(made.frame[column], (months / tenure).round(6), err_msg=column)


def test_money_is_in_cents_and_limits_are_round(made):
    assert made.frame.min().min() >= 0
    for column in made.groups["monetary"]:
        cents = made.frame[column].dropna() * 100
        np.testing.assert_allclose(cents, cents.round(), atol=1e-4)
    limits = made.frame["CREDIT_LIMIT"].dropna()
    assert limits.min() >= 50
    small, large = limits[limits < 2000], limits[limits >= 2000]
    assert np.all((small % 100 == 0) | (small == 50))
    assert np.all(large % 500 == 0)


def test_an_amount_its_frequency_and_its_count_are_zero_together(made):
    frame = made.frame
    for amount, frequency, count in AMOUNT_FREQUENCY_COUNT:
        np.testing.assert_array_equal(frame[amount] == 0, frame[frequency] == 0, err_msg=amount)
        if count:
            np.testing.assert_array_equal(frame[amount] == 0, frame[count] == 0, err_msg=amount)
            np.testing.assert_array_equal(frame[count], frame[count].round())
            assert np.all(frame[count] >= np.rint(frame[frequency] * frame["TENURE"])), count


def test_months_of_the_kinds_lie_within_those_of_all_purchases_and_cover_them_where_both_occur(made):
    months = {column: np.rint(made.frame[column] * made.frame["TENURE"]) for column in made.groups["frequencies"]}
    every = months["PURCHASES_FREQUENCY"]
    single, parts = months["ONEOFF_PURCHASES_FREQUENCY"], months["PURCHASES_INSTALLMENTS_FREQUENCY"]
    assert np.all(np.maximum(single, parts) <= every)
    both = (single > 0) & (parts > 0)
    assert np.all((single + parts)[both] >= every[both])
    assert np.all(every[(single > 0) & (parts == 0)] == single[(single > 0) & (parts == 0)])


def test_only_what_may_be_missing_is_missing(made):
    missing = made.frame.isna().sum()
    assert set(missing[missing > 0].index) <= {"CREDIT_LIMIT", "MINIMUM_PAYMENTS"}
    assert missing["CREDIT_LIMIT"] == 1
    idle = made.frame["PAYMENTS"] == 0
    assert made.frame.loc[idle, "MINIMUM_PAYMENTS"].isna().all()
    paying = made.frame[~idle]
    unknown = paying["MINIMUM_PAYMENTS"].isna()
    assert unknown.sum() == round(73 / 8950 * made.n_rows)
    assert not unknown.any() or paying.loc[unknown, "BALANCE"].max() <= paying.loc[~unknown, "BALANCE"].min()


def test_each_archetype_has_its_share_of_rows_and_of_zero_patterns_to_less_than_one(made):
    shares = np.array([archetype["share"] for archetype in ARCHETYPES])
    counts = np.bincount(made.truth, minlength=len(ARCHETYPES))
    assert counts.sum() == made.n_rows
    assert counts.min() > 0
    assert np.all(np.abs(counts - shares / shares.sum() * made.n_rows) < 1)
    active = made.frame[list(KINDS)].to_numpy() > 0
    for code, archetype in enumerate(ARCHETYPES):
        patterns = pd.Series(["".join(itertools.compress("OIC", row)) for row in active[made.truth == code]])
        assert set(patterns) <= set(archetype["patterns"]), archetype["name"]
        for pattern, share in archetype["patterns"].items():
            expected = share / sum(archetype["patterns"].values()) * len(patterns)
            assert abs((patterns == pattern).sum() - expected) < 1, (archetype["name"], pattern)


def test_ids_are_numbered_and_the_archetypes_are_shuffled(made):
    assert made.row_ids.tolist() == [f"S{10001 + row}" for row in range(made.n_rows)]
    assert made.truth_names == tuple(archetype["name"] for archetype in ARCHETYPES)
    assert np.sum(np.diff(made.truth) != 0) > made.n_rows / 2


def test_archetypes_do_what_their_summaries_say():
    kind = np.array(default().truth_names)[default().truth]
    frame = default().frame
    assert (frame.loc[kind == "cash-advance user", "PURCHASES"] == 0).all()
    assert (frame.loc[kind == "instalment buyer", ["ONEOFF_PURCHASES", "CASH_ADVANCE"]] == 0).all(axis=None)
    assert (frame.loc[kind == "one-off buyer", ["INSTALLMENTS_PURCHASES", "CASH_ADVANCE"]] == 0).all(axis=None)
    assert (frame.loc[kind == "transactor", "CASH_ADVANCE"] == 0).all()
    assert (frame.loc[kind == "transactor", "PRC_FULL_PAYMENT"] >= 0.4).all()
    assert (frame.loc[kind == "mixed revolver", "CASH_ADVANCE"] > 0).all()
    assert frame.groupby(kind)["CREDIT_LIMIT"].median().idxmax() == "high-limit spender"
    spent = (frame["PURCHASES"] + frame["CASH_ADVANCE"]).groupby(kind).median()
    assert spent.idxmin() == "inactive"
    assert spent["inactive"] < 100


def test_it_takes_less_than_a_second_of_processor_time():
    start = time.process_time()
    simulate(seed=5)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("n_rows", [2, 99])
def test_a_size_without_room_for_every_archetype_is_refused(n_rows):
    with pytest.raises(RequestError, match=rf"n_rows = {n_rows} is too small \(allowed: at least 100\)"):
        simulate(n_rows=n_rows)


# The facts behind it


@pytest.mark.parametrize("archetype", ARCHETYPES, ids=lambda archetype: archetype["name"])
def test_the_facts_of_an_archetype_are_well_formed(archetype):
    combinations = {"".join(kinds) for n in (1, 2, 3) for kinds in itertools.combinations("OIC", n)}
    assert set(archetype["patterns"]) <= combinations
    assert sum(archetype["patterns"].values()) == pytest.approx(100, abs=0.3)
    assert len(archetype["tenure"]) == 7
    for quantiles in archetype["quantiles"].values():
        assert len(quantiles) == len(FACTS["levels"])
        assert list(quantiles) == sorted(quantiles)
    for shares in (*archetype["frequencies"].values(), archetype["tenure"]):
        assert list(shares) == sorted(shares)
        assert shares[-1] == 100
    assert [len(row) for row in archetype["correlations"]] == list(range(15, 0, -1))


# Likeness to the real table


@pytest.mark.parametrize("seed", [0, 1])
def test_columns_and_pairs_of_columns_are_distributed_like_the_real_ones(real, seed):
    frame = default(seed).frame
    distance = {name: ks_2samp(frame[name].dropna(), real[name].dropna()).statistic for name in real.columns}
    assert max(distance.values()) <= 0.07, distance
    gap = (frame.corr(method="spearman") - real.corr(method="spearman")).abs()
    assert gap.max(axis=None) <= 0.15


def zero_patterns(frame):
    return (frame[list(KINDS)] > 0).value_counts(normalize=True)


def test_missing_values_and_zeros_are_as_frequent_as_in_the_real_table(real):
    frame = default().frame
    assert frame.shape == real.shape
    assert (frame.isna().sum() - real.isna().sum()).abs().max() < 60
    assert zero_patterns(frame).sub(zero_patterns(real), fill_value=0).abs().max() <= 0.02
    assert ((frame == 0).mean() - (real == 0).mean()).abs().max() <= 0.02


@pytest.mark.parametrize("logarithm", [False, True])
def test_standardised_spaces_have_the_real_spectrum(real, logarithm):
    def spectrum(frame):
        filled = frame.fillna(frame.median())
        if logarithm:
            filled = filled.assign(**np.log1p(filled[list(default().groups["monetary"])]))
        return np.linalg.eigvalsh(filled.corr())[::-1]

    assert spectrum(default().frame)[:8] == pytest.approx(spectrum(real)[:8], abs=0.3)


def test_no_real_row_is_in_the_simulated_table(real):
    amounts = ["BALANCE", "PAYMENTS", "MINIMUM_PAYMENTS", "CASH_ADVANCE", "PURCHASES"]
    shared = real[amounts].round(2).dropna().merge(default().frame[amounts].round(2).dropna(), how="inner")
    assert shared.empty
