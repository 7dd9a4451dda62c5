"""Steps for categories and dates, and what they make of a mixed table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench import RequestError
from clusterbench.datasets import Dataset, DatasetSpec, dataset_from
from clusterbench.preprocessing import describe, fit_space, parse_steps

ROLES = {"region": "category", "size": "category", "since": "date"}


@pytest.fixture(scope="module")
def mixed() -> Dataset:
    """Six rows with two numbers, two categories and a date."""
    frame = pd.DataFrame(
        {
            "x": [1.0, 2, 3, 4, 5, 6],
            "region": ["north", "south", "north", None, "west", "south"],
            "size": ["s", "m", "l", "s", "m", None],
            "since": ["2024-03-02", "2023-12-31", None, "2024-01-01 12:00", "1970-01-01", "2024-02-29"],
            "y": [0.5, -1, 0, 2, 3, 1],
        }
    )
    return dataset_from(frame, DatasetSpec(memory="mixed", roles=ROLES))


def space_of(dataset: Dataset, *steps: dict) -> pd.DataFrame:
    space = fit_space(dataset, parse_steps(steps, where="v"), where="v")
    return pd.DataFrame(space.values, columns=space.columns)


ONE_HOT = {"step": "one_hot"}
DATES = {"step": "date_parts"}
ORDINAL = {"step": "ordinal", "columns": "size", "order": ["s", "m", "l"]}
REGIONS = {"step": "one_hot", "columns": "region"}
NO_DATE = {"step": "drop", "columns": "since"}
NO_SIZE = {"step": "drop", "columns": "size"}


def test_one_hot_gives_a_column_for_each_level_and_for_missing_values(mixed):
    found = space_of(mixed, REGIONS, NO_SIZE, NO_DATE)
    assert list(found) == ["x", "y", "region=north", "region=south", "region=west", "region=(missing)"]
    assert found["region=north"].tolist() == [1, 0, 1, 0, 0, 0]
    assert found["region=(missing)"].tolist() == [0, 0, 0, 1, 0, 0]
    assert found["x"].tolist() == [1, 2, 3, 4, 5, 6]


def test_rare_levels_are_one_column(mixed):
    found = space_of(mixed, {**REGIONS, "min_share": 0.3}, NO_SIZE, NO_DATE)
    assert list(found)[2:] == ["region=north", "region=south", "region=(other)"]
    assert found["region=(other)"].tolist() == [0, 0, 0, 1, 1, 0]


def test_ordinal_gives_the_place_of_each_level(mixed):
    found = space_of(mixed, ORDINAL, {"step": "impute", "strategy": "constant", "fill_value": -1}, REGIONS, NO_DATE)
    assert found["size"].tolist() == [0, 1, 2, 0, 1, -1]


def test_date_parts_are_calendar_numbers(mixed):
    parts = ["days", "year", "month", "day", "weekday", "hour"]
    steps = ({**DATES, "parts": parts}, {"step": "impute", "strategy": "constant", "fill_value": -1}, NO_SIZE, REGIONS)
    found = space_of(mixed, *steps)
    assert list(found)[2:8] == [f"since.{part}" for part in parts]
    dates = pd.to_datetime(["2024-03-02", "2023-12-31", "2024-01-01 12:00"], format="ISO8601")
    for row, date in zip((0, 1, 3), dates, strict=True):
        expected = [(date - pd.Timestamp(0)) / pd.Timedelta("1D")]
        expected += [date.year, date.month, date.day, date.weekday(), date.hour]
        assert found.iloc[row, 2:8].tolist() == expected
    assert found.iloc[2, 2:8].tolist() == [-1] * 6


def test_steps_on_all_columns_leave_columns_that_are_no_numbers_alone(mixed):
    scaled = space_of(mixed, {"step": "standardize"}, ONE_HOT, DATES, {"step": "impute"})
    assert set(np.unique(scaled.filter(like="="))) == {0.0, 1.0}
    np.testing.assert_allclose(scaled[["x", "y"]].std(ddof=0), 1)
    share = {"step": "pca", "n_components": 0.5}
    assert "pca0" in space_of(mixed, share, {"step": "robust"}, ONE_HOT, DATES, {"step": "impute"})
    numbers = space_of(mixed, {"step": "select", "columns": "all"})
    assert list(numbers) == ["x", "y"]


@pytest.mark.parametrize("step", ["clip", "log1p", "power", "standardize", "minmax", "robust"])
def test_scaling_steps_on_all_columns_leave_the_columns_of_one_hot_as_they_are(mixed, step):
    before = space_of(mixed, REGIONS, NO_SIZE, DATES, {"step": "impute"}, {"step": "drop", "columns": "y"})
    after = space_of(
        mixed, REGIONS, NO_SIZE, DATES, {"step": "impute"}, {"step": "drop", "columns": "y"}, {"step": step}
    )
    pd.testing.assert_frame_equal(after.filter(like="="), before.filter(like="="))
    assert (after[["x", "since.days"]] != before[["x", "since.days"]]).any().all()


def test_a_category_weighs_no_more_than_one_standardised_column(mixed):
    steps = ({**REGIONS, "min_share": 0.0}, NO_SIZE, NO_DATE, {"step": "standardize"})
    found = space_of(mixed, *steps)
    variances = found.var(ddof=0)
    np.testing.assert_allclose(variances[["x", "y"]], 1)
    assert variances.filter(like="=").sum() == pytest.approx(1 - (4 + 4 + 1 + 1) / 36)  # 1 - sum of squared shares
    named = space_of(mixed, *steps, {"step": "standardize", "columns": "region=west"})
    np.testing.assert_allclose(named["region=west"].var(ddof=0), 1)
    whole = space_of(mixed, *steps, {"step": "pca"})
    assert whole.var(ddof=0).sum() == pytest.approx(variances.sum())  # pca has them in


def test_a_category_of_two_levels_is_one_column_unless_values_are_missing():
    frame = pd.DataFrame({"member": ["yes", "no", "no", "yes"], "gap": ["a", "b", None, "a"]})
    two = dataset_from(frame, DatasetSpec(memory="two", roles={"member": "category", "gap": "category"}))
    found = space_of(two, ONE_HOT, {"step": "standardize"})
    assert list(found) == ["member=yes", "gap=a", "gap=b", "gap=(missing)"]
    assert found["member=yes"].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "category column 'region' is not made numbers (allowed: { step = \"one_hot\" } first, or"),
        ([ONE_HOT], "date column 'since' is not made numbers (allowed: { step = \"date_parts\" } first, or"),
        ([{"step": "standardize", "columns": "region"}], "standardize of the category column 'region'"),
        ([{"step": "one_hot", "columns": "x"}], "one_hot of the numeric column 'x'"),
        ([{"step": "one_hot", "columns": "since"}], "one_hot of the date column 'since'"),
        ([{"step": "log1p", "columns": "category"}], "log1p of the category column 'region'"),
        ([{**ORDINAL, "order": ["s", "m"]}], "level 'l' of 'size' is not in order (allowed: l, m, s)"),
        ([{**ORDINAL, "order": ["s", "m", "l", "xl"]}], "unknown level of 'size' 'xl'"),
        ([{**DATES, "parts": ["moth"]}], "parts = 'moth'"),
        ([{"step": "ordinal", "columns": "size"}], "ordinal needs order"),
    ],
)
def test_what_cannot_be_made_numbers_is_refused_with_the_step_that_can(mixed, steps, said):
    with pytest.raises(RequestError) as caught:
        space_of(mixed, *steps)
    assert said in str(caught.value)


def test_encoding_steps_do_nothing_to_a_table_of_numbers():
    numbers = dataset_from(pd.DataFrame({"x": [1.0, 2, 3], "y": [3.0, 1, 2]}))
    assert space_of(numbers, ONE_HOT, DATES).to_numpy().tolist() == [[1, 3], [2, 1], [3, 2]]


def test_the_words_of_a_step_say_its_arguments():
    steps = parse_steps([REGIONS, {**ONE_HOT, "min_share": 0.0}, ORDINAL, DATES], where="v")
    words = "one-hot, rare below 1 % (region) > one-hot (category) > ordinal s < m < l (size) > date days (date)"
    assert describe(steps) == words


def test_levels_are_part_of_the_hash_of_a_table(mixed):
    frame = pd.DataFrame({"x": [1.0, 2], "c": ["a", "b"]})
    spec = DatasetSpec(memory="t", roles={"c": "category"})
    one, other = dataset_from(frame, spec), dataset_from(frame.replace("b", "z"), spec)
    assert one.frame.equals(other.frame)
    assert one.content_hash != other.content_hash
