"""Facts of columns: by hand, against scipy and numpy, and against the published ones of the real table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from clusterbench.datasets import Dataset, DatasetSpec, inspect_dataset, load_dataset

PERCENT = (0, 1, 5, 25, 50, 75, 95, 99, 100)


def facts_of(values) -> pd.Series:
    return inspect_dataset(Dataset("t", pd.DataFrame({"x": values}, dtype=np.float64), pd.RangeIndex(len(values)))).loc[
        "x"
    ]


def random_column(kind: str) -> np.ndarray:
    rng = np.random.default_rng(42)
    made = {
        "normal": rng.normal(3, 2, 200),
        "skewed": rng.lognormal(0, 1.5, 200),
        "counts": rng.poisson(0.7, 200).astype(float),
        "holes": np.where(rng.random(200) < 0.3, np.nan, rng.normal(size=200)),
        "two values": np.repeat([1.0, 5.0], 100),
        "large": 1e9 + rng.normal(size=200),
    }
    return made[kind]


@pytest.mark.parametrize("kind", ["normal", "skewed", "counts", "holes", "two values", "large"])
def test_moments_and_quantiles_are_those_of_scipy_and_numpy(kind):
    column = random_column(kind)
    present = column[~np.isnan(column)]
    facts = facts_of(column)
    assert facts["mean"] == pytest.approx(present.mean(), rel=1e-12)
    assert facts["std"] == pytest.approx(present.std(ddof=1), rel=1e-6)
    assert facts["skew"] == pytest.approx(stats.skew(present, bias=False), rel=1e-5, abs=1e-6)
    assert facts["kurtosis"] == pytest.approx(stats.kurtosis(present, bias=False), rel=1e-5, abs=1e-6)
    for percent in PERCENT:
        assert facts[f"q{percent}"] == pytest.approx(np.percentile(present, percent), rel=1e-12)
    assert facts["missing_percent"] == pytest.approx(100 * (200 - len(present)) / 200)
    assert facts["zero_percent"] == pytest.approx(100 * np.sum(present == 0) / 200)
    assert facts["distinct"] == len(set(present.tolist()))


@pytest.mark.parametrize("use", ["wine", "breast-cancer"])
def test_facts_of_registered_tables_are_those_of_pandas_describe(use):
    dataset = load_dataset(DatasetSpec(use=use), base=Path())
    facts = inspect_dataset(dataset)
    described = dataset.frame.describe().T
    assert facts.index.tolist() == described.index.tolist() == list(dataset.columns)
    for ours, theirs in {"q0": "min", "q25": "25%", "q50": "50%", "q75": "75%", "q100": "max"}.items():
        np.testing.assert_array_equal(facts[ours], described[theirs])
    np.testing.assert_allclose(facts["mean"], described["mean"], rtol=1e-13)
    np.testing.assert_allclose(facts["std"], described["std"], rtol=1e-13)
    np.testing.assert_allclose(facts["skew"], stats.skew(dataset.frame, bias=False), rtol=1e-9)
    np.testing.assert_allclose(facts["kurtosis"], stats.kurtosis(dataset.frame, bias=False), rtol=1e-8)


SMALL = st.lists(st.one_of(st.just(np.nan), st.integers(-50, 50).map(float)), min_size=2, max_size=30)


@settings(max_examples=15)
@given(SMALL.filter(lambda values: not all(np.isnan(values))))
def test_quantiles_rise_and_shares_are_of_all_rows(values):
    facts = facts_of(values)
    quantiles = [facts[f"q{percent}"] for percent in PERCENT]
    assert quantiles == sorted(quantiles)
    assert 0 <= facts["missing_percent"] + facts["zero_percent"] <= 100
    assert 1 <= facts["distinct"] <= len(values)
    assert quantiles[0] - 1e-9 <= facts["mean"] <= quantiles[-1] + 1e-9


@settings(max_examples=10)
@given(
    SMALL.filter(lambda values: np.sum(~np.isnan(values)) > 4 and np.nanstd(values) > 0), st.sampled_from([0.5, 2, 8])
)
def test_another_unit_scales_what_has_a_unit_and_nothing_else(values, factor):
    before, after = facts_of(values), facts_of([factor * value for value in values])
    for name in (*(f"q{percent}" for percent in PERCENT), "mean", "std"):
        assert after[name] == pytest.approx(factor * before[name], rel=1e-9, abs=1e-9)
    for name in ("skew", "kurtosis", "missing_percent", "zero_percent", "distinct"):
        assert after[name] == pytest.approx(before[name], rel=1e-6, abs=1e-6)


def test_one_present_value_has_no_spread():
    facts = facts_of([np.nan, 4.0, np.nan, np.nan])
    assert (facts["mean"], facts["q0"], facts["q100"], facts["distinct"]) == (4.0, 4.0, 4.0, 1)
    assert facts["missing_percent"] == 75.0
    assert np.isnan([facts["std"], facts["skew"], facts["kurtosis"]]).all()


def test_the_facts_have_a_fixed_order():
    dataset = Dataset("t", pd.DataFrame({"b": [1.0, 2.0], "a": [0.0, 3.0]}), pd.RangeIndex(2), units={"a": "cm"})
    facts = inspect_dataset(dataset)
    head = ["role", "unit", "missing_percent", "zero_percent", "distinct"]
    assert facts.columns.tolist() == [*head, *(f"q{p}" for p in PERCENT), "mean", "std", "skew", "kurtosis"]
    assert facts.index.name == "column"
    assert facts["unit"].to_dict() == {"b": "", "a": "cm"}


def test_facts_of_a_small_table_are_those_computed_by_hand():
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, np.nan, 5.0], "y": [3.0, 3.0, 3.0, 3.0, 3.0]})
    facts = inspect_dataset(Dataset("t", frame, pd.RangeIndex(5), units={"x": "cm"}))
    assert facts.index.tolist() == ["x", "y"]
    x = facts.loc["x"]
    assert (x["unit"], x["missing_percent"], x["zero_percent"], x["distinct"]) == ("cm", 20.0, 20.0, 4)
    assert (x["q0"], x["q50"], x["q100"], x["mean"]) == (0.0, 1.5, 5.0, 2.0)
    assert x["std"] == pytest.approx(np.sqrt(14 / 3))
    assert facts.loc["y", "unit"] == ""
    assert facts.loc["y", "std"] == 0


def test_facts_of_the_real_table_are_the_published_ones(real_table_folder, monkeypatch):
    monkeypatch.setenv("CLUSTERBENCH_DATA", str(real_table_folder))
    facts = inspect_dataset(load_dataset(DatasetSpec(use="cc-general"), base=Path()))
    published = pd.read_csv(real_table_folder / "column_stats.csv", index_col="column")
    names = {"miss%": "missing_percent", "zero%": "zero_percent", "kurt": "kurtosis"}
    published = published.drop(columns="dtype").rename(columns=names)
    assert facts.index.tolist() == published.index.tolist()
    for column in published.columns:
        # The published figures are rounded: shares and moments to two or three decimals, others to six digits.
        absolute = {"missing_percent": 0.001, "zero_percent": 0.006, "skew": 0.001, "kurtosis": 0.006}.get(
            column, 1e-12
        )
        assert facts[column].to_numpy(dtype=float) == pytest.approx(
            published[column].to_numpy(), rel=1e-5, abs=absolute
        )
