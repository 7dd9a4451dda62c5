"""Column facts, by hand and against the published ones of the real table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import Dataset, DatasetSpec, inspect_dataset, load_dataset


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
