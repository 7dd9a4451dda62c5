"""Registered datasets, against their summaries and against scikit-learn."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn import datasets as sk

from clusterbench.datasets import DatasetSpec, list_datasets, load_dataset

AT_HAND = [summary for summary in list_datasets() if summary.name != "cc-general"]


@cache
def load(name):
    return load_dataset(DatasetSpec(use=name), base=Path())


def test_the_registered_names_are_these():
    names = [summary.name for summary in list_datasets()]
    assert names[:6] == ["credit-card", "cc-general", "wine", "breast-cancer", "digits", "iris"]
    assert all(name.startswith("generated/") for name in names[6:])


@pytest.mark.parametrize("summary", AT_HAND, ids=lambda summary: summary.name)
def test_summaries_are_right(summary):
    dataset = load(summary.name)
    assert (dataset.n_rows, len(dataset.columns)) == (summary.rows, summary.columns)
    assert len(dataset.truth_names) == summary.truth == len(set(dataset.truth) - {-1})
    assert summary.licence
    assert summary.source
    assert dataset.name == summary.name
    assert dataset.row_ids.is_unique


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("wine", sk.load_wine),
        ("breast-cancer", sk.load_breast_cancer),
        ("digits", sk.load_digits),
        ("iris", sk.load_iris),
    ],
)
def test_values_and_classes_are_those_of_scikit_learn(name, function):
    bunch, dataset = function(), load(name)
    assert np.array_equal(dataset.frame.to_numpy(), bunch.data)
    assert np.array_equal(dataset.truth, bunch.target)
    assert dataset.truth_names == tuple(map(str, bunch.target_names))


def test_units_are_given_where_known():
    assert set(load("iris").units.values()) == {"cm"}
    assert load("wine").units == {"alcohol": "% vol"}
    assert load("credit-card").units["BALANCE"] == "currency"


def test_constant_pixels_are_warned_of():
    assert [w.split("'")[1] for w in load("digits").warnings] == ["pixel_0_0", "pixel_4_0", "pixel_4_7"]


def test_seed_and_size_reach_the_simulator():
    other = load_dataset(DatasetSpec(use="credit-card", seed=7, n_rows=500), base=Path())
    assert other.truth_names[0] == "inactive"
    assert other.n_rows == 500
    assert other.source == "simulated, seed 7"


def test_a_truth_column_of_a_registered_table_can_be_named_or_replaced():
    named = load_dataset(DatasetSpec(use="iris", truth="class"), base=Path())
    assert np.array_equal(named.truth, sk.load_iris().target)
    replaced = load_dataset(DatasetSpec(use="iris", truth="petal width (cm)"), base=Path())
    assert replaced.columns == tuple(sk.load_iris().feature_names[:3])


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ValidationError, match="unknown dataset 'credit_card', did you mean 'credit-card'"):
        DatasetSpec(use="credit_card")


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from clusterbench.datasets import list_datasets; list_datasets();"
        "heavy = {'sklearn', 'scipy', 'tensorflow', 'sqlalchemy', 'pooch', 'requests'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_registered_ids_may_be_dropped_though_they_are_no_feature():
    spec = {"use": "credit-card", "n_rows": 300}
    plain = load_dataset(DatasetSpec(**spec), base=Path())
    dropped = load_dataset(DatasetSpec(**spec, drop=["CUST_ID"]), base=Path())
    assert plain.content_hash == dropped.content_hash
    assert dropped.row_ids[0] == "S10001"
    assert load_dataset(DatasetSpec(**spec, drop=["archetype"]), base=Path()).truth is None
    assert "archetype" not in plain.columns
