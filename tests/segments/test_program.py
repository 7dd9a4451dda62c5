"""Assignment programs: what each operation computes, that rows do not influence each other, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.segments import make_program, parse_program

from .workbench import random_program, random_rows

NEAREST = {"op": "nearest", "segments": [1, 2], "centres": [[0.0, 0.0], [3.0, 4.0]], "metric": "euclidean"}
FIELDS = ("segment", "distance", "second", "margin")


def program(*operations, columns=("a", "b")):
    return make_program(list(columns), list(operations), where="program.json")


def test_the_nearest_centre_gives_segment_distance_second_and_margin():
    given = program(NEAREST).assign([[3.0, 0.0], [3.0, 4.0]])
    assert given.segment.tolist() == [1, 2]
    assert given.distance.tolist() == [3.0, 0.0]
    assert given.second.tolist() == [2, 1]
    assert given.margin.tolist() == [16.0 - 9.0, 25.0]


@pytest.mark.parametrize(("metric", "distance"), [("manhattan", 3.0), ("chebyshev", 2.0)])
def test_other_metrics_compare_distances(metric, distance):
    given = program({**NEAREST, "metric": metric}).assign([[1.0, 2.0]])
    assert (given.distance[0], given.margin[0]) == (distance, 1.0 if metric == "manhattan" else 0.0)


def test_of_equally_near_centres_the_lowest_segment_is_given():
    given = program({**NEAREST, "segments": [3, 7], "centres": [[2.0, 0.0], [0.0, 0.0]]}).assign([[1.0, 5.0]])
    assert (given.segment[0], given.second[0], given.margin[0]) == (3, 7, 0.0)


def test_the_second_segment_is_another_one_where_a_segment_has_several_centres():
    merged = {**NEAREST, "segments": [1, 1, 2], "centres": [[0.0, 0.0], [1.0, 0.0], [10.0, 0.0]]}
    given = program(merged).assign([[0.5, 0.0]])
    assert (given.segment[0], given.second[0], given.margin[0]) == (1, 2, 9.5**2 - 0.25)


def test_a_gaussian_component_is_judged_by_its_density():
    rng = np.random.default_rng(0)
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T
    offset = -2 * (np.log(0.25) + np.log(np.diag(factor)).sum())
    mixture = {
        "op": "gaussian",
        "segments": [1, 2],
        "means": [[0.0, 0.0], [1.0, 1.0]],
        "factors": np.stack([factor, np.eye(2)]),
        "offsets": [offset, -2 * np.log(0.75)],
    }
    X = rng.normal(size=(50, 2))
    given = program(mixture).assign(X)
    one = np.einsum("ni,ij,nj->n", X, np.linalg.inv(covariance), X)
    two = ((X - 1) ** 2).sum(axis=1)
    costs = np.stack([one + np.log(np.linalg.det(covariance)) - 2 * np.log(0.25), two - 2 * np.log(0.75)])
    assert np.array_equal(given.segment, costs.argmin(axis=0) + 1)
    assert np.allclose(given.margin, np.abs(costs[0] - costs[1]))
    assert np.allclose(given.distance, np.sqrt(np.where(given.segment == 1, one, two)))


def test_a_row_gets_the_segment_of_the_nearest_labelled_row_and_may_get_none():
    rows = {"op": "neighbours", "segments": [1, 1, 2, 0], "rows": [[0.0, 0], [5, 0], [9, 0], [20, 0]]}
    given = program(rows).assign([[4.0, 0.0], [15.0, 0.0]])
    assert given.segment.tolist() == [1, 0]
    assert given.distance.tolist() == [1.0, 5.0]
    assert given.second.tolist() == [2, 2]
    assert given.margin.tolist() == [25.0 - 1.0, 36.0 - 25.0]


@pytest.mark.parametrize(
    ("operation", "row", "state"),
    [
        ({"op": "take", "columns": [1, 0]}, [1, 2], [2, 1]),
        ({"op": "fill", "columns": [0, 1], "values": [7, None]}, [np.nan, 2], [7, 2]),
        ({"op": "clip", "columns": [0, 1], "low": [0, None], "high": [1, 1]}, [-3, -3], [0, -3]),
        ({"op": "clip", "columns": [1], "low": [0], "high": [1]}, [9, 9], [9, 1]),
        ({"op": "log1p", "columns": [0]}, [np.e - 1, 5], [1, 5]),
        ({"op": "power", "columns": [0, 1], "exponents": [2, 0], "method": "yeo-johnson"}, [3, 0], [7.5, 0]),
        (
            {"op": "power", "columns": [0, 1], "exponents": [2, 0], "method": "yeo-johnson"},
            [-3, -3],
            [-np.log(4), -7.5],
        ),
        ({"op": "power", "columns": [0, 1], "exponents": [2, 0], "method": "box-cox"}, [3, np.e], [4, 1]),
        ({"op": "affine", "columns": [0, 1], "shift": [1, 0], "scale": [2, -1]}, [4, 4], [1.5, -4]),
        ({"op": "unit", "columns": [0, 1], "norm": "l2"}, [3, -4], [0.6, -0.8]),
        ({"op": "unit", "columns": [0, 1], "norm": "l1"}, [3, -1], [0.75, -0.25]),
        ({"op": "unit", "columns": [0, 1], "norm": "max"}, [3, -4], [0.75, -1]),
        ({"op": "unit", "columns": [0, 1], "norm": "l2"}, [0, 0], [0, 0]),
        ({"op": "matrix", "columns": [0, 1], "weights": [[1, 2], [3, 4]], "bias": [0, 1]}, [1, 10], [31, 43]),
        ({"op": "matrix", "columns": [0], "weights": [[2]], "bias": [1]}, [3, 8], [8, 7]),
        ({"op": "relu", "columns": [1]}, [-3, -4], [-3, 0]),
    ],
)
def test_an_operation_gives(operation, row, state):
    assert program(operation, NEAREST).state(np.array([row], dtype=float)).ravel() == pytest.approx(state)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_a_row_is_assigned_alike_alone_in_a_batch_shuffled_and_in_any_part(seed):
    rng = np.random.default_rng(seed)
    made = random_program(rng, last=("nearest", "gaussian", "neighbours"))
    rows = random_rows(rng, made)
    whole = made.assign(rows)
    order, cut = rng.permutation(len(rows)), int(rng.integers(1, len(rows)))
    alone = [made.assign(row[np.newaxis]) for row in rows[:5]]
    parts = [made.assign(rows[:cut]), made.assign(np.asfortranarray(rows[cut:]))]
    for name in FIELDS:
        values = getattr(whole, name)
        assert np.array_equal(values[order], getattr(made.assign(rows[order]), name))
        assert np.array_equal(values[:5], np.concatenate([getattr(one, name) for one in alone]))
        assert np.array_equal(values, np.concatenate([getattr(one, name) for one in parts]))


def test_many_rows_are_assigned_in_blocks_like_each_alone():
    rng = np.random.default_rng(3)
    made = random_program(rng, last=("gaussian",))
    rows = random_rows(rng, made, 50_000)
    whole, some = made.assign(rows), rng.integers(0, len(rows), 50)
    for at in some:
        alone = made.assign(rows[at : at + 1])
        assert all(getattr(alone, name)[0] == getattr(whole, name)[at] for name in FIELDS)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_program_is_read_back_as_it_was_written(seed):
    rng = np.random.default_rng(seed)
    made = random_program(rng, last=("nearest", "gaussian", "neighbours"))
    again = parse_program(made.to_json(), made.arrays(), where="again")
    assert (again.to_json(), again.columns, again.filled) == (made.to_json(), made.columns, made.filled)
    rows = random_rows(rng, made)
    assert all(np.array_equal(getattr(made.assign(rows), f), getattr(again.assign(rows), f)) for f in FIELDS)


def test_no_rows_give_no_segments():
    assert len(program(NEAREST).assign(np.empty((0, 2))).segment) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([np.nan, 1.0], "row 8 has no value of a"),
        ([np.inf, 1.0], "row 8: a = inf"),
        ([1e101, 1.0], "row 8: a = 1e+101"),
        ([-1.0, 1.0], "row 8: a = -1 has no log1p"),
    ],
)
def test_a_row_that_cannot_be_assigned_is_refused_by_its_number(row, message):
    made = program({"op": "fill", "columns": [1], "values": [0.0]}, {"op": "log1p", "columns": [0]}, NEAREST)
    with pytest.raises(RequestError, match=f"^{message.replace('+', '[+]')}"):
        made.assign([[1.0, 1.0], row], first_row=7)


def test_a_value_without_result_is_not_taken_for_a_missing_one():
    made = program({"op": "log1p", "columns": [0]}, {"op": "fill", "columns": [0], "values": [0.0]}, NEAREST)
    assert made.assign([[np.nan, 0.0]]).segment.tolist() == [1]
    with pytest.raises(RequestError, match="has no log1p"):
        made.assign([[-5.0, 0.0]])


def test_rows_with_another_number_of_columns_are_refused():
    with pytest.raises(RequestError, match="2 columns"):
        program(NEAREST).assign([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([], "operations: List should have at least 1 item"),
        ([{"op": "exec", "columns": [0]}], "operations.0: Input tag 'exec'"),
        ([{"op": "log1p", "columns": [0], "code": "x"}, NEAREST], "operations.0.log1p.code: Unexpected"),
        ([{"op": "log1p", "columns": [2]}, NEAREST], "columns .2. are not different positions from 0 to 1"),
        ([{"op": "log1p", "columns": [0, 0]}, NEAREST], "not different positions"),
        ([{"op": "log1p", "columns": [True]}, NEAREST], "valid integer"),
        ([{"op": "log1p", "columns": [10**30]}, NEAREST], "columns"),
        ([{"op": "affine", "columns": [0], "shift": [1, 2], "scale": [1]}, NEAREST], "shift has 2 rows for 1 columns"),
        ([{"op": "affine", "columns": [0], "shift": [1], "scale": [0]}, NEAREST], "a scale is 0"),
        ([{"op": "affine", "columns": [0], "shift": ["1"], "scale": [1]}, NEAREST], "valid number"),
        ([{"op": "affine", "columns": [0], "shift": [np.inf], "scale": [1]}, NEAREST], "finite number"),
        ([{"op": "affine", "columns": [0], "shift": [1e101], "scale": [1]}, NEAREST], "numbers up to 1e[+]100"),
        ([{"op": "matrix", "columns": [0], "weights": [[1, 2], [3]], "bias": [0]}, NEAREST], "matrix.weights"),
        ([{"op": "matrix", "columns": [0], "weights": [[1, 2]], "bias": [0]}, NEAREST], "do not fit a bias of 1"),
        ([{"op": "take", "columns": []}, NEAREST], "no column is taken"),
        ([NEAREST, NEAREST], "operations.0: nearest must be the last"),
        ([{"op": "relu", "columns": [0]}], "operations.0: relu cannot be the last"),
        ([{**NEAREST, "centres": [[0.0], [1.0]]}], "centres has the shape .2, 1., not .2, 2."),
        ([{**NEAREST, "segments": [2, 1]}], "not in ascending order"),
        ([{**NEAREST, "segments": [0, 1]}], "not in ascending order"),
        ([{**NEAREST, "segments": [1, 1]}], "fewer than two segments"),
        ([{**NEAREST, "metric": "hamming"}], "metric"),
    ],
)
def test_a_program_that_is_not_sound_is_refused(operations, message):
    with pytest.raises(RequestError, match=f"^program.json: .*{message}"):
        program(*operations)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "{}", '{"columns": ["a"]}', "[" * 100_000, '{"columns": ["a"], "operations": 3}'),
        *('{"columns": ["a"], "operations": [NaN]}', '{"columns": [' + "9" * 5000 + '], "operations": []}'),
        '{"columns": ["a", "a"], "operations": [{"op": "nearest", "segments": [1, 2], "centres": [[0, 0], [1, 1]],'
        ' "metric": "euclidean"}]}',
    ],
)
def test_text_that_is_no_program_is_refused(text):
    with pytest.raises(RequestError, match=r"^program\.json"):
        parse_program(text, {}, where="program.json")
