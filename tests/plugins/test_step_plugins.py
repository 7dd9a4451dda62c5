"""Steps of authors: what they may leave out, and what becomes of their mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.benchmark import parse_benchmark
from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.plugins import load_registry
from clusterbench.preprocessing import describe, fit_space, parse_steps, resolved

HEAD = """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer
from clusterbench.plugins import Step
from pydantic import Field, field_validator

class Mine(Step):
    "Add a number."
    name = "{name}"
    version = {version}
    by: float = Field(default=1.0, ge=0)

    def estimator(self):
        return FunctionTransformer(lambda X: X + self.by, feature_names_out="one-to-one")
{more}
STEP = Mine
"""
SUMS = """
    def estimator(self):
        return Sums(self.working_columns(()))

    def columns_after(self, columns, n_rows):
        return ("total",)

class Sums(TransformerMixin, BaseEstimator):
    def __init__(self, columns): self.columns = columns
    def fit(self, X, y=None): return self
    def transform(self, X): return X.sum(axis=1).to_frame("total")
    def get_feature_names_out(self, names=None): return np.array(["total"])
"""
WRAPPED = """
from clusterbench.plugins import Step

class Above(Step):
    name = "{name}"
    wraps = "sklearn.preprocessing:{wraps}"
    threshold: float = 0.0

STEP = Above
"""
WRONG = {
    "check": ("    def check(self, table): {}['gamma']", "mine (FILE): KeyError: 'gamma'"),
    "refuses": ("    def check(self, table): raise ValueError('column a is odd')", "mine (FILE): ValueError: column a"),
    "estimator": ("    def estimator(self): return 1 / 0", "mine (FILE): ZeroDivisionError"),
    "unnamed": (
        "    def estimator(self): return type('Bare', (BaseEstimator,), {})()",
        "the estimator Bare of 'mine' does not name its output columns",
    ),
    "columns_after": ("    def columns_after(self, columns, n_rows): return columns[9]", "mine (FILE): IndexError"),
    "fit": (
        "    def estimator(self): return FunctionTransformer(lambda X: X.nothing, feature_names_out='one-to-one')",
        "mine cannot be fitted: AttributeError: 'DataFrame' object has no attribute 'nothing'",
    ),
    "rows": (
        "    def estimator(self): return FunctionTransformer(lambda X: X[1:], feature_names_out='one-to-one')",
        "mine made 2 rows of 3 (allowed: one row for each row)",
    ),
    "text": (
        "    def estimator(self): return FunctionTransformer(lambda X: X.astype(str), feature_names_out='one-to-one')",
        "mine made column 'a' of dtype str (allowed: numbers)",
    ),
    "missing": (
        "    def estimator(self): return FunctionTransformer(lambda X: X * np.nan, feature_names_out='one-to-one')",
        "mine made 3 missing values in column 'a'",
    ),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "steps").mkdir()
    sources = {"plus": ("plus", 1, ""), "plus_two": ("plus_two", 2, ""), "total": ("total", 1, SUMS)}
    sources |= {f"mine_{name}": (f"mine_{name}", 1, more) for name, (more, _) in WRONG.items()}
    for file, (name, version, more) in sources.items():
        (folder / "steps" / f"{file}.py").write_text(HEAD.format(name=name, version=version, more=more))
    for name, wraps in {"above": "Binarizer", "nothing": "Nothing"}.items():
        (folder / "steps" / f"{name}.py").write_text(WRAPPED.format(name=name, wraps=wraps))
    return folder


@pytest.fixture(scope="module")
def registry(workspace):
    return load_registry(workspace)


@pytest.fixture(scope="module")
def steps(registry):
    return registry.steps


DATASET = Dataset("small", pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 6.0, 8.0]}), pd.RangeIndex(3))


def space(steps, *raw):
    return fit_space(DATASET, parse_steps(list(raw), where="v", known=steps), where="v")


def test_a_step_has_arguments_columns_and_words(steps):
    made = space(steps, {"step": "plus", "by": 3, "columns": "b"})
    assert made.values.tolist() == [[1, 7], [2, 9], [3, 11]]
    parsed = parse_steps([{"step": "plus", "by": 3}], where="v", known=steps)
    assert resolved(parsed) == [{"step": "plus", "columns": ["all"], "by": 3.0}]
    assert describe(parsed) == "plus (by = 3)"


def test_a_step_that_wraps_a_transformer_needs_no_estimator(steps):
    made = space(steps, {"step": "above", "threshold": 2.0})
    assert made.values.tolist() == [[0, 1], [0, 1], [1, 1]]
    with pytest.raises(RequestError, match=r"step 1: nothing .*AttributeError: .* has no attribute 'Nothing'"):
        space(steps, {"step": "nothing"})


def test_later_steps_find_the_columns_that_a_step_makes(steps):
    made = space(steps, {"step": "total"}, {"step": "plus", "columns": "total"})
    assert (made.columns, made.values.ravel().tolist()) == (("total",), [6.0, 9.0, 12.0])
    with pytest.raises(RequestError, match="step 2: unknown column or group 'a'"):
        space(steps, {"step": "total"}, {"step": "plus", "columns": "a"})


def test_the_version_of_a_step_is_part_of_the_identity_of_a_space(steps, monkeypatch):
    one = space(steps, {"step": "plus"})
    monkeypatch.setattr(steps["plus"], "version", 2)
    two = space(steps, {"step": "plus"})
    assert np.array_equal(one.values, two.values)
    assert one.content_hash != two.content_hash
    assert steps["plus_two"].version == 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"step": "pluss"}, "v: step 1: unknown step 'pluss', did you mean 'plus'?"),
        ({"step": "plus", "bye": 1}, "v: step 1: unknown argument of plus 'bye', did you mean 'by'?"),
        ({"step": "plus", "by": -1}, "v: step 1: by = -1: it should be greater than or equal to 0"),
        ({"step": "plus", "by": "1"}, "v: step 1: by = '1': it should be a valid number"),
    ],
)
def test_a_wrong_argument_is_refused_as_of_a_built_in_step(steps, raw, message):
    with pytest.raises(RequestError) as caught:
        parse_steps([raw], where="v", known=steps)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", WRONG)
def test_whatever_a_step_does_wrong_is_a_wrong_request_that_names_it(workspace, steps, name):
    file = workspace / "steps" / f"mine_{name}.py"
    expected = WRONG[name][1].replace("mine", f"mine_{name}").replace("FILE", str(file))
    with pytest.raises(RequestError) as caught:
        space(steps, {"step": f"mine_{name}"})
    assert str(caught.value).startswith(f"v: step 1: {expected}")


def test_a_benchmark_file_names_steps_of_the_workspace(registry):
    text = """
    title = "T"
    datasets = [{{ use = "iris" }}]
    algorithms = [{{ use = "kmeans" }}]
    variants.own_step = [{{ step = "{name}" }}]
    """
    bench = parse_benchmark(text.format(name="plus"), registry, path=Path("b.toml"))
    assert [step.name for step in bench.variants["own_step"]] == ["plus"]
    with pytest.raises(RequestError, match=r"b\.toml: variants\.own_step: step 1: unknown step 'plsu', did you mean"):
        parse_benchmark(text.format(name="plsu"), registry, path=Path("b.toml"))
