"""Tables of numbers with label files, folders of them, and stored partitions."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench import RequestError
from clusterbench.datasets import (
    Dataset,
    DatasetSpec,
    TruthKind,
    dataset_from,
    labelled_tables,
    load_dataset,
    stored_partitions,
)

DATA = "1 2.5\n3 -4e2\n5 6\n7 8\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two batteries of one kind and a table of another, with partitions by two methods."""
    shapes, real = tmp_path / "shapes", tmp_path / "real"
    for place in (shapes / "first", shapes / "uci", real, tmp_path / "stored" / "first"):
        place.mkdir(parents=True)
    (shapes / "first" / "dots.data.gz").write_bytes(gzip.compress(DATA.encode()))
    (shapes / "first" / "dots.labels0.gz").write_bytes(gzip.compress(b"1\n1\n2\n2\n"))
    (shapes / "first" / "dots.labels1").write_text("2\n0\n1\n1\n")
    (shapes / "first" / "dots.labels10").write_text("4\n4\n4\n7\n")
    (shapes / "first" / "dots.txt").write_text("about the dots")
    (shapes / "first" / "unlabelled.data").write_text(DATA)
    (shapes / "uci" / "plants.data").write_text(DATA)
    (shapes / "uci" / "plants.labels0").write_text("1\n2\n1\n2\n")
    (real / "zoo.data").write_text(DATA)
    (real / "zoo.labels0").write_text("1\n2\n2\n2\n")
    (tmp_path / "stored" / "first" / "dots.result2.gz").write_bytes(gzip.compress(b'"A_0.1","B"\n1,2\n1,1\n2,1\n2,1\n'))
    return tmp_path


def load(folder: Path, name: str = "shapes/first/dots.data.gz", **keys) -> Dataset:
    return load_dataset(DatasetSpec(path=name, **keys), base=folder)


def test_a_table_of_numbers_comes_with_its_label_files(folder):
    dots = load(folder)
    assert (dots.name, dots.columns) == ("dots", ("x1", "x2"))
    assert dots.frame.to_numpy().tolist() == [[1, 2.5], [3, -400], [5, 6], [7, 8]]
    assert [classes.name for classes in dots.known_classes] == ["labels0", "labels1", "labels10"]
    assert dots.truth.tolist() == [0, 0, 1, 1]


def test_label_0_is_noise_unless_another_label_is_declared(folder):
    noisy = load(folder).known_classes[1]
    assert (noisy.codes.tolist(), noisy.names) == ([1, -1, 0, 0], ("1", "2"))
    other = load(folder, truth_noise=2).known_classes[1]
    assert (other.codes.tolist(), other.names) == ([-1, 0, 1, 1], ("0", "1"))


def test_label_files_can_be_chosen(folder):
    chosen = load(folder, truth=["labels10", "labels0"])
    assert [classes.codes.tolist() for classes in chosen.known_classes] == [[0, 0, 0, 1], [0, 0, 1, 1]]
    assert chosen.columns == ("x1", "x2")
    assert load(folder, drop=["labels0", "labels1", "labels10"]).known_classes == ()


def test_tables_are_found_without_being_read(folder):
    (folder / "real" / "zoo.data").write_text("no numbers")
    found = [(table.kind, table.battery, table.name) for table in labelled_tables(folder)]
    assert found == [("real", "real", "zoo"), ("shapes", "first", "dots"), ("real", "uci", "plants")]
    assert [table.kind for table in labelled_tables(folder / "real")] == ["real"]


def test_a_found_table_is_loaded_by_battery_and_name(folder):
    loaded = labelled_tables(folder / "shapes")[0].load()
    assert (loaded.name, loaded.n_rows, len(loaded.known_classes)) == ("first/dots", 4, 3)


def test_a_folder_without_known_classes_is_refused(tmp_path):
    (tmp_path / "t.data").write_text(DATA)
    with pytest.raises(RequestError, match=r"no table with known classes in .*NAME\.data\.gz beside NAME\.labels0\.gz"):
        labelled_tables(tmp_path)


