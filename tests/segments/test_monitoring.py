"""Monitoring: limits that chance alone rarely passes, drift that is noticed, and verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.errors import RequestError
from clusterbench.segments import (
    chance_limit,
    load_bundle,
    monitor_file,
    monitoring_summary,
    stability_index,
    write_monitoring,
)

from .workbench import Workbench, bundle_of

COLUMNS = ["BALANCE", "PURCHASES", "CREDIT_LIMIT", "PAYMENTS"]
STEPS = [{"step": "impute"}, {"step": "select", "columns": COLUMNS}, {"step": "log1p"}, {"step": "standardize"}]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """3,000 simulated customers; the bundle below is fitted to the first 2,000."""
    return load_dataset(DatasetSpec(use="credit-card", n_rows=3000), base=Path()).frame


@pytest.fixture(scope="module")
def bundle(customers, registry, tmp_path_factory):
    place = tmp_path_factory.mktemp("drift")
    customers.iloc[:2000].to_csv(place / "fitted.csv", index_label="ID")
    fitted = Workbench(load_dataset(DatasetSpec(path="fitted.csv", drop=("ID",)), base=place), registry)
    return load_bundle(bundle_of(fitted.fit("kmeans", STEPS, k=2), place / "bundle"))


@pytest.fixture
def monitor(bundle, tmp_path):
    """Monitor a table, which is written to a file."""

    def of(frame: pd.DataFrame, against: pd.DataFrame | None = None):
        frame.to_csv(tmp_path / "new.csv", index_label="ID")
        if against is not None:
            against.to_csv(tmp_path / "old.csv", index_label="ID")
        other = None if against is None else tmp_path / "old.csv"
        return monitor_file(bundle, tmp_path / "new.csv", against=other)

    return of


def test_the_index_of_two_tables_by_hand():
    p, q = np.array([10.5, 30.5]) / 41, np.array([20.5, 20.5]) / 41
    expected = ((p - q) * np.log(p / q)).sum()
    assert stability_index(np.array([10, 30]), np.array([20, 20])) == pytest.approx(expected)
    assert stability_index(np.array([7, 7]), np.array([7, 7])) == 0.0


@pytest.mark.parametrize(("n", "expected"), [(100, 0.171), (1000, 0.0188)])
def test_the_limit_of_ten_equal_bins_is_that_of_chi_square(n, expected):
    """Index / (1/n + 1/N) is nearly chi-square with 9 degrees of freedom, 16.92 at 5 %."""
    reference = np.full(10, 895)
    limit = chance_limit(np.full(10, n // 10), reference, 0.05, np.random.default_rng(0))
    assert limit == pytest.approx(expected, rel=0.08)


def test_no_more_alarms_than_declared_without_drift(customers, monitor):
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(15):
        batch = customers.iloc[2000:].sample(int(rng.integers(30, 600)), random_state=rng)
        alarms += monitor(batch).verdict != "keep"
    assert alarms <= 1


def test_a_shifted_column_is_watched_and_named(customers, monitor):
    batch = customers.iloc[2000:].copy()
    batch["CREDIT_LIMIT"] *= 1.15
    found = monitor(batch)
    assert found.verdict == "watch"
    assert any(reason.text.startswith("CREDIT_LIMIT is distributed otherwise") for reason in found.reasons)
    changed = {shift.column for shift in found.drift.shifts if shift.counts}
    assert "CREDIT_LIMIT" in changed
    assert "PURCHASES" not in changed


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_zeros_and_missing_values_are_bins_of_their_own(customers, monitor, value):
    batch = customers.iloc[2000:].copy()
    batch.loc[batch.index[:150], "CREDIT_LIMIT"] = value
    shift = next(one for one in monitor(batch).drift.shifts if (one.column, one.segment) == ("CREDIT_LIMIT", None))
    assert shift.counts
    assert shift.index == pytest.approx(0.15 * np.log(0.15 * 2000 / 0.5), rel=0.5)


def test_another_population_is_refitted(customers, monitor):
    batch = customers.iloc[2000:].copy()
    batch[["BALANCE", "PAYMENTS"]] = batch[["BALANCE", "PAYMENTS"]] * 40 + 50_000
    found = monitor(batch)
    assert found.verdict == "refit"
    assert found.drift.out_of_range.share > 0.9
    assert found.drift.atypical.low > 0.05
    assert found.drift.segments_count
    assert any("atypical" in reason.text for reason in found.reasons)


def test_shares_of_segments_have_wilson_intervals(bundle, customers, monitor):
    found = monitor(customers.iloc[2000:2200])
    one = found.drift.segments[0]
    n, z, p = 200, 1.959964, one.rate.share
    centre, half = (p + z**2 / (2 * n)), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert one.rate.low == pytest.approx((centre - half) / (1 + z**2 / n))
    assert one.rate.high == pytest.approx((centre + half) / (1 + z**2 / n))
    assert one.rate.reference == pytest.approx(bundle.manifest.segments[0].rows / 2000)


def test_rows_of_both_files_are_matched_by_id(bundle, customers, monitor):
    before, after = customers.iloc[2000:2100], customers.iloc[2050:2200].copy()
    after.iloc[:10] = customers.iloc[:10].to_numpy()
    found = monitor(after, before)
    table = np.array(found.migration.counts)
    expected = np.zeros((3, 3), dtype=int)
    columns = list(bundle.program.columns)
    moved = (bundle.assign(before.iloc[50:][columns]).segment, bundle.assign(after.iloc[:50][columns]).segment)
    np.add.at(expected, moved, 1)
    assert np.array_equal(table, expected)
    assert found.migration.unmatched == 50 + 100
    assert found.reference.endswith("old.csv")


def test_the_same_rows_twice_are_kept(customers, monitor):
    found = monitor(customers.iloc[:500], customers.iloc[:500])
    assert (found.verdict, found.migration.stayed) == ("keep", 1.0)
    assert all(shift.index == 0.0 for shift in found.drift.shifts)


def test_a_bundle_of_labelled_rows_counts_each_row_by_the_others(cards, rows_folder, tmp_path):
    """The distance of a fitted row to itself would make every new row atypical."""
    load_dataset(DatasetSpec(use="credit-card", n_rows=600), base=Path()).frame.iloc[300:].to_csv(tmp_path / "new.csv")
    drift = monitor_file(load_bundle(rows_folder), tmp_path / "new.csv").drift
    whole = next(one for one in drift.shifts if one.column.startswith("distance") and one.segment is None)
    assert not whole.counts


def test_fitted_rows_do_not_drift_from_themselves(cards, rows_folder, tmp_path):
    """Each of them has a distance of 0 to itself, which is compared with nothing."""
    cards.dataset.frame.to_csv(tmp_path / "same.csv")
    found = monitor_file(load_bundle(rows_folder), tmp_path / "same.csv")
    assert (found.verdict, found.reasons) == ("keep", ())


def test_markdown_and_json_say_the_same(bundle, customers, monitor, tmp_path):
    found = monitor(customers.iloc[2000:2100], customers.iloc[2050:2100])
    markdown, document = write_monitoring(found, bundle.names, tmp_path)
    content, text = json.loads(document.read_text()), markdown.read_text()
    assert content["verdict"] == found.verdict == "keep"
    assert len(content["drift"]["shifts"]) == len(found.drift.shifts)
    assert text.startswith("# Keep: an entry\n\n100 rows of ")
    assert "| before \\ after | 1 it's 1 | 2 it's 2 |" in text
    assert monitoring_summary(found).startswith("keep: 100 rows of ")


def test_what_cannot_be_monitored_is_refused_by_name(bundle, customers, tmp_path):
    customers.iloc[:0].to_csv(tmp_path / "empty.csv")
    with pytest.raises(RequestError, match=r"empty\.csv has no rows"):
        monitor_file(bundle, tmp_path / "empty.csv")
    old = load_bundle(Path(__file__).parent / "bundle-schema-1")
    (tmp_path / "rows.csv").write_text("AGE,INCOME\n30,100\n")
    with pytest.raises(RequestError, match="keeps no counts of its fitted table"):
        monitor_file(old, tmp_path / "rows.csv")
