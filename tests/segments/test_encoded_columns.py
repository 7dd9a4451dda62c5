"""Segments of tables with categories and dates: new rows are given as the table was, in texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.errors import RequestError
from clusterbench.segments import (
    assign_file,
    explain_row,
    explanation_text,
    load_bundle,
    monitor_file,
    monitoring_summary,
    read_row,
    without_encoders,
    write_monitoring,
)

from .workbench import Workbench, mixed_bundle, mixed_table


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return mixed_table()


@pytest.fixture(scope="module")
def place(registry, tmp_path_factory) -> Path:
    """A folder with the table, its fitted segments, and a bundle of them."""
    folder = tmp_path_factory.mktemp("mixed")
    np.save(folder / "segment.npy", mixed_bundle(registry, folder))
    return folder


@pytest.fixture
def assign(place, tmp_path):
    """Return the outcome for the rows of a table."""

    def of(table: pd.DataFrame, name: str = "new.csv") -> pd.DataFrame:
        path = tmp_path / name
        table.to_parquet(path) if name.endswith(".parquet") else table.to_csv(path, index=False)
        assign_file(load_bundle(place / "bundle"), path, tmp_path / "out.csv")
        return pd.read_csv(tmp_path / "out.csv")

    return of


def test_rows_given_as_the_table_have_its_segments(place, frame, assign):
    segment = np.load(place / "segment.npy")
    for given in (assign(frame), assign(frame.sample(frac=1, random_state=0)).sort_values("id", key=frame_order)):
        np.testing.assert_array_equal(given["segment"], segment)
    typed = frame.assign(since=pd.to_datetime(frame["since"]), region=frame["region"].astype("category"))
    np.testing.assert_array_equal(assign(typed, "new.parquet")["segment"], segment)


def frame_order(ids: pd.Series) -> pd.Series:
    return ids.str[1:].astype(int)


def test_a_category_has_one_reason_and_its_levels_are_tried(place, frame, tmp_path):
    bundle, segment = load_bundle(place / "bundle"), np.load(place / "segment.npy")
    frame.to_csv(tmp_path / "new.csv", index=False)
    row = read_row(bundle, tmp_path / "new.csv", 21)  # of the kind that is in the west
    explained = explain_row(bundle, row)
    values = {reason.column: reason.value for reason in explained.reasons}
    assert set(values) == {"spend", "region", "size", "since.days", "since.month"}
    assert (values["region"], values["size"]) == ("west", frame["size"][20])
    assert explained.exact
    assert sum(reason.weight for reason in explained.reasons) == pytest.approx(explained.margin)
    assert explained.change is None  # only another region would move it
    north, south = segment[12], segment[13]
    assert {one.level: one.segment for one in explained.levels if one.level in ("north", "south")} == {
        "north": north,
        "south": south,
    }
    assert {one.column for one in explained.levels} == {"region"}
    text = explanation_text(bundle, explained)
    assert "another level of region moves it:\n  " in text
    assert "no change" not in text


def test_a_rare_level_and_a_missing_one_are_named(place, frame, tmp_path):
    bundle = load_bundle(place / "bundle")
    frame.to_csv(tmp_path / "new.csv", index=False)
    values = [
        {one.column: one.value for one in explain_row(bundle, read_row(bundle, tmp_path / "new.csv", number)).reasons}
        for number in (1, 8)
    ]
    assert (values[0]["region"], values[1]["size"]) == ("(other)", "missing")


def test_columns_that_are_encoded_already_are_taken_as_they_are(place, frame, assign):
    levels = ("north", "south", "west")
    encoded = frame.assign(**{f"region={level}": (frame["region"] == level).astype(float) for level in levels})
    encoded["region=(other)"] = (~frame["region"].isin(levels)).astype(float)  # a missing value is rare, too
    assert assign(encoded.drop(columns="region"))["segment"].tolist() == np.load(place / "segment.npy").tolist()


def test_a_level_that_was_not_there_counts_as_the_rare_ones(frame, assign):
    row = frame.iloc[[20]]
    distances = [assign(row.assign(region=region))["distance"][0] for region in ("moon", "islet", "south")]
    assert distances[0] == distances[1] != distances[2]


def test_a_level_that_was_not_there_is_out_of_range(place, frame, tmp_path):
    rows = frame.iloc[[20, 21, 22, 0]].assign(region=["moon", "moon", None, "islet"])
    rows.to_csv(tmp_path / "new.csv", index=False)
    outcome = assign_file(load_bundle(place / "bundle"), tmp_path / "new.csv", tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["out_of_range"].fillna("").tolist() == ["region", "region", "", ""]
    assert outcome.n_rows == 4
    assert [(one.column, one.n_rows, one.levels) for one in outcome.unknown] == [("region", 2, ("moon",))]
    expected = "2 rows with a level of region that the fitted table lacked: 'moon'"
    assert outcome.unknown[0].text == expected
    frame.to_csv(tmp_path / "old.csv", index=False)
    found = monitor_file(load_bundle(place / "bundle"), tmp_path / "new.csv", against=tmp_path / "old.csv")
    assert found.unknown_levels == outcome.unknown
    assert f"\n  {expected}" in monitoring_summary(found)
    written, _ = write_monitoring(found, load_bundle(place / "bundle").names, tmp_path)
    assert f"- {expected}\n" in written.read_text(encoding="utf-8")


def test_what_cannot_be_read_is_refused_by_name(frame, assign):
    for changes, said in {
        ("size", "xl"): "column 'size' has no level 'xl' (allowed: l, m and s)",
        ("since", "soon"): "column 'since' holds no dates of one form",
    }.items():
        with pytest.raises(RequestError) as caught:
            assign(frame.assign(**{changes[0]: changes[1]}))
        assert said in str(caught.value)
    with pytest.raises(RequestError, match="has no column 'region'"):
        assign(frame.drop(columns="region"))


def test_a_variant_that_encodes_late_is_refused(place, registry):
    spec = DatasetSpec(path="table.csv", drop=["id", "size", "since"], roles={"region": "category"})
    dataset = load_dataset(spec, base=place)
    fitted = Workbench(dataset, registry).fit("kmeans", [{"step": "standardize"}, {"step": "one_hot"}], k=3)
    with pytest.raises(RequestError, match="step standardize goes before one_hot"):
        without_encoders(dataset, fitted.steps, fitted.space)


def test_a_category_of_two_levels_is_read_from_its_texts(tmp_path, registry):
    member = np.array(["no", "yes"] * 20)
    frame = pd.DataFrame({"id": range(40), "spend": np.where(member == "yes", 8.0, 0.0) + np.arange(40) % 5})
    frame.assign(member=member).to_csv(tmp_path / "table.csv", index=False)
    spec = DatasetSpec(path="table.csv", id="id", roles={"member": "category"})
    dataset = load_dataset(spec, base=tmp_path)
    fitted = Workbench(dataset, registry).fit("kmeans", [{"step": "one_hot"}, {"step": "standardize"}], k=2)
    assert fitted.space.columns == ("spend", "member=yes")
    table, _, _, sources = without_encoders(dataset, fitted.steps, fitted.space)
    np.testing.assert_array_equal(table.frame["member=yes"], member == "yes")
    source = sources["member=yes"]
    assert (source.column, source.levels, source.values) == ("member", ("no", "yes"), (0.0, 1.0))
    assert (source.other, source.missing) == (0.0, 0.0)  # the level without a column
