"""What a `[[datasets]]` table may say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from clusterbench.datasets import DatasetSpec

SQL = {"sql": "SELECT 1", "database": "sqlite://"}


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"use": "wine"}, "wine"),
        ({"use": "wine", "name": "reds"}, "reds"),
        ({"path": "../data/cust.2024.csv"}, "cust.2024"),
        ({"path": "C:\\data\\cust.csv.gz"}, "cust"),
        ({"url": "https://example.org/a/b.parquet?x=1"}, "b"),
        ({"url": "https://example.org/"}, "example.org"),
        (SQL, "query"),
    ],
)
def test_every_dataset_has_a_stable_name(keys, name):
    assert DatasetSpec(**keys).stable_name == name


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "exactly one of use, path, url, sql is needed, got none"),
        ({"use": "wine", "path": "a.csv"}, "got use, path"),
        ({"use": "vine"}, "unknown dataset 'vine', did you mean 'wine'?"),
        ({"sql": "SELECT 1"}, "sql and database go together"),
        ({"use": "wine", "database": "sqlite://"}, "sql and database go together"),
        ({**SQL, "sql": "DROP TABLE t"}, "begins with SELECT or WITH"),
        ({"url": "file:///etc/passwd"}, "not an http or https address"),
        ({"use": "wine", "sha256": "0" * 64}, "sha256 goes with path or url only"),
        ({"path": "a.csv", "sha256": "xyz"}, "sha256"),
        ({"path": "a.csv", "drop": ["a"], "keep": ["b"]}, "drop and keep exclude each other"),
        ({"path": "a.csv", "keep": []}, "keep"),
        ({"path": "a.csv", "drop": "CUST_ID"}, "drop"),
        ({"path": "a.csv", "id": "a", "truth": "a"}, "id and truth name the same column 'a'"),
        ({"path": "a.csv", "seed": 1}, "seed is for simulated datasets only"),
        ({"use": "iris", "n_rows": 50}, "n_rows is for simulated datasets only"),
        ({"use": "credit-card", "seed": -1}, "seed"),
        ({"path": "a.csv", "rows": "some"}, "'all' or 'complete'"),
        ({"path": ""}, "path"),
        ({"path": "a.csv", "colour": "red"}, "colour"),
    ],
)
def test_a_contradiction_is_refused(keys, said):
    with pytest.raises(ValidationError) as caught:
        DatasetSpec(**keys)
    assert said in str(caught.value)


def test_a_specification_is_frozen():
    spec = DatasetSpec(use="credit-card", seed=3, n_rows=500)
    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 4


def test_id_columns_are_the_declared_one_else_the_dropped_ones_called_like_it():
    assert DatasetSpec(path="a.csv", id="who", drop=["cust_id"]).id_columns == ("who",)
    assert DatasetSpec(path="a.csv", drop=["x", "B_ID", "id"]).id_columns == ("B_ID", "id")
