"""Facts of a table, and the page and JSON that state them."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clusterbench.datasets import DatasetSpec, draft_dataset
from clusterbench.inspection import findings, inspect_table, inspection_html, inspection_json, write_inspection

N = 200
SECRETS = ("C0007", "called on day")
LEVELS = ("northern", "southern", "gold", "silver")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"CUST_ID": [f"C{i:04}" for i in range(N)]})
    frame["goods"] = rng.lognormal(3, 1, N).round(2)
    frame["services"] = rng.lognormal(2, 1, N).round(2)
    frame["travel"] = np.where(rng.random(N) < 0.6, 0, rng.lognormal(2, 1, N)).round(2)
    frame["spend"] = frame["goods"] + frame["services"]
    frame["total"] = frame["spend"] + frame["travel"]
    frame["again"] = frame["goods"]
    frame["limit"] = rng.normal(size=N)
    frame["rate"] = rng.normal(size=N)
    frame.loc[:9, ["limit", "rate"]] = np.nan
    frame.loc[5:14, "limit"] = np.nan
    frame["active"] = rng.integers(0, 2, N)
    frame["region"] = np.where(rng.random(N) < 0.7, "northern", "southern")
    frame["since"] = [f"2024-{1 + i % 12:02}-15" for i in range(N)]
    frame["note"] = [f"called on day {i}" for i in range(N)]
    frame["class"] = np.where(rng.random(N) < 0.5, "gold", "silver")
    features = [name for name in frame.columns if name != "CUST_ID"]
    frame.loc[N - 1, features] = frame.loc[N - 2, features].to_numpy()
    return frame


@pytest.fixture(scope="module")
def drafted(frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspection")
    frame.to_csv(folder / "shop.csv", index=False)
    return draft_dataset(DatasetSpec(path="shop.csv"), base=folder)


@pytest.fixture(scope="module")
def inspection(drafted):
    return inspect_table(drafted)


@pytest.fixture(scope="module")
def document(inspection):
    return json.loads(inspection_json(inspection))


def test_correlations_are_those_of_scipy(document, frame):
    found = document["correlations"]
    at, other = (found["columns"].index(name) for name in ("goods", "spend"))
    assert found["pearson"][at][other] == pytest.approx(stats.pearsonr(frame["goods"], frame["spend"])[0], abs=1e-6)
    assert found["spearman"][at][other] == pytest.approx(stats.spearmanr(frame["goods"], frame["spend"])[0], abs=1e-6)
    both = frame[["limit", "rate"]].dropna()
    at, other = (found["columns"].index(name) for name in ("limit", "rate"))
    assert found["spearman"][at][other] == pytest.approx(stats.spearmanr(*both.to_numpy().T)[0], abs=1e-6)


def test_sums_of_two_and_more_columns_and_equal_columns_are_found(document):
    sums = {one["total"]: set(one["addends"]) for one in document["sums"]}
    assert sums == {"again": {"goods"}, "spend": {"goods", "services"}, "total": {"spend", "travel"}}


def test_a_sum_of_many_columns_with_a_few_exceptions_is_found(tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.gamma(2, 10, (500, 6)).round(2), columns=list("abcdef"))
    frame["sum"] = frame[list("abcd")].sum(axis=1)
    frame.loc[:1, "sum"] += 7
    frame.to_csv(tmp_path / "t.csv", index=False)
    [one] = inspect_table(draft_dataset(DatasetSpec(path="t.csv"), base=tmp_path)).sums
    assert (one.text, one.share) == ("sum = a + b + c + d", 0.996)


def test_columns_that_are_missing_together_are_counted(document):
    patterns = {tuple(one["columns"]): one["rows"] for one in document["missing_patterns"]}
    assert patterns == {(): 185, ("limit", "rate"): 10, ("limit",): 5}


def test_repeated_rows_and_far_out_values_are_counted(document, frame):
    assert document["repeated_rows"] == 1
    column = next(one for one in document["columns"] if one["name"] == "goods")
    low, high = frame["goods"].quantile([0.25, 0.75])
    assert column["far_out"] == pytest.approx(100 * (frame["goods"] > high + 3 * (high - low)).mean())


def test_histograms_count_values_and_their_logarithms(document, frame):
    column = next(one for one in document["columns"] if one["name"] == "goods")
    assert column["histogram"]["counts"] == np.histogram(frame["goods"], 24)[0].tolist()
    assert column["log1p_histogram"]["counts"] == np.histogram(np.log1p(frame["goods"]), 24)[0].tolist()
    named = {one["name"]: one for one in document["columns"]}
    assert "log1p_histogram" not in named["limit"]  # it has negative values
    assert "histogram" not in named["region"]
    assert (named["since"]["first"], named["since"]["last"]) == ("2024-01-15", "2024-12-15")


def test_what_stands_out_is_said_in_sentences(inspection):
    said = "\n".join(findings(inspection))
    assert "spend = goods + services in all rows" in said
    assert "7.5 % of the rows have a missing value: limit (15) and rate (10)" in said
    assert "1 row equals an earlier one in all features (0.5 %)" in said
    assert "zero in at least half of the rows: travel" in said


def test_no_value_of_a_row_and_no_level_is_shown_unless_asked_for(inspection, drafted):
    for text in (inspection_html(inspection), inspection_json(inspection)):
        assert not [secret for secret in (*SECRETS, *LEVELS) if secret in text]
        assert "level 1" in text
    shown = inspect_table(drafted, levels=True)
    for text in (inspection_html(shown), inspection_json(shown)):
        assert not [secret for secret in SECRETS if secret in text]
        assert [level for level in LEVELS if level not in text] == []


def test_the_median_of_an_even_number_of_dates_lies_between_the_middle_ones(tmp_path):
    days = pd.Series(pd.to_datetime(["2024-03-01", "2024-03-03", "2024-03-05", "2024-03-09"] * 10))
    pd.DataFrame({"since": days, "x": range(40)}).sample(frac=1, random_state=0).to_csv(tmp_path / "t.csv", index=False)
    inspection = inspect_table(draft_dataset(DatasetSpec(path="t.csv"), base=tmp_path))
    assert inspection.dates["since"] == ("2024-03-01", str(days.median().date()), "2024-03-09")


def test_every_page_counts_columns_alike(inspection, drafted):
    assert drafted.column_counts == "14 columns: 11 features, 1 id, 1 text and 1 class column"
    assert f"{N} rows, {drafted.column_counts}" in inspection_html(inspection)


def test_histograms_have_the_ends_of_their_axis(inspection):
    [ends] = re.findall(r'aria-label="since: values".*?<figcaption>(.*?)</figcaption>', inspection_html(inspection))
    assert re.findall(r"<span>(.*?)</span>", ends) == ["2024-01-15", "values", "2024-12-15"]


def test_the_page_states_the_numbers_of_the_json(inspection, document):
    page = inspection_html(inspection)
    rows = re.findall(r'<th scope="row">(\w+)</th><td[^>]*>(numeric|binary)</td>(.*?)</tr>', page, re.DOTALL)
    shown = {name: re.findall(r">([^<]*)</td>", fields) for name, _, fields in rows}
    assert len(shown) == 9, shown
    for column in document["columns"]:
        if column["name"] in shown:
            missing, zero, far_out, distinct, *_ = shown[column["name"]]
            assert float(missing) == pytest.approx(column["missing_percent"], abs=0.051)
            assert float(zero) == pytest.approx(column["zero_percent"], abs=0.051)
            assert float(far_out) == pytest.approx(column["far_out"], abs=0.051)
            assert int(distinct) == column["distinct"]


def test_the_page_asks_for_nothing_and_escapes_names(tmp_path):
    frame = pd.DataFrame({"<b>x": np.arange(30) % 7, "y'\"&": np.arange(30) % 5, "z": 1})
    frame.to_csv(tmp_path / "a<i>.csv", index=False)
    inspection = inspect_table(draft_dataset(DatasetSpec(path="a<i>.csv"), base=tmp_path))
    page, data = write_inspection(inspection, tmp_path / "reports")
    assert page == tmp_path / "reports" / "inspect" / "a<i>.html"
    text = page.read_text(encoding="utf-8")
    assert "<b>x" not in text
    assert not re.search(r"<script|(?:src|href)=\"(?!#)", text)
    assert json.loads(data.read_text(encoding="utf-8"))["columns"][2]["distinct"] == 1


def test_a_large_or_wide_table_is_inspected_by_a_stated_sample_on_a_small_page(tmp_path):
    rng = np.random.default_rng(2)
    pd.DataFrame(rng.normal(size=(3000, 320)).astype(np.float32)).add_prefix("column_").to_parquet(
        tmp_path / "t.parquet"
    )
    inspection = inspect_table(draft_dataset(DatasetSpec(path="t.parquet"), base=tmp_path))
    page = inspection_html(inspection)
    assert "of 2,000, drawn with seed 0" in page
    assert "170 more columns are in the table of the features" in page
    assert len(page.encode()) < 1_000_000
    assert "The strongest pairs by Spearman, of the first 300 columns of numbers" in page
    document = json.loads(inspection_json(inspection))
    assert document["sample"] == {"rows": 2000, "seed": 0}
    assert len(document["correlations"]["columns"]) == len(document["correlations"]["spearman"]) == 300


@pytest.mark.parametrize(
    "columns", [{"x": [1, 1, 1]}, {"x": [1, 2, None]}, {"x": [1e308, -1e308, 0], "c": list("aab")}]
)
def test_small_and_odd_tables_have_a_page(columns, tmp_path):
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    inspection = inspect_table(draft_dataset(DatasetSpec(path="t.csv"), base=tmp_path))
    assert "<h1>t</h1>" in inspection_html(inspection)
    json.loads(inspection_json(inspection))
