"""Queries: three databases give the segments, distances and margins that Python gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.segments import Dialect, load_bundle, make_program, program_sql

from .databases import assert_same
from .workbench import PCA, STANDARD, bundle_of, random_program, random_rows

NEAREST = {"op": "nearest", "segments": [1, 2], "centres": [[0.0], [10.0]], "metric": "euclidean"}


@pytest.mark.parametrize("dialect", [Dialect.SQLITE, Dialect.DUCKDB])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_a_random_program_gives_the_same_as_a_query(run, dialect, seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng)
    rows = random_rows(rng, program)
    assert_same(program.assign(rows), run(dialect, program, rows))


def test_random_programs_give_the_same_in_postgresql(run):
    rng = np.random.default_rng(0)
    for _ in range(20):
        program = random_program(rng)
        rows = random_rows(rng, program)
        assert_same(program.assign(rows), run(Dialect.POSTGRESQL, program, rows))


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(("algorithm", "steps"), [("kmeans", PCA), ("gmm", STANDARD), ("kmedoids", STANDARD)])
def test_an_algorithm_gives_every_customer_the_same_segment(cards, run, dialect, algorithm, steps):
    fitted = cards.fit(algorithm, steps, k=4)
    rows = cards.dataset.frame.to_numpy()
    result = run(dialect, fitted.program().program, rows)
    assert np.array_equal(result["segment"], fitted.segment)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_row_that_cannot_be_assigned_has_no_segment(run, dialect):
    log1p = {"op": "log1p", "columns": [0]}
    program = make_program(["a"], [log1p, {"op": "fill", "columns": [0], "values": [1.0]}, NEAREST], where="p")
    result = run(dialect, program, np.array([[0.0], [np.nan], [-1.0], [1e101], [-np.inf]]))
    assert result["segment"].fillna(0).tolist() == [1, 1, 0, 0, 0]
    assert result.loc[2:, ["name", "distance", "second_segment", "margin"]].isna().all(axis=None)
    with_gaps = make_program(["a"], [log1p, NEAREST], where="p")
    assert run(dialect, with_gaps, np.array([[np.nan], [3.0]]))["segment"].fillna(0).tolist() == [0, 1]


@pytest.mark.parametrize("dialect", Dialect)
def test_names_are_quoted(run, dialect):
    program = make_program(['a"; DROP TABLE customers; --'], [NEAREST], where="p")
    names = {1: "it's; DROP TABLE customers; --", 2: 'quote"d \\ 100 %'}
    result = run(dialect, program, np.array([[1.0], [9.0]]), names)
    assert result["name"].tolist() == list(names.values())


@pytest.mark.parametrize("dialect", Dialect)
def test_of_equal_costs_the_lowest_segment_is_given(run, dialect):
    program = make_program(["a"], [NEAREST], where="p")
    result = run(dialect, program, np.array([[5.0]]))
    assert result.loc[0, ["segment", "second_segment", "margin", "distance"]].tolist() == [1, 2, 0.0, 5.0]


def test_text_in_sqlite_is_refused_and_not_taken_for_zero(run):
    program = make_program(["a"], [{"op": "fill", "columns": [0], "values": [1.0]}, NEAREST], where="p")
    result = run(Dialect.SQLITE, program, np.array([["many"], [1.0]], dtype=object))
    assert result["segment"].fillna(0).tolist() == [0, 1]


def test_labelled_rows_have_no_query(rows_folder):
    with pytest.raises(RequestError, match=r"labelled rows, which has no SQL .*clusterbench assign"):
        program_sql(load_bundle(rows_folder), Dialect.DUCKDB)


def test_the_query_names_table_id_and_bundle(cards, tmp_path):
    bundle = load_bundle(bundle_of(cards.fit("kmeans", k=2), tmp_path / "bundle"))
    query = program_sql(bundle, Dialect.DUCKDB, table='my "table"', row_id="CUST_ID")
    assert query.startswith(f"-- segments of the bundle {bundle.id}\n")
    assert '"my ""table"""' in query
    assert '"CUST_ID" AS id' in query
    assert query.count("AS MATERIALIZED") == query.count("FROM") - 1
