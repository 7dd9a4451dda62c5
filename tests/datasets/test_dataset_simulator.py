"""The simulated customers: their laws, and their likeness to the real table where that is found."""

from __future__ import annotations

import itertools
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from clusterbench.datasets.archetypes import ARCHETYPES, LEVELS
from clusterbench.datasets.layouts import CREDIT_CARD_COLUMNS, CREDIT_CARD_GROUPS
from clusterbench.datasets.simulator import ARCHETYPE_NAMES, LATENT, _quota, simulate_credit_card
from clusterbench.errors import RequestError

FREQUENCIES = CREDIT_CARD_GROUPS["frequencies"]
AMOUNT_FREQUENCY_COUNT = [
    ("CASH_ADVANCE", "CASH_ADVANCE_FREQUENCY", "CASH_ADVANCE_TRX"),
    ("PURCHASES", "PURCHASES_FREQUENCY", "PURCHASES_TRX"),
    ("ONEOFF_PURCHASES", "ONEOFF_PURCHASES_FREQUENCY", None),
    ("INSTALLMENTS_PURCHASES", "PURCHASES_INSTALLMENTS_FREQUENCY", None),
]


@pytest.fixture(scope="module")
def simulated():
    return simulate_credit_card()


@pytest.fixture(scope="module")
def real(real_table_folder):
    return pd.read_csv(real_table_folder / "CC_GENERAL.csv", float_precision="round_trip").drop(columns="CUST_ID")


def zero_patterns(frame):
    kinds = frame[["ONEOFF_PURCHASES", "INSTALLMENTS_PURCHASES", "CASH_ADVANCE"]] > 0
    return kinds.astype(int).astype(str).agg("".join, axis=1).value_counts(normalize=True)


def assert_laws(frame):
    """What holds of every simulated table, whatever its seed and size."""
    assert tuple(frame.columns) == CREDIT_CARD_COLUMNS
    assert (frame.dtypes == np.float64).all()
    assert (frame["PURCHASES"] == frame["ONEOFF_PURCHASES"] + frame["INSTALLMENTS_PURCHASES"]).all()
    assert frame["TENURE"].isin(range(6, 13)).all()
    for column in FREQUENCIES:
        months = (frame[column] * frame["TENURE"]).round()
        assert (frame[column] == (months / frame["TENURE"]).round(6)).all(), column
        assert months.between(0, frame["TENURE"]).all(), column
    for amount, frequency, count in AMOUNT_FREQUENCY_COUNT:
        active = frame[amount] > 0
        assert (active == (frame[frequency] > 0)).all(), amount
        if count:
            assert (active == (frame[count] > 0)).all(), amount
            assert (frame[count] >= (frame[frequency] * frame["TENURE"]).round()).all(), count
            assert (frame[count] % 1 == 0).all(), count
    bought = frame["PURCHASES_FREQUENCY"]
    parts = frame[["ONEOFF_PURCHASES_FREQUENCY", "PURCHASES_INSTALLMENTS_FREQUENCY"]]
    assert (parts.max(axis=1) <= bought).all()
    assert frame.loc[frame["PAYMENTS"] == 0, "MINIMUM_PAYMENTS"].isna().all()
    assert (frame.isna().sum() > 0)[lambda missing: missing].index.tolist() == ["CREDIT_LIMIT", "MINIMUM_PAYMENTS"]
    assert (frame.fillna(0) >= 0).all(axis=None)
    assert np.isfinite(frame.fillna(0)).all(axis=None)


def test_the_default_table_has_the_size_and_the_missing_values_of_the_real_one(simulated):
    assert simulated.frame.shape == (8950, 17)
    assert simulated.frame["CREDIT_LIMIT"].isna().sum() == 1
    assert abs(simulated.frame["MINIMUM_PAYMENTS"].isna().sum() - 313) < 60
    assert simulated.ids[[0, 1, -1]].tolist() == ["S10001", "S10002", "S18950"]
    assert simulated.ids.is_unique


