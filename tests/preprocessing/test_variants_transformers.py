"""The transformers that scikit-learn lacks keep scikit-learn's manners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator

from clusterbench.preprocessing import parse_steps

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 10.0], "b": [5.0, np.nan, 7.0, 7.0], "c": [0.0, 1.0, 0.0, 1.0]})


def transformer(**table):
    (step,) = parse_steps([table], where="v")
    return step.transformer()


def clipper(lower, upper):
    return transformer(step="clip", lower=lower, upper=upper)


def standardizer(*columns):
    return transformer(step="standardize", columns=list(columns))


def imputer():
    override = {"b": {"strategy": "constant", "fill_value": -1.0}}
    return transformer(step="impute", strategy="mean", override=override)


def named_checks():
    """Those that need no package beside scikit-learn."""
    for estimator, check in estimator_checks_generator(clipper(0.01, 0.99).set_output(transform="default")):
        name = getattr(check, "func", check).__name__
        if "array_api" not in name:
            yield pytest.param(estimator, check, id=name)


@pytest.mark.parametrize(("estimator", "check"), list(named_checks()))
def test_the_clipper_passes_scikit_learns_conformance_checks(estimator, check):
    check(estimator)


def test_the_clipper_holds_new_rows_at_the_learned_bounds():
    fitted = clipper(0.25, 0.75).fit(FRAME)
    assert fitted.lower_.tolist() == [1.75, 6.0, 0.0]
    assert fitted.upper_.tolist() == [4.75, 7.0, 1.0]
    new = pd.DataFrame({"a": [-5.0, 99.0], "b": [np.nan, 8.0], "c": [0.5, 2.0]})
    np.testing.assert_array_equal(fitted.transform(new), [[1.75, np.nan, 0.5], [4.75, 7.0, 1.0]])


def test_the_clipper_leaves_a_column_without_a_value_alone():
    empty = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    made = clipper(0.0, 1.0).fit_transform(pd.DataFrame(empty))
    np.testing.assert_array_equal(made, empty)


@pytest.fixture(params=["some columns", "impute by column"])
def frame_transformer(request):
    return standardizer("c", "a") if request.param == "some columns" else imputer()


def test_a_frame_transformer_learns_at_fit_and_leaves_its_parameters_alone(frame_transformer):
    with pytest.raises(NotFittedError):
        frame_transformer.transform(FRAME)
    copy = clone(frame_transformer)
    made = copy.fit(FRAME).transform(FRAME)
    assert list(made.columns) == ["a", "b", "c"] == list(copy.get_feature_names_out())
    pd.testing.assert_frame_equal(made, clone(frame_transformer).fit_transform(FRAME))
    row = copy.transform(FRAME.iloc[[1]])
    pd.testing.assert_frame_equal(row, made.iloc[[1]])
    with pytest.raises(NotFittedError):
        frame_transformer.get_feature_names_out()


def test_a_frame_transformer_refuses_other_columns_than_it_was_fitted_to(frame_transformer):
    fitted = frame_transformer.fit(FRAME)
    with pytest.raises(ValueError, match="feature names"):
        fitted.transform(FRAME.rename(columns={"a": "z"}))


def test_a_step_on_some_columns_keeps_the_index_and_the_untouched_values():
    frame = FRAME.set_axis([10, 20, 30, 40])
    made = standardizer("a").fit_transform(frame)
    assert made.index.tolist() == [10, 20, 30, 40]
    pd.testing.assert_frame_equal(made[["b", "c"]], frame[["b", "c"]])
    assert made["a"].mean() == pytest.approx(0.0, abs=1e-15)


def test_impute_by_column_fills_each_column_in_its_own_way():
    frame = FRAME.assign(a=[1.0, np.nan, 3.0, 5.0])
    made = imputer().fit_transform(frame)
    assert made["a"].tolist() == [1.0, 3.0, 3.0, 5.0]
    assert made["b"].tolist() == [5.0, -1.0, 7.0, 7.0]
