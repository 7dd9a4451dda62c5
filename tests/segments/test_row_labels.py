"""The segment of every row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.segments import PARTS, Segmentation, customer_labels, describe


@pytest.fixture(scope="module")
def small(make_segmentation: Any) -> Segmentation:
    table = pd.DataFrame(
        {"SPENT": [1.0, 2.0, 3.5, 11.0, np.nan, 50.0], "FULL": [0.0, 0.2, 0.4, 1.5, 0.9, 0.5]},
        index=["=1+1", "b", "c", "d", "e", "f"],
    )
    return make_segmentation(table, [1, 1, 1, 2, 2, 0], units={"FULL": "share of months"})


def test_every_row_has_its_segment_and_what_is_known_of_it(small: Segmentation) -> None:
    labels = customer_labels(small, ("low", "high"))
    assert labels["id"].tolist() == ["=1+1", "b", "c", "d", "e", "f"]
    assert labels["segment"].tolist()[:5] == [1, 1, 1, 2, 2]
    assert labels["second_name"].tolist()[:5] == ["high", "high", "high", "low", "low"]
    assert labels["atypical_percentile"].tolist()[:3] == [66.7, 33.3, 100.0]
    assert labels["imputed"].tolist() == ["", "", "", "", "SPENT", ""]
    assert labels["out_of_range"].tolist() == ["", "", "", "FULL", "", ""]


def test_a_row_without_a_segment_has_none_and_never_minus_one(small: Segmentation) -> None:
    last = customer_labels(small, ("low", "high")).iloc[5]
    assert last[["segment", "name", "second_segment", "second_name", "margin", "atypical_percentile"]].isna().all()
    assert last["reasons"] == ""


def test_reasons_are_the_columns_that_add_most_to_the_difference_of_squared_distances(planted: Segmentation) -> None:
    labels = customer_labels(planted, ("a", "b", "c"))
    means = [planted.space[planted.segment == one].mean(axis=0) for one in (1, 2, 3)]
    for row in (0, 150, 250, 399):
        own, second = means[planted.segment[row] - 1], means[planted.second[row] - 1]
        gains = (planted.space[row] - second) ** 2 - (planted.space[row] - own) ** 2
        assert gains.sum() == pytest.approx(planted.margin[row], abs=1e-9) or planted.margin[row] == 0
        expected = [
            f"{'higher' if planted.space[row, at] > second[at] else 'lower'} {planted.space_columns[at]}"
            for at in np.argsort(-gains)
            if gains[at] > 0
        ]
        assert labels["reasons"][row] == ", ".join(expected)


def test_reasons_are_columns_of_the_table_where_the_space_has_others(
    planted: Segmentation, make_segmentation: Any
) -> None:
    rotated = planted.space @ np.array([[0.6, -0.8], [0.8, 0.6]])
    changes = {"space": rotated, "space_columns": ("pc1", "pc2"), "features": planted.features}
    labels = customer_labels(make_segmentation(planted.table, planted.segment, **changes), ("a", "b", "c"))
    assert set(" ".join(labels["reasons"]).replace(",", "").split()) <= {"higher", "lower", "SALES", "VISITS"}


@pytest.mark.parametrize("file", ["labels.csv", "labels.parquet", "labels.xlsx"])
def test_each_form_holds_the_same_labels(small: Segmentation, file: str) -> None:
    if file.endswith("xlsx"):
        pytest.importorskip("xlsxwriter")
        pytest.importorskip("python_calamine")
    description = describe(small)
    (part,) = [one for one in PARTS if one.file == file]
    content = io.BytesIO(part.render(description))
    read = {
        "csv": lambda: pd.read_csv(content, keep_default_na=True),
        "parquet": lambda: pd.read_parquet(content),
        "xlsx": lambda: pd.read_excel(content, engine="calamine"),
    }[file.partition(".")[2]]()
    expected = customer_labels(small, description.called)
    assert read.columns.tolist() == expected.columns.tolist()
    assert read["id"].tolist() == expected["id"].tolist()  # "=1+1" is no formula
    assert read["segment"].tolist()[:5] == [1, 1, 1, 2, 2]
    assert pd.isna(read["segment"].iloc[5])
    assert read["margin"].to_numpy(dtype=float) == pytest.approx(expected["margin"].to_numpy(), nan_ok=True)
