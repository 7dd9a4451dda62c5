"""What stands in a folder after a failure, the index of many reports, schemas by kind, and the terminal."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.report import export_csv, terminal_table, write_index, write_report, writing
from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.formats.terminal_table import short_title
from clusterbench.results import Run
from clusterbench.tables import CELL_SCHEMA, Kind, SchemaError, checked_cells, checked_scores


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _raise(*_: object, **__: object) -> str:
    raise ValueError("cannot be drawn")


@pytest.mark.parametrize(
    "broken", ["figures_of", "render_page", "markdown", "latex", "leaderboard_json", "wide_scores", "_labels"]
)
def test_a_part_that_fails_leaves_the_old_report_as_it_was(
    mixed_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    for name in ("index.html", "leaderboard.md", "figures/leaderboard.svg", "cells.csv"):
        write_atomically(tmp_path / name, f"old {name}")
    before = snapshot(tmp_path)
    monkeypatch.setattr(writing, "figures_of", lambda *_: {0: ()})  # drawing is slow and not what is tested
    monkeypatch.setattr(writing, broken, _raise)
    with pytest.raises(ValueError, match="cannot be drawn"):
        write_report(mixed_run, tmp_path)
    assert snapshot(tmp_path) == before


def test_a_bad_table_leaves_the_old_tables_as_they_were(mixed_run: Run, tmp_path: Path) -> None:
    export_csv(mixed_run, tmp_path)
    before = snapshot(tmp_path)
    assert sorted(before) == ["cells.csv", "leaderboard.csv", "manifest.json", "scores.csv"]
    bad = mixed_run.scores.assign(value=np.inf)
    with pytest.raises(SchemaError, match="ok without a value"):
        export_csv(Run("demo", mixed_run.plan, mixed_run.manifest, mixed_run.cells, bad, mixed_run.board), tmp_path)
    assert snapshot(tmp_path) == before


def test_files_of_labels_hold_every_row_once(full_run: Run, full_folder: Path) -> None:
    shas = {sha for sha in full_run.board.table["labels_sha256"] if isinstance(sha, str)}
    files = sorted(path.name for path in (full_folder / "labels").iterdir())
    assert files == sorted(f"{sha[:12]}.csv" for sha in shas)
    for sha in shas:
        text = (full_folder / "labels" / f"{sha[:12]}.csv").read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0] == ["row_id", "cluster"]
        assert [row[0] for row in rows[1:]] == [f"'=C{number}" for number in range(1000)]
        np.testing.assert_array_equal([int(row[1]) for row in rows[1:]], full_run.details.labels[sha])


@pytest.mark.parametrize("text", ["", "é\r\n\n", "a" * 100_000, "\ufeffx"])
def test_text_is_written_byte_for_byte_and_replaces_what_was_there(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text("something longer than what comes")
    assert write_atomically(path, text) == path
    assert path.read_bytes() == text.encode("utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["x.txt"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.txt").mkdir()
    with pytest.raises(RequestError, match=r"x\.txt.*a folder that can be written"):
        write_atomically(tmp_path / "x.txt", "text")
    assert [one.name for one in tmp_path.iterdir()] == ["x.txt"]


def report(folder: Path, name: str, **told: object) -> None:
    """Make a report that is told by its document alone."""
    document = {
        "title": f"Title of {name}",
        "headline": f"Headline of {name}",
        "datasets": ["cards", "wine"],
        "cells": {"ok": 12, "out_of_memory": 1},
        "boards": [
            {"dataset": "(all)", "oracle": False, "entries": [1, 2, 3]},
            {"dataset": "cards", "oracle": False, "entries": [1, 2]},
            {"dataset": "cards", "oracle": True, "entries": [1, 2, 3, 4]},
            {"dataset": "wine", "oracle": False, "entries": [1, 2, 3]},
        ],
    }
    write_atomically(folder / name / "index.html", "x")
    write_atomically(folder / name / "leaderboard.json", json.dumps({**document, **told}))


def index_rows(folder: Path) -> list[list[str]]:
    text = write_index(folder).read_text(encoding="utf-8")
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", field)) for field in re.findall(r"<t[hd].*?</t[hd]>", line)]
        for line in body.splitlines()
        if line.startswith("<tr>")
    ]


def test_the_index_tells_each_report_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "C 10"):
        report(tmp_path, name)
    rows = index_rows(tmp_path)
    assert [row[0] for row in rows] == ["C 10", "a", "b"]
    # Entries are counted on the boards of the datasets alone: neither over all nor with the true k.
    assert rows[1] == ["a", "Title of a", "cards, wine", "5", "12 ok, 1 out of memory", "Headline of a"]


def test_the_index_tells_a_part_from_the_whole(tmp_path: Path) -> None:
    report(tmp_path, "iris")
    report(tmp_path, "iris-part", selection="k=2,3")
    assert [row[0].split() for row in index_rows(tmp_path)] == [["iris"], ["iris-part", "partk=2,3"]]


def test_the_index_of_one_and_of_none_says_so(tmp_path: Path) -> None:
    assert "There is no report in this folder yet." in write_index(tmp_path).read_text(encoding="utf-8")
    report(tmp_path, "one")
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "1 benchmark<" in page
    assert write_index(tmp_path).read_text(encoding="utf-8") == page
    assert index_rows(tmp_path / "one") == []


def test_the_index_escapes_every_text(tmp_path: Path) -> None:
    nasty = "<b onclick=x>\"'&\n\u2028"
    report(tmp_path, "x&<y>", title=nasty, headline=nasty, datasets=[nasty], cells={nasty: 1}, boards=[])
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<b onclick" not in page
    assert 'href="x%26%3Cy%3E/index.html"' in page
    shown = nasty.replace("\n", " ").replace("\u2028", "\ufffd")
    assert index_rows(tmp_path)[0] == ["x&<y>", shown, shown, "0", f"1 {shown}", shown]


@pytest.mark.parametrize("told", [{"boards": None}, {"cells": []}, {"datasets": 3}, {"boards": [{}]}, {"boards": [3]}])
def test_a_report_of_another_form_is_listed_all_the_same(tmp_path: Path, told: dict[str, object]) -> None:
    report(tmp_path, "odd", **told)
    ((name, title, *rest),) = index_rows(tmp_path)
    assert name == "odd"
    assert (title, rest) == ("odd", ["", "0", "", ""])


WRONG = {
    Kind.TEXT: [3, 0.5, True],
    Kind.JSON: ["", "[]", "1", "null", "{", '{"b":1,"a":1}', "{'a': 1}"],
    Kind.SHA256: ["", "ab" * 31, "AB" * 32, "g" * 64, "ab" * 33],
    Kind.WHOLE: [0.5, "1", 1.0],
    Kind.NUMBER: ["0.5", 1, True],
}


@pytest.mark.parametrize(
    ("column", "value"), [(field, value) for field in CELL_SCHEMA for value in WRONG[field.kind]], ids=repr
)
def test_every_column_refuses_what_its_kind_forbids(mixed_run: Run, column: object, value: object) -> None:
    name, kind = column.name, column.kind  # type: ignore[attr-defined]
    cells = mixed_run.cells.assign(**{name: value})
    with pytest.raises(SchemaError, match=rf"cells\.csv: column {name}.*not of kind: {kind}"):
        checked_cells(cells)


@pytest.mark.parametrize("name", [field.name for field in CELL_SCHEMA if not field.optional])
def test_a_required_field_names_the_row_that_lacks_it(mixed_run: Run, name: str) -> None:
    column = mixed_run.cells[name].astype(object)
    column.iloc[4] = None
    with pytest.raises(SchemaError, match=rf"cells\.csv: row 5 \(dataset = .*\) has no {name}"):
        checked_cells(mixed_run.cells.assign(**{name: column}))


@pytest.mark.parametrize("name", [field.name for field in CELL_SCHEMA])
def test_a_missing_column_is_named(mixed_run: Run, name: str) -> None:
    with pytest.raises(SchemaError, match=f"columns are missing: {name}$"):
        checked_cells(mixed_run.cells.drop(columns=name))


def test_more_columns_and_another_index_change_nothing(mixed_run: Run) -> None:
    moved = mixed_run.cells.assign(more=1).set_index(np.arange(len(mixed_run.cells)) + 7)
    pd.testing.assert_frame_equal(checked_cells(moved), checked_cells(mixed_run.cells))
    empty = checked_scores(mixed_run.scores.iloc[:0])
    assert len(empty) == 0


def printed(run: Run, width: int = 140, **options: int) -> list[str]:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(terminal_table(run, **options))
    return out.getvalue().splitlines()


def _long(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
    for frame in (cells, scores):
        frame["algorithm"] = frame["algorithm"].where(frame["algorithm"] != "kmeans", "k" * 70)


@pytest.mark.parametrize("variants", [("raw", "log1p"), ("ü–v", "x y")])
@pytest.mark.parametrize("width", [100, 140, 300])
def test_long_titles_and_algorithms_are_shortened_and_no_field_is_lost(
    make_run: Callable[..., Run], variants: tuple[str, str], width: int
) -> None:
    run = make_run(variants=variants, seeds=(0,), bootstraps=0, title="T" * 300, change=_long)
    lines = [line.rstrip() for line in printed(run, width)]
    assert max(map(len, lines)) <= 100
    found = [line for line in lines if "kkk…kkk" in line]
    mine = run.board.table[run.board.table["algorithm"] == "k" * 70].to_dict("records")
    assert len(found) == len(mine)
    for line, row in zip(found, mine, strict=True):
        assert line.split()[0] == str(row["rank"])
        assert f" {row['variant']} " in line
        assert f" {int(row['k'])} " in line
        for name in ("silhouette@standard", "silhouette@log1p", "davies_bouldin@standard", "davies_bouldin@log1p"):
            assert f" {row[name]:.3f} " in line
        for name in ("calinski_harabasz@standard", "calinski_harabasz@log1p"):
            assert f" {row[name]:.1f} " in line


@pytest.mark.parametrize("top", [0, 1, 3, 100])
def test_as_many_rows_as_asked_for_and_there(mixed_run: Run, top: int) -> None:
    n = len(mixed_run.board.table)
    assert terminal_table(mixed_run, top=top).row_count == min(top, n)
    told = f"the first {top} of {n} entries" in "\n".join(printed(mixed_run, top=top))
    assert told == (top < n)


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Davies-Bouldin ↓", "DB↓"),
        ("S_Dbw ↓", "S_D↓"),
        ("A b c d ↑", "ABCD↑"),
        ("Xie-Beni index ↓", "XBI↓"),
        ("X ↑", "X↑"),
    ],
)
def test_more_short_titles(title: str, short: str) -> None:
    assert short_title(title) == short
