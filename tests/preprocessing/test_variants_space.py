"""Spaces: what a fitted variant holds, its identity, and tables on which a step cannot work."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.preprocessing import DEFAULT_VARIANTS, fit_space, parse_steps


def dataset_of(columns, **more):
    frame = pd.DataFrame(columns, dtype=np.float64)
    return Dataset("mine", frame, pd.RangeIndex(len(frame)), **more)


def space(dataset, *raw):
    return fit_space(dataset, parse_steps(list(raw), where="variants.v"), where="variants.v")


def refusal(dataset, *raw):
    with pytest.raises(RequestError) as caught:
        space(dataset, *raw)
    return str(caught.value)


def test_a_space_is_read_only_contiguous_and_its_own_copy(full):
    for raw in ([], [{"step": "standardize"}], [{"step": "pca", "n_components": 2}]):
        made = space(full, *raw)
        assert made.values.dtype == np.float64
        assert made.values.flags.c_contiguous
        assert not made.values.flags.writeable
        assert not np.shares_memory(made.values, full.frame.to_numpy())
        assert made.values.shape == (60, len(made.columns))


def test_fitting_leaves_the_dataset_alone(small):
    before, identity = small.frame.copy(), small.content_hash
    space(small, {"step": "impute"}, {"step": "clip"}, {"step": "log1p", "columns": "d"}, {"step": "standardize"})
    pd.testing.assert_frame_equal(small.frame, before)
    assert small.content_hash == identity


@pytest.mark.parametrize("variant", DEFAULT_VARIANTS)
def test_the_fitted_pipeline_takes_new_rows_one_at_a_time(full, variant):
    dataset = dataset_of(full.frame.abs())
    made = space(dataset, *DEFAULT_VARIANTS[variant])
    rows = [made.pipeline.transform(dataset.frame.iloc[[i]]).to_numpy() for i in range(10)]
    np.testing.assert_allclose(np.vstack(rows), made.values[:10], atol=1e-12)
    assert tuple(made.pipeline.get_feature_names_out()) == made.columns


def test_the_pipeline_of_a_space_gives_it_again_when_refitted(small):
    raw = [{"step": "impute", "override": {"b": "knn"}}, {"step": "log1p", "columns": "monetary"}, {"step": "pca"}]
    fitted = space(small, *raw)
    made = clone(fitted.pipeline).fit_transform(small.frame)
    assert tuple(made.columns) == fitted.columns
    np.testing.assert_allclose(made.to_numpy(), fitted.values, atol=1e-12)
    assert [name for name, _ in fitted.pipeline.steps] == ["impute-1", "log1p-2", "pca-3"]


def test_equal_tables_give_equal_bits_whatever_their_layout_in_memory(full):
    values = full.frame.to_numpy()
    raw = [{"step": "standardize"}, {"step": "pca"}]
    spaces = [
        space(dataset_of(pd.DataFrame(np.array(values, order=order), columns=full.columns)), *raw) for order in "CF"
    ]
    spaces.append(space(dataset_of({name: full.frame[name].to_numpy() for name in full.columns}), *raw))
    for other in spaces[1:]:
        assert other.values.tobytes() == spaces[0].values.tobytes()
        assert other.content_hash == spaces[0].content_hash


def test_the_identity_follows_data_steps_and_versions_only(full, monkeypatch):
    base = space(full, {"step": "log1p", "columns": "monetary"}).content_hash
    assert len(base) == 64
    renamed = Dataset("other name", full.frame, full.row_ids, groups={"money": ("a", "b")})
    same = [
        space(full, {"step": "log1p", "columns": ["a", "b"]}),
        space(full, {"step": "log1p", "columns": ["b", "a"]}),
        space(renamed, {"step": "log1p", "columns": "money"}),
    ]
    assert {made.content_hash for made in same} == {base}
    changed = dataset_of(full.frame.assign(a=full.frame["a"] + 1e-9), groups=full.groups)
    other = [
        space(full, {"step": "log1p", "columns": ["a"]}),
        space(full, {"step": "log1p", "columns": ["a", "b"]}, {"step": "standardize"}),
        space(changed, {"step": "log1p", "columns": "monetary"}),
        space(dataset_of(full.frame, groups={"monetary": ("a", "d")}), {"step": "log1p", "columns": "monetary"}),
    ]
    assert base not in {made.content_hash for made in other}
    assert len({made.content_hash for made in other}) == len(other)
    monkeypatch.setattr("clusterbench.preprocessing.spaces.package_version", lambda name: "99.0")
    assert space(full, {"step": "log1p", "columns": "monetary"}).content_hash != base


def test_naming_every_column_is_the_same_as_all(full):
    listed = space(full, {"step": "standardize", "columns": list(full.columns)})
    assert listed.content_hash == space(full, {"step": "standardize"}).content_hash


def test_a_column_goes_before_a_group_of_its_name():
    dataset = dataset_of({"money": [1.0, 2.0], "b": [3.0, 4.0]}, groups={"money": ("b",)})
    assert space(dataset, {"step": "drop", "columns": "money"}).columns == ("b",)


def test_a_group_stands_for_those_of_its_columns_that_are_left(full):
    made = space(full, {"step": "drop", "columns": "a"}, {"step": "log1p", "columns": "monetary"})
    assert np.array_equal(made.values[:, 0], np.log1p(full.frame["b"]))


def test_nonnegative_that_holds_for_no_column_changes_nothing():
    dataset = dataset_of({"a": [-1.0, 2.0], "b": [-3.0, 4.0]})
    assert np.array_equal(space(dataset, {"step": "log1p", "columns": "nonnegative"}).values, dataset.frame)


def test_components_can_be_named_by_later_steps(full):
    whole = space(full, {"step": "pca", "n_components": 3})
    assert whole.columns == ("pca0", "pca1", "pca2")
    first = space(full, {"step": "pca", "n_components": 3}, {"step": "select", "columns": "pca0"})
    assert np.array_equal(first.values, whole.values[:, :1])
    share = [{"step": "standardize"}, {"step": "pca", "n_components": 0.99}, {"step": "drop", "columns": "pca0"}]
    assert space(full, *share).columns == ("pca1", "pca2", "pca3")


@pytest.mark.parametrize(
    ("raw", "pieces"),
    [
        ({"step": "log1p", "columns": "A"}, ["step 1: unknown column or group 'A'", "did you mean 'a'?", "monetary"]),
        ({"step": "drop", "columns": "monetry"}, ["step 1", "did you mean 'monetary'?", "nonnegative"]),
        ({"step": "impute", "override": {"money": "mean"}}, ["step 1: override: unknown column or group 'money'"]),
        ({"step": "impute", "override": {"a": "mean", "monetary": "mean"}}, ["'a' is overridden by both"]),
        ({"step": "impute", "columns": "c", "override": {"a": "mean"}}, ["override of 'a'", "does not work"]),
        ({"step": "drop", "columns": "all"}, ["step 1: no column is left after drop all"]),
        ({"step": "log1p"}, ["step 1: log1p of column 'c', whose minimum is -", "above -1"]),
        ({"step": "power", "method": "box-cox"}, ["step 1: box-cox of column 'c'", "above 0"]),
        ({"step": "standardize"}, ["variants.v: missing values before clustering: b (3), c (2)", "impute"]),
        ({"step": "impute", "columns": "b"}, ["missing values before clustering: c (2)", "impute"]),
        ({"step": "pca"}, ["step 1: missing values before pca: b (3), c (2)", "impute"]),
        ({"step": "l2_normalize"}, ["step 1: missing values before l2_normalize: b (3), c (2)"]),
        ({"step": "pca", "n_components": 3, "columns": ["a", "d"]}, ["n_components = 3 of 60 rows and 2 columns"]),
        ({"step": "pca", "n_components": 2, "columns": ["a", "d"], "svd_solver": "arpack"}, ["at most 1"]),
        ({"step": "pca", "columns": "a", "svd_solver": "arpack"}, ["'arpack' on 60 rows and 1 columns"]),
    ],
)
def test_a_step_that_cannot_work_names_step_and_column(small, raw, pieces):
    message = refusal(small, raw)
    assert message.startswith("variants.v: ")
    for piece in pieces:
        assert piece in message


def test_a_declared_group_of_which_nothing_is_left_is_refused(small):
    message = refusal(small, {"step": "drop", "columns": "monetary"}, {"step": "log1p", "columns": "monetary"})
    assert "step 2: no column of group 'monetary' is left here (allowed: c, d)" in message


def test_a_component_that_was_not_needed_is_missed_by_name(full):
    message = refusal(full, {"step": "pca", "n_components": 0.01}, {"step": "log1p", "columns": "pca3"})
    assert "step 2" in message
    assert "no column 'pca3' here, there are 'pca0'" in message


def test_a_component_that_would_repeat_a_name_is_refused():
    dataset = dataset_of({"pca0": [1.0, 2.0, 4.0], "b": [3.0, 4.0, 1.0]})
    assert "a second column named 'pca0'" in refusal(dataset, {"step": "pca", "columns": "b"})


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant", "knn"])
def test_an_all_missing_column_cannot_be_imputed_unless_kept_on_purpose(strategy):
    dataset = dataset_of({"a": [1.0, 2.0, np.nan], "gone": [np.nan] * 3})
    message = refusal(dataset, {"step": "impute", "strategy": strategy})
    assert "step 1: column 'gone' has no value to impute from" in message
    assert 'columns = "gone"' in message
    on_purpose = {"step": "impute", "strategy": strategy, "keep_empty_features": True}
    if strategy == "knn":
        assert "'gone' has no value" in refusal(dataset, on_purpose)
    else:
        assert np.array_equal(space(dataset, on_purpose).values[:, 1], np.zeros(3))
    filled = space(dataset, {**on_purpose, "override": {"gone": {"strategy": "constant", "fill_value": 7}}})
    assert filled.columns == ("a", "gone")
    assert np.array_equal(filled.values[:, 1], np.full(3, 7.0))
    assert space(dataset, {"step": "drop", "columns": "gone"}, {"step": "impute", "strategy": strategy}).columns == (
        "a",
    )


def test_many_gaps_are_listed_up_to_a_few_columns():
    dataset = dataset_of({f"c{i}": [1.0, np.nan] for i in range(9)})
    assert "c4 (1) and 4 more columns" in refusal(dataset)


def test_log1p_at_its_very_bound_is_refused():
    assert "whose minimum is -1" in refusal(dataset_of({"a": [-1.0, 2.0]}), {"step": "log1p"})


def test_values_whose_squares_overflow_are_refused():
    message = refusal(dataset_of({"a": [1.0, 1e200]}), {"step": "standardize"})
    assert "dataset 'mine' holds 1e+200 in column 'a'" in message
    wide = {"step": "minmax", "feature_range": [0, 1e150]}
    assert "step 1: minmax (feature_range = [0, 1e+150]) made 1e+150 in column 'a'" in refusal(
        dataset_of({"a": [1.0, 2.0]}), wide
    )


def test_one_row_and_constant_columns_are_tables_too():
    one = dataset_of({"a": [3.0], "b": [4.0]})
    assert np.array_equal(space(one, {"step": "standardize"}).values, [[0.0, 0.0]])
    assert "pca of 1 row" in refusal(one, {"step": "pca"})
    flat = dataset_of({"a": [3.0] * 4, "b": [4.0] * 4})
    assert np.array_equal(space(flat, {"step": "minmax"}).values, np.zeros((4, 2)))
    assert np.array_equal(space(flat, {"step": "pca", "n_components": 1}).values, np.zeros((4, 1)))
    assert "no variance" in refusal(flat, {"step": "pca", "n_components": 0.9})


def test_a_table_without_rows_or_columns_is_refused():
    assert "0 rows and 1 columns" in refusal(dataset_of({"a": []}))
    assert "3 rows and 0 columns" in refusal(Dataset("mine", pd.DataFrame(index=range(3)), pd.RangeIndex(3)))


@pytest.mark.parametrize("variant", DEFAULT_VARIANTS)
@pytest.mark.parametrize("loader", ["load_wine", "load_breast_cancer", "load_digits", "load_iris"])
def test_default_variants_work_on_every_table_of_scikit_learn(loader, variant):
    import sklearn.datasets

    loaded = getattr(sklearn.datasets, loader)(as_frame=True)
    made = space(dataset_of(loaded.data), *DEFAULT_VARIANTS[variant])
    assert made.values.shape[0] == len(loaded.data)
    assert np.isfinite(made.values).all()