@given(n_rows=st.integers(100, 3000), seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_the_laws_hold_for_every_seed_and_size(n_rows, seed):
    made = simulate_credit_card(n_rows=n_rows, seed=seed)
    assert len(made.frame) == len(made.truth) == len(made.ids) == n_rows
    assert set(made.truth) == set(range(len(ARCHETYPE_NAMES)))
    assert_laws(made.frame)


def test_one_seed_gives_one_table_and_another_seed_another(simulated):
    again = simulate_credit_card(seed=0)
    pd.testing.assert_frame_equal(simulated.frame, again.frame, check_exact=True)
    assert (simulated.truth == again.truth).all()
    other = simulate_credit_card(seed=1)
    assert not simulated.frame["BALANCE"].equals(other.frame["BALANCE"])


def test_shares_of_archetypes_are_those_declared(simulated):
    declared = np.array([archetype.share for archetype in ARCHETYPES])
    found = np.bincount(simulated.truth) / 89.5
    assert found == pytest.approx(100 * declared / declared.sum(), abs=0.02)


def test_archetypes_do_what_their_summaries_say(simulated):
    kind = np.array(ARCHETYPE_NAMES)[simulated.truth]
    frame = simulated.frame
    assert (frame.loc[kind == "cash-advance user", "PURCHASES"] == 0).all()
    assert (frame.loc[kind == "instalment buyer", ["ONEOFF_PURCHASES", "CASH_ADVANCE"]] == 0).all(axis=None)
    assert (frame.loc[kind == "one-off buyer", ["INSTALLMENTS_PURCHASES", "CASH_ADVANCE"]] == 0).all(axis=None)
    assert (frame.loc[kind == "transactor", "CASH_ADVANCE"] == 0).all()
    assert (frame.loc[kind == "transactor", "PRC_FULL_PAYMENT"] >= 0.4).all()
    assert (frame.loc[kind == "mixed revolver", "CASH_ADVANCE"] > 0).all()
    limits = frame.groupby(kind)["CREDIT_LIMIT"].median()
    assert limits.idxmax() == "high-limit spender"
    spent = (frame["PURCHASES"] + frame["CASH_ADVANCE"]).groupby(kind).median()
    assert spent.idxmin() == "inactive"
    assert spent["inactive"] < 100


def test_it_takes_less_than_a_second():
    start = time.perf_counter()
    simulate_credit_card(seed=5)
    assert time.perf_counter() - start < 1


def test_the_module_tells_the_declared_shares():
    from clusterbench.datasets import simulator as _simulator

    lines = {line.split("  ")[0]: line for line in _simulator.__doc__.splitlines() if "%" in line}
    for archetype in ARCHETYPES:
        assert f"{archetype.share:.1f} % {archetype.summary}" in lines[archetype.name]


def test_tables_of_marginals_are_well_formed():
    for archetype in ARCHETYPES:
        assert set(archetype.patterns) <= {
            "".join(kinds) for n in (1, 2, 3) for kinds in itertools.combinations("OIC", n)
        }
        assert sum(archetype.patterns.values()) == pytest.approx(100, abs=0.3)
        assert len(archetype.tenure) == 7
        for quantiles in archetype.quantiles.values():
            assert len(quantiles) == len(LEVELS)
            assert list(quantiles) == sorted(quantiles)
        for shares in (*archetype.frequencies.values(), archetype.tenure):
            assert list(shares) == sorted(shares)
            assert shares[-1] == 100


@pytest.mark.parametrize("archetype", ARCHETYPES, ids=ARCHETYPE_NAMES)
def test_latent_correlations_are_correlation_matrices(archetype):
    matrix = archetype.correlation
    assert matrix.shape == (len(LATENT), len(LATENT))
    assert np.allclose(matrix, matrix.T)
    assert np.allclose(np.diag(matrix), 1)
    assert np.linalg.eigvalsh(matrix).min() > 0


@given(shares=st.lists(st.floats(0.1, 100), min_size=1, max_size=9), total=st.integers(0, 500))
def test_a_quota_adds_up_and_is_off_by_less_than_one(shares, total):
    counts = _quota(shares, total)
    assert counts.sum() == total
    assert np.all(np.abs(counts - np.array(shares) / sum(shares) * total) < 1 + 1e-9)


@pytest.mark.parametrize(("wrong", "word"), [({"n_rows": 99}, "n_rows = 99"), ({"seed": -1}, "seed = -1")])
def test_wrong_sizes_and_seeds_are_refused(wrong, word):
    with pytest.raises(RequestError, match=word):
        simulate_credit_card(**wrong)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_column_is_distributed_like_the_real_one(real, seed):
    frame = simulate_credit_card(seed=seed).frame
    distance = {c: ks_2samp(frame[c].dropna(), real[c].dropna()).statistic for c in CREDIT_CARD_COLUMNS}
    assert max(distance.values()) <= 0.1, distance
    assert max(distance.values()) <= 0.07, f"worse than it was: {distance}"


@pytest.mark.parametrize("seed", [0, 1])
def test_pairs_of_columns_correlate_like_the_real_ones(real, seed, record_property):
    frame = simulate_credit_card(seed=seed).frame
    gap = (frame.corr(method="spearman") - real.corr(method="spearman")).abs()
    pairs = {(a, b): gap.loc[a, b] for a, b in itertools.combinations(CREDIT_CARD_COLUMNS, 2)}
    assert len(pairs) == 136
    apart = [f"{a} - {b}: {value:.2f}" for (a, b), value in pairs.items() if value > 0.15]
    record_property("pairs_apart", "; ".join(apart) or "none")
    assert len(apart) <= 13, apart
    assert not apart, f"no pair was apart when the simulator was made: {apart}"


def test_zero_patterns_are_those_of_the_real_table(real, simulated):
    gap = zero_patterns(simulated.frame).sub(zero_patterns(real), fill_value=0).abs()
    assert gap.max() <= 0.02
    zeros = (simulated.frame == 0).mean() - (real == 0).mean()
    assert zeros.abs().max() <= 0.02


@pytest.mark.parametrize("logarithm", [False, True])
def test_standardised_spaces_have_the_real_spectrum(real, simulated, logarithm):
    def spectrum(frame):
        filled = frame.fillna(frame.median())
        if logarithm:
            monetary = list(CREDIT_CARD_GROUPS["monetary"])
            filled = filled.assign(**np.log1p(filled[monetary]))
        return np.linalg.eigvalsh(filled.corr())[::-1]

    assert spectrum(simulated.frame)[:8] == pytest.approx(spectrum(real)[:8], abs=0.3)


def test_no_real_row_is_in_the_simulated_table(real, simulated):
    amounts = ["BALANCE", "PAYMENTS", "MINIMUM_PAYMENTS", "CASH_ADVANCE", "PURCHASES"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shared = real[amounts].round(2).dropna().merge(simulated.frame[amounts].round(2).dropna(), how="inner")
    assert shared.empty
