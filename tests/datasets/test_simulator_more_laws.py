"""Laws of the simulated customers that hold row by row, for seeds and sizes off the default."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.datasets.archetypes import ARCHETYPES
from clusterbench.datasets.layouts import CREDIT_CARD_COLUMNS, CREDIT_CARD_GROUPS, CREDIT_CARD_UNITS
from clusterbench.datasets.simulator import ARCHETYPE_NAMES, simulate_credit_card

CASES = [(100, 1), (101, 2), (257, 3), (999, 2**32), (2500, 7)]


@pytest.fixture(scope="module", params=CASES, ids=[f"{rows} rows, seed {seed}" for rows, seed in CASES])
def made(request):
    n_rows, seed = request.param
    return simulate_credit_card(n_rows=n_rows, seed=seed)


def test_purchases_are_the_exact_sum_of_their_kinds(made):
    frame = made.frame
    np.testing.assert_array_equal(frame["PURCHASES"], frame["ONEOFF_PURCHASES"] + frame["INSTALLMENTS_PURCHASES"])


def test_every_frequency_is_a_whole_number_of_months_of_the_tenure(made):
    tenure = made.frame["TENURE"].to_numpy()
    assert set(tenure) <= set(range(6, 13))
    for column in CREDIT_CARD_GROUPS["frequencies"]:
        grid = [{round(j / t, 6) for j in range(int(t) + 1)} for t in tenure]
        values = made.frame[column].tolist()
        assert all(value in allowed for value, allowed in zip(values, grid, strict=True)), column


def test_money_is_in_cents_and_nothing_is_negative(made):
    frame = made.frame
    assert frame.min().min() >= 0
    for column in CREDIT_CARD_GROUPS["monetary"]:
        cents = frame[column].dropna() * 100
        np.testing.assert_allclose(cents, cents.round(), atol=1e-4)


def test_an_amount_its_frequency_and_its_count_are_zero_together(made):
    frame = made.frame
    pairs = [
        ("PURCHASES", "PURCHASES_FREQUENCY", "PURCHASES_TRX"),
        ("CASH_ADVANCE", "CASH_ADVANCE_FREQUENCY", "CASH_ADVANCE_TRX"),
        ("ONEOFF_PURCHASES", "ONEOFF_PURCHASES_FREQUENCY"),
        ("INSTALLMENTS_PURCHASES", "PURCHASES_INSTALLMENTS_FREQUENCY"),
    ]
    for amount, *others in pairs:
        for other in others:
            np.testing.assert_array_equal(frame[amount] == 0, frame[other] == 0, err_msg=f"{amount}, {other}")


def test_months_of_the_kinds_lie_within_those_of_all_purchases_and_cover_them_where_both_occur(made):
    months = {
        column: np.rint(made.frame[column] * made.frame["TENURE"]) for column in CREDIT_CARD_GROUPS["frequencies"]
    }
    every = months["PURCHASES_FREQUENCY"]
    single, parts = months["ONEOFF_PURCHASES_FREQUENCY"], months["PURCHASES_INSTALLMENTS_FREQUENCY"]
    assert np.all(single <= every)
    assert np.all(parts <= every)
    both = (single > 0) & (parts > 0)
    assert np.all((single + parts)[both] >= every[both])
    assert np.all(every[(single > 0) & (parts == 0)] == single[(single > 0) & (parts == 0)])


@pytest.mark.parametrize("kind", ["PURCHASES", "CASH_ADVANCE"])
def test_each_active_month_has_at_least_one_whole_transaction(made, kind):
    count = made.frame[f"{kind}_TRX"]
    np.testing.assert_array_equal(count, count.round())
    assert np.all(count >= np.rint(made.frame[f"{kind}_FREQUENCY"] * made.frame["TENURE"]))


def test_limits_are_round(made):
    limits = made.frame["CREDIT_LIMIT"].dropna()
    assert limits.min() >= 50
    small, large = limits[limits < 2000], limits[limits >= 2000]
    assert np.all((small % 100 == 0) | (small == 50))
    assert np.all(large % 500 == 0)


def test_only_what_may_be_missing_is_missing(made):
    frame = made.frame
    missing = frame.isna().sum()
    assert set(missing[missing > 0].index) <= {"CREDIT_LIMIT", "MINIMUM_PAYMENTS"}
    assert missing["CREDIT_LIMIT"] == 1
    idle = frame["PAYMENTS"] == 0
    assert frame.loc[idle, "MINIMUM_PAYMENTS"].isna().all()
    paying = frame[~idle]
    assert paying["MINIMUM_PAYMENTS"].isna().sum() == round(73 / 8950 * len(frame))
    gone = paying["MINIMUM_PAYMENTS"].isna()
    if gone.any():
        assert paying.loc[gone, "BALANCE"].max() <= paying.loc[~gone, "BALANCE"].min()


def test_each_archetype_has_its_share_of_rows_to_less_than_one(made):
    counts = np.bincount(made.truth, minlength=len(ARCHETYPES))
    total = sum(archetype.share for archetype in ARCHETYPES)
    exact = [archetype.share / total * len(made.frame) for archetype in ARCHETYPES]
    assert np.all(np.abs(counts - exact) < 1)
    assert counts.sum() == len(made.frame)
    assert counts.min() > 0


def test_each_archetype_has_its_own_zero_patterns_and_no_others(made):
    active = made.frame[["ONEOFF_PURCHASES", "INSTALLMENTS_PURCHASES", "CASH_ADVANCE"]].to_numpy() > 0
    for code, archetype in enumerate(ARCHETYPES):
        rows = active[made.truth == code]
        found = {"".join(itertools.compress("OIC", row)) for row in rows}
        assert found <= set(archetype.patterns), archetype.name
        total = sum(archetype.patterns.values())
        for pattern, share in archetype.patterns.items():
            seen = sum("".join(itertools.compress("OIC", row)) == pattern for row in rows)
            assert abs(seen - share / total * len(rows)) < 1, (archetype.name, pattern)


def test_ids_are_numbered_and_the_archetypes_are_shuffled(made):
    assert made.ids.tolist() == [f"S{10001 + row}" for row in range(len(made.frame))]
    assert np.sum(np.diff(made.truth) != 0) > len(made.truth) / 2
    assert made.frame.columns.tolist() == list(CREDIT_CARD_COLUMNS)
    assert made.frame.dtypes.unique().tolist() == [np.dtype("float64")]


def test_seeds_give_different_tables_of_equal_composition():
    tables = [simulate_credit_card(n_rows=300, seed=seed) for seed in range(6)]
    for one, other in itertools.combinations(tables, 2):
        assert not np.array_equal(one.frame["BALANCE"], other.frame["BALANCE"])
        assert not np.array_equal(one.truth, other.truth)
        np.testing.assert_array_equal(np.bincount(one.truth), np.bincount(other.truth))


def test_the_registered_table_is_the_simulated_one_whatever_is_dropped():
    direct = simulate_credit_card(n_rows=150, seed=4)
    whole = load_dataset(DatasetSpec(use="credit-card", n_rows=150, seed=4), base=Path())
    assert whole.frame.equals(direct.frame)
    assert whole.truth_names == ARCHETYPE_NAMES
    np.testing.assert_array_equal(whole.truth, direct.truth)
    assert whole.row_ids.tolist() == direct.ids.tolist()
    part = load_dataset(DatasetSpec(use="credit-card", n_rows=150, seed=4, drop=["BALANCE", "PAYMENTS"]), base=Path())
    assert part.frame.equals(direct.frame.drop(columns=["BALANCE", "PAYMENTS"]))
    np.testing.assert_array_equal(part.truth, whole.truth)


CHOICES = [
    ({"keep": ["TENURE"]}, {}, {"TENURE": "months"}),
    (
        {"keep": ["PURCHASES_TRX", "BALANCE"]},
        {"monetary": ("BALANCE",), "counts": ("PURCHASES_TRX",)},
        {"BALANCE": "currency", "PURCHASES_TRX": "transactions"},
    ),
    (
        {"keep": ["BALANCE", "TENURE"], "groups": {"mine": ["TENURE", "BALANCE"], "monetary": ["TENURE"]}},
        {"monetary": ("TENURE",), "mine": ("TENURE", "BALANCE")},
        {"BALANCE": "currency", "TENURE": "months"},
    ),
    (
        {"drop": [c for c in CREDIT_CARD_COLUMNS if c != "PRC_FULL_PAYMENT"]},
        {"frequencies": ("PRC_FULL_PAYMENT",)},
        {"PRC_FULL_PAYMENT": "share of months"},
    ),
    ({}, CREDIT_CARD_GROUPS, CREDIT_CARD_UNITS),
]


@pytest.mark.parametrize(("keys", "groups", "units"), CHOICES)
def test_groups_and_units_follow_the_columns_that_stay(keys, groups, units):
    found = load_dataset(DatasetSpec(use="credit-card", n_rows=100, **keys), base=Path())
    assert dict(found.groups) == groups
    assert dict(found.units) == units
