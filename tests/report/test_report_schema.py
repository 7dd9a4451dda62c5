"""A table that does not keep to its schema is refused, not written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from clusterbench.results import StoredRun
from clusterbench.tables import (
    CELL_COLUMNS,
    CELL_SCHEMA,
    SCORE_COLUMNS,
    SCORE_SCHEMA,
    SchemaError,
    checked_cells,
    checked_scores,
)

Change = Callable[[pd.DataFrame], object]


def test_the_schemas_name_exactly_the_columns_of_the_engine() -> None:
    assert tuple(field.name for field in CELL_SCHEMA) == CELL_COLUMNS
    assert tuple(field.name for field in SCORE_SCHEMA) == SCORE_COLUMNS
    assert all(field.meaning for field in (*CELL_SCHEMA, *SCORE_SCHEMA))


def test_good_tables_pass_unchanged(mixed_run: StoredRun) -> None:
    cells, scores = checked_cells(mixed_run.cells), checked_scores(mixed_run.scores)
    pd.testing.assert_frame_equal(cells, mixed_run.cells[list(CELL_COLUMNS)])
    pd.testing.assert_frame_equal(scores, mixed_run.scores[list(SCORE_COLUMNS)])


def test_a_column_of_nothing_at_all_is_a_column_of_numbers(mixed_run: StoredRun) -> None:
    cells = mixed_run.cells.assign(inertia=pd.Series([None] * len(mixed_run.cells), dtype=object))
    assert checked_cells(cells)["inertia"].dtype == float


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: (f.pop("status"), f.pop("seed")), "columns are missing: seed, status"),
        (lambda f: f.__setitem__("status", "fine"), "has a status that is none of ok, undefined"),
        (lambda f: f.__setitem__("seed", 0.5), "column seed is of dtype float64, not of kind: integer"),
        (lambda f: f.__setitem__("algorithm", 3), "column algorithm is of dtype int64, not of kind: text"),
        (lambda f: f.__setitem__("peak_mb", "much"), "column peak_mb is of dtype .*, not of kind: number"),
        (lambda f: f.__setitem__("params", "n_init=3"), "has 'n_init=3' in column params, which is not of kind: JSON"),
        (lambda f: f.__setitem__("params", '{"b": 1, "a": 2}'), "is not of kind: JSON object, keys sorted"),
        (
            lambda f: f.__setitem__("labels_sha256", "abc"),
            "has 'abc' in column labels_sha256, which is not of kind: SHA-256",
        ),
        (lambda f: f.__setitem__("dataset", None), "has no dataset"),
        (lambda f: f.__setitem__("labels_sha256", None), "is ok without a labeling"),
        (lambda f: f.__setitem__("status", "failed"), "is not ok and gives no reason"),
    ],
)
def test_bad_cells_are_refused(mixed_run: StoredRun, change: Change, complaint: str) -> None:
    cells = mixed_run.cells.copy()
    change(cells)
    with pytest.raises(SchemaError, match=f"cells.csv: .*{complaint}"):
        checked_cells(cells)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"value": np.nan}, "row 3 .*is ok without a value"),
        ({"status": "undefined", "reason": "one cluster"}, "row 3 .*has a value although it is not ok"),
        ({"status": "undefined", "value": np.nan}, "row 3 .*is not ok and gives no reason"),
        ({"status": "rejected"}, "row 3 .*has a status that is none of ok, undefined, failed"),
    ],
)
def test_a_score_has_a_value_exactly_when_it_is_ok(
    mixed_run: StoredRun, values: dict[str, object], complaint: str
) -> None:
    scores = mixed_run.scores.copy()
    for name, value in values.items():
        scores.loc[2, name] = value
    with pytest.raises(SchemaError, match=complaint):
        checked_scores(scores)
