"""Plug-in files with one planted defect each: `clusterbench check` names it, and passes the file without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterbench.plugins import check_plugin

ALGORITHM = """
import numpy as np
from clusterbench.plugins import Algorithm, Assignment, Family, Partition
{top}
class Model:
    def __init__(self, centres): self.centres = centres
    def predict(self, X): return ((X[:, None] - self.centres) ** 2).sum(axis=2).argmin(axis=1)

def build(X, seed):
{build}
    def cutter(k):
        rng = np.random.default_rng([seed, k])
        model = Model(np.array(X[rng.choice(len(X), size=k, replace=False)]))
        labels = model.predict(np.asarray(X))
{cut}
        return Partition(labels, model=model)
    return cutter

ALGORITHM = Algorithm(name="mine", family=Family.OTHER, summary="s", reference="r", build=build, packages={{}},
    assignment=Assignment.PREDICT, deterministic={deterministic}, standardizes={standardizes}, refit={refit})
"""
METRIC = """
import numpy as np
from clusterbench.plugins import Metric

def spread(X, labels):
    return {value}

METRIC = Metric(name="spread", direction="lower", lower=0.0, formula="mean deviation", value=spread)
"""
STEP = """
import numpy as np
from clusterbench.plugins import Step

class Half(Step):
    name = "half"
    def estimator(self):
        from sklearn.preprocessing import FunctionTransformer
        return FunctionTransformer(lambda X: {value}, feature_names_out="one-to-one")

STEP = Half
"""
DEFECTS = {
    "writes to the table": ("table_untouched", {"build": "    X[0] = 0.0"}),
    "draws from the global generator": ("global_state", {"cut": "        np.random.rand()"}),
    "sets an environment variable": ("global_state", {"top": "import os", "build": "    os.environ['A'] = str(id(X))"}),
    "remembers earlier fits": (
        "repeatable",
        {"top": "calls = []", "cut": "        calls.append(k); labels = np.roll(labels, len(calls))"},
    ),
    "shares one generator between its cuts": (
        "cut_alone",
        {"build": "    r = np.random.default_rng(seed)", "cut": "        labels = r.permutation(labels)"},
    ),
    "calls itself deterministic": ("seed_free", {"deterministic": "True"}),
    "refits something else": ("refit", {"refit": "lambda X, seed: build(X, seed + 1)"}),
    "does not standardise as declared": ("standardizes", {"standardizes": "True"}),
    "gives noise": ("noise_declared", {"cut": "        labels = np.where(X[:, 0] > 8, -1, labels)"}),
    "merges two clusters": ("k_honoured", {"cut": "        labels = np.minimum(labels, k - 2)"}),
    "reads the memory as it lies": ("memory_orders", {"build": "    X = X.ravel(order='K').reshape(X.shape)"}),
    "divides by the spread of a column": (
        "degenerate_tables",
        {"build": "    X = (X - X.mean(axis=0)) / X.std(axis=0)\n    if np.isnan(X).any(): raise ValueError('NaN')"},
    ),
    "does not declare a package": ("packages_declared", {"top": "import pandas"}),
    "assigns rows to other clusters": ("assignment", {"cut": "        model.centres = model.centres[::-1]"}),
}


def algorithm_file(folder: Path, **parts: str) -> Path:
    defaults = {
        "top": "",
        "build": "    pass",
        "cut": "        pass",
        "deterministic": "False",
        "standardizes": "False",
        "refit": "None",
    }
    path = folder / "mine.py"
    path.write_text(ALGORITHM.format(**{**defaults, **parts}))
    return path


def failed(path: Path) -> set[str]:
    return {check.name for check in check_plugin(path).checks if not check.ok}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_planted_defect_is_found(tmp_path, defect):
    check, parts = DEFECTS[defect]
    assert check in failed(algorithm_file(tmp_path, **parts))


def test_the_file_without_a_defect_passes_and_its_verdict_is_also_json(tmp_path):
    conformance = check_plugin(algorithm_file(tmp_path))
    assert conformance.ok
    document = json.loads(conformance.to_json())
    assert (document["plugin"], document["kind"], document["conforms"]) == ("mine", "algorithm", True)
    assert {check["verdict"] for check in document["checks"]} == {"passed", "not applicable"}


def test_an_algorithm_that_never_ends_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("clusterbench.plugins.check_suite.LIMIT_SECONDS", 2.0)
    path = algorithm_file(tmp_path, cut="        while len(X) == 30: pass")  # a degenerate table has 30 rows
    [check] = [check for check in check_plugin(path).checks if not check.ok]
    assert (check.name, check.detail) == ("degenerate_tables", "did not end within 2 s")


@pytest.mark.parametrize(
    ("value", "check"),
    [
        ("float(X.std())", "direction"),
        ("float(np.mean([X[labels == c].std() for c in set(labels)]))", None),
        ("float(X[labels == 0].std())", "cluster_names"),
        ("float(X[labels == labels[0]].std())", "row_order"),
        ("-float(X.std())", "values"),
        ("float(np.random.rand())", "repeatable"),
    ],
)
def test_a_defect_of_a_metric_is_found(tmp_path, value, check):
    path = tmp_path / "spread.py"
    path.write_text(METRIC.format(value=value))
    assert (check is None and not failed(path)) or check in failed(path)


@pytest.mark.parametrize(
    ("value", "check"), [("X / 2", None), ("X - X.mean()", "rows_alone"), ("X + np.random.rand()", "repeatable")]
)
def test_a_defect_of_a_step_is_found(tmp_path, value, check):
    path = tmp_path / "half.py"
    path.write_text(STEP.format(value=value))
    assert (check is None and not failed(path)) or check in failed(path)
