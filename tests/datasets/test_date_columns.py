"""Dates with the day or the month first: decided by values or a key, stated, never guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench import RequestError
from clusterbench.datasets import DatasetSpec, dataset_from, draft_dataset, load_dataset


@pytest.fixture
def load(tmp_path):
    """Return the dataset of a CSV whose columns ``d`` and ``e`` are dates."""

    def from_columns(columns: dict[str, list[str]], **keys):
        frame = pd.DataFrame({"x": range(len(columns["d"])), **columns})
        frame.to_csv(tmp_path / "t.csv", index=False)
        spec = DatasetSpec(path="t.csv", roles=dict.fromkeys(columns, "date"), **keys)
        return load_dataset(spec, base=tmp_path)

    return from_columns


def days(*texts: str) -> list[float]:
    return [(pd.Timestamp(text) - pd.Timestamp(1970, 1, 1)) / pd.Timedelta(days=1) for text in texts]


@pytest.mark.parametrize(
    ("texts", "stated", "expected"),
    [
        (["03/04/2025", "25/12/2025"], "dates day first", ["2025-04-03", "2025-12-25"]),
        (["03/04/2025", "12/25/2025"], "dates month first", ["2025-03-04", "2025-12-25"]),
        (["3-4-2025", "25-12-2025"], "dates day first", ["2025-04-03", "2025-12-25"]),
        (["03/04/2025 18:30", "25/12/2025 06:00"], "dates day first", ["2025-04-03 18:30", "2025-12-25 06:00"]),
        (["3/4/2025 6:30 PM", "12/25/2025 6:00 AM"], "dates month first", ["2025-03-04 18:30", "2025-12-25 06:00"]),
    ],
)
def test_a_value_above_twelve_decides_the_order_which_is_stated(load, texts, stated, expected):
    loaded = load({"d": texts})
    assert loaded.frame["d"].tolist() == pytest.approx(days(*expected))
    assert loaded.source == f"t.csv: {stated}"


def test_the_order_of_one_column_decides_for_the_others(load):
    loaded = load({"d": ["03/04/2025", "05/06/2025"], "e": ["31/01/2024", "01/02/2024"]})
    assert loaded.frame["d"].tolist() == days("2025-04-03", "2025-06-05")


def test_an_open_order_is_refused_until_it_is_declared(load):
    texts = {"d": ["03/04/2025", "05/06/2025"]}
    with pytest.raises(RequestError) as caught:
        load(texts)
    assert "column 'd': '03/04/2025' may have the day or the month first" in str(caught.value)
    assert str(caught.value).endswith("(allowed: day_first = true or day_first = false)")
    assert load(texts, day_first=True).frame["d"].tolist() == days("2025-04-03", "2025-06-05")
    assert load(texts, day_first=False).frame["d"].tolist() == days("2025-03-04", "2025-05-06")


def test_two_columns_that_decide_otherwise_leave_a_third_open(load):
    columns = {"d": ["31/01/2024", "01/02/2024"], "e": ["01/31/2024", "01/02/2024"]}
    assert load(columns).source == "t.csv: dates day first, dates month first"
    with pytest.raises(RequestError, match="column 'f': '03/04/2025' may have the day"):
        load({**columns, "f": ["03/04/2025", "05/06/2025"]})


def test_no_order_is_asked_for_where_none_matters(load):
    assert load({"d": ["05/05/2025", "06/06/2025"]}).source == "t.csv"
    assert load({"d": ["2025/04/03", "2025/12/25"]}).frame["d"].tolist() == days("2025-04-03", "2025-12-25")
    with_gap = dataset_from(
        pd.DataFrame({"x": [1, 2, 3], "d": ["31/01/2024", None, "01/02/2024"]}),
        DatasetSpec(memory="t", roles={"d": "date"}),
    )
    np.testing.assert_array_equal(with_gap.frame["d"], [*days("2024-01-31"), np.nan, *days("2024-02-01")])


def test_a_column_of_dates_with_slashes_is_detected(tmp_path):
    pd.DataFrame({"x": [1.5, 2, 3], "d": ["03/04/2025", "04/05/2025", "05/06/2025"]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    drafted = draft_dataset(DatasetSpec(path="t.csv", day_first=True), base=tmp_path)
    assert drafted.roles["d"] == "date"
    with pytest.raises(RequestError, match="day_first = true or day_first = false"):
        draft_dataset(DatasetSpec(path="t.csv"), base=tmp_path)


def test_a_date_that_no_order_allows_is_named(load):
    with pytest.raises(RequestError, match=r"no dates of one form: '31/31/2025' in row 2"):
        load({"d": ["03/04/2025", "31/31/2025"]})
