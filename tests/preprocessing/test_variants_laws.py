"""Laws that hold of any chain of steps over any table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.preprocessing import fit_space, parse_steps, resolved

CALM = settings(deadline=None, max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
COLUMNS = ["a", "B", "c c", "ü", "pca0"]

ordinary = st.floats(-1e4, 1e4) | st.integers(-3, 3).map(float)
extreme = st.sampled_from([0.0, -0.0, 1e-300, 5e-324, -1e139, 1e139, 1e12, 1e-12, 1e300, -1.0, np.nan])
positive = st.floats(0.0, 1e5) | st.integers(0, 3).map(float)


@st.composite
def tables(draw, values=ordinary | positive | extreme, most_rows=12):
    shape = draw(st.tuples(st.integers(1, most_rows), st.integers(1, len(COLUMNS))))
    # Plain columns are as frequent as wild ones, or few chains would come to their end.
    mild = draw(st.booleans())
    frame = pd.DataFrame(draw(arrays(np.float64, shape, elements=positive if mild else values)))
    frame.columns = pd.Index(COLUMNS[: shape[1]])
    return Dataset("any", frame, pd.RangeIndex(len(frame)), groups={"money": ("a", "B")})


names = st.sampled_from(["all", "nonnegative", "money", "a", "B", "c c", "ü", "pca0", "pca1"])
some = st.just("all") | names | st.lists(names, min_size=1, max_size=3)


def step(kind, **arguments):
    """A step whose arguments may each be left out."""
    return st.fixed_dictionaries({"step": st.just(kind)}, optional={"columns": some, **arguments})


filling = st.sampled_from(["mean", "median", "most_frequent", "constant", "knn"])
steps = st.one_of(
    step("impute", strategy=filling, add_indicator=st.booleans(), keep_empty_features=st.booleans()),
    step(
        "impute",
        strategy=filling,
        override=st.dictionaries(names, filling, max_size=2),
        add_indicator=st.booleans(),
        keep_empty_features=st.booleans(),
    ),
    step("clip", lower=st.floats(0.0, 0.4), upper=st.floats(0.6, 1.0)),
    step("log1p"),
    step("power", method=st.sampled_from(["yeo-johnson", "box-cox"]), standardize=st.booleans()),
    step("standardize", with_mean=st.booleans(), with_std=st.booleans()),
    step("minmax", feature_range=st.sampled_from([[0, 1], [-2.5, 7]]), clip=st.booleans()),
    step("robust", quantile_range=st.sampled_from([[25, 75], [0, 100], [49, 51]]), unit_variance=st.booleans()),
    step("l2_normalize", norm=st.sampled_from(["l1", "l2", "max"])),
    step(
        "pca",
        n_components=st.integers(1, 4) | st.floats(0.01, 0.99) | st.just("mle"),
        whiten=st.booleans(),
        svd_solver=st.sampled_from(["auto", "full", "covariance_eigh", "arpack", "randomized"]),
    ),
    st.fixed_dictionaries({"step": st.sampled_from(["select", "drop"]), "columns": some}),
)
chains = st.lists(steps, max_size=4).map(lambda chain: [{"step": "impute"}, *chain]) | st.lists(steps, max_size=4)


def attempt(dataset, raw):
    """The space of a chain, or the refusal of it."""
    try:
        return fit_space(dataset, parse_steps(raw, where="v"), where="v")
    except RequestError as error:
        return error


@settings(CALM, max_examples=70)
@given(dataset=tables(), raw=chains)
def test_a_chain_gives_a_finite_matrix_or_a_refusal(dataset, raw):
    made = attempt(dataset, raw)
    if isinstance(made, RequestError):
        assert made.where == "v" or made.where.startswith("v: step ")
        return
    assert made.values.shape == (dataset.n_rows, len(made.columns))
    assert made.values.shape[1] > 0
    assert np.isfinite(made.values).all()
    assert len(set(made.columns)) == len(made.columns)
    assert list(made.pipeline.transform(dataset.frame).columns) == list(made.columns)


@CALM
@given(dataset=tables(), raw=chains)
def test_fitting_twice_gives_the_same_bits(dataset, raw):
    first = attempt(dataset, raw)
    if isinstance(first, RequestError):
        assert str(attempt(dataset, raw)) == str(first)
        return
    again = attempt(dataset, resolved(parse_steps(raw, where="v")))
    assert again.values.tobytes() == first.values.tobytes()
    assert again.content_hash == first.content_hash


@CALM
@given(
    dataset=tables(st.floats(-1e3, 1e3)),
    kind=st.sampled_from(["standardize", "minmax", "robust", "clip", "log1p"]),
    seed=st.integers(0, 99),
)
def test_rows_in_another_order_give_the_same_rows_in_that_order(dataset, kind, seed):
    order = np.random.default_rng(seed).permutation(dataset.n_rows)
    moved = Dataset("moved", dataset.frame.abs().iloc[order].reset_index(drop=True), dataset.row_ids)
    chain = parse_steps([{"step": kind}], where="v")
    still = fit_space(Dataset("still", dataset.frame.abs(), dataset.row_ids), chain, where="v").values
    # A nearly constant column divides rounding by a tiny scale; such columns say nothing about order.
    told = np.ptp(dataset.frame.abs().to_numpy(), axis=0) > 1e-6
    np.testing.assert_allclose(
        fit_space(moved, chain, where="v").values[:, told], still[order][:, told], rtol=1e-7, atol=1e-7
    )


@CALM
@given(dataset=tables(positive), scale=st.sampled_from([0.01, 3.0, 1000.0]))
@pytest.mark.parametrize("kind", ["minmax", "robust"])
def test_the_unit_of_a_column_does_not_matter_after_scaling(dataset, scale, kind):
    rounded = dataset.frame.round(2)
    chain = parse_steps([{"step": kind}], where="v")
    one = fit_space(Dataset("one", rounded, dataset.row_ids), chain, where="v").values
    other = fit_space(Dataset("other", rounded * scale, dataset.row_ids), chain, where="v").values
    told = np.subtract(*np.percentile(rounded, [75, 25], axis=0)) > 1e-3
    np.testing.assert_allclose(one[:, told], other[:, told], rtol=1e-6, atol=1e-6)


@CALM
@given(dataset=tables(st.floats(-1e3, 1e3)))
def test_standardized_columns_have_mean_zero_and_variance_one(dataset):
    told = np.ptp(dataset.frame.to_numpy(), axis=0) > 1e-3
    made = fit_space(dataset, parse_steps([{"step": "standardize"}], where="v"), where="v").values
    np.testing.assert_allclose(made.mean(axis=0)[told], 0.0, atol=1e-9)
    np.testing.assert_allclose(made.std(axis=0)[told], 1.0, atol=1e-9)