def test_stored_partitions_are_labelings_by_method(folder):
    (file,) = stored_partitions(folder / "stored")
    assert (file.battery, file.name, file.k) == ("first", "dots", 2)
    assert {method: labels.tolist() for method, labels in file.load().items()} == {
        "A_0.1": [1, 1, 2, 2],
        "B": [2, 1, 1, 1],
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.data", "1 2\n3\n", "the number of columns changed"),
        ("t.data", "1 2\n3 x\n", "could not convert string 'x'"),
        ("t.data", " \n", "is empty"),
        ("t.labels0", "1\n", "1 labels (allowed: 2, one whole number per row)"),
        ("t.labels0", "1 2\n1 2\n", "2 labels (allowed: 2, one whole number per row)"),
        ("t.labels0", "a\nb\n", "could not convert string 'a'"),
        ("t.labels0", "", "is empty"),
        ("t.labels0.gz", "1\n2\n", "is not a complete gzip file"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, name, content, message):
    (tmp_path / "t.data").write_text("1 2\n3 4\n")
    (tmp_path / name).write_text(content)
    with pytest.raises(RequestError) as raised:
        load(tmp_path, "t.data")
    assert str(raised.value).startswith("dataset 't': ")
    assert name in str(raised.value)
    assert message in str(raised.value)


def test_stored_partitions_that_are_no_labels_are_refused(tmp_path):
    for content in (b'"A"\nx\n', b'"A"\n1.5\n', b""):
        (tmp_path / "t.result2.gz").write_bytes(gzip.compress(content))
        (file,) = stored_partitions(tmp_path)
        with pytest.raises(RequestError, match=r"t\.result2\.gz: .*labels under the names of methods"):
            file.load()


def test_several_columns_can_be_known_classes():
    frame = pd.DataFrame({"x": [1.0, 2.0, 9.0], "kind": ["a", "b", "b"], "place": ["n", "none", "s"]})
    dataset = dataset_from(frame, DatasetSpec(memory="t", truth=["kind", "place"]))
    assert dataset.columns == ("x",)
    assert [(classes.name, classes.names) for classes in dataset.known_classes] == [
        ("kind", ("a", "b")),
        ("place", ("n", "none", "s")),
    ]
    with pytest.raises(RequestError, match="truth: there is no column 'plaice', did you mean 'place'"):
        dataset_from(frame, DatasetSpec(memory="t", truth=["kind", "plaice"]))


def test_rows_of_the_noise_class_have_no_class_in_any_file(tmp_path):
    (tmp_path / "t.csv").write_text("x,kind\n1,a\n2,none\n3,b\n")
    classes = load(tmp_path, "t.csv", truth="kind", truth_noise="none").known_classes[0]
    assert (classes.codes.tolist(), classes.names) == ([0, -1, 1], ("a", "b"))


def test_the_kind_of_the_known_classes_is_declared(folder):
    assert load(folder).truth_kind is None
    assert load(folder, truth_kind="expert").truth_kind is TruthKind.EXPERT
    assert load_dataset(DatasetSpec(use="wine"), base=folder).truth_kind is TruthKind.CLASS
    assert load_dataset(DatasetSpec(use="credit-card", n_rows=200), base=folder).truth_kind is TruthKind.GENERATED
    assert load_dataset(DatasetSpec(use="wine", drop=["class"]), base=folder).truth_kind is None


def test_the_whole_folder_of_tables_with_known_classes_can_be_found(labelled_folder):
    tables = labelled_tables(labelled_folder)
    kinds = [table.kind for table in tables]
    assert (len(tables), kinds.count("shapes"), kinds.count("real")) == (108, 63, 45)
    noisy = next(table for table in tables if table.name == "fuzzyx").load()
    assert [int(np.sum(classes.codes < 0)) for classes in noisy.known_classes] == [0, 138, 126, 135, 130]
