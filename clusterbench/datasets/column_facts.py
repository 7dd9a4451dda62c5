"""Facts about the columns of a dataset."""

from typing import Final

import numpy as np
import pandas as pd

from clusterbench.datasets.column_roles import is_binary
from clusterbench.datasets.dataset import Dataset

QUANTILES: Final = (0, 1, 5, 25, 50, 75, 95, 99, 100)


def inspect_dataset(dataset: Dataset) -> pd.DataFrame:
    """Describe each column, one row per column (index ``column``).

    The columns are role (see `ColumnRole`), unit, missing values in % of all rows, number of distinct values; and, of
    columns of numbers, zeros in % of all rows and, of the values that are present, quantiles ``q0`` .. ``q100``, mean,
    standard deviation (n - 1), bias-corrected skewness and excess kurtosis.
    """
    coded = list(dataset.coded)
    frame = dataset.frame
    facts = pd.DataFrame(index=pd.Index(dataset.columns, name="column"))
    facts["role"] = [
        str(dataset.coded[name].role if name in coded else "binary" if is_binary(frame[name]) else "numeric")
        for name in dataset.columns
    ]
    facts["unit"] = [dataset.units.get(column, "") for column in dataset.columns]
    facts["missing_percent"] = 100.0 * frame.isna().mean()
    facts["zero_percent"] = 100.0 * (frame == 0).mean().mask(frame.columns.isin(coded))
    facts["distinct"] = frame.nunique()
    frame = frame.drop(columns=coded)
    quantiles = frame.quantile([percent / 100.0 for percent in QUANTILES])
    for percent, values in zip(QUANTILES, quantiles.to_numpy(), strict=True):
        facts[f"q{percent}"] = pd.Series(values, index=frame.columns)
    with np.errstate(all="ignore"):  # of values whose squares overflow
        facts["mean"], facts["std"] = frame.mean(), frame.std()
        facts["skew"], facts["kurtosis"] = frame.skew(), frame.kurt()
    return facts
