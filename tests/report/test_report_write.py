"""What is written: all files, the same numbers in each, the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.report import check_writable, export_csv, html, markdown, write_report, write_table
from clusterbench.report.printed import readable
from clusterbench.results import Run, declared_rules
from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS, SchemaError

TABLES = {"leaderboard.csv", "scores.csv", "cells.csv", "manifest.json"}
DOCUMENTS = {"leaderboard.json", "leaderboard.tex", "scores_wide.csv"}
FIGURES = {
    f"figures/{name}.svg"
    for name in (
        "leaderboard",
        "rank-flow",
        "scores-against-k",
        "elbow",
        "heat-map",
        "metric-correlation",
        "fit-time",
    )
}


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


@pytest.fixture(scope="module")
def folder(mixed_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    write_report(mixed_run, place)
    return place


def test_the_report_is_complete(mixed_run: Run, tmp_path: Path) -> None:
    written = write_report(mixed_run, tmp_path / "new" / "demo")
    names = {path.relative_to(tmp_path / "new" / "demo").as_posix() for path in written}
    assert written[0].name == "index.html"
    assert names == {"index.html", "leaderboard.md", *DOCUMENTS, *TABLES, *FIGURES}
    assert {path for path in (tmp_path / "new" / "demo").rglob("*") if path.is_file()} == set(written)


def test_page_and_markdown_are_those_of_the_functions(mixed_run: Run, folder: Path) -> None:
    assert (folder / "index.html").read_text(encoding="utf-8") == html(mixed_run)
    assert (folder / "leaderboard.md").read_text(encoding="utf-8") == markdown(mixed_run)
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert told.pop("rules") == json.loads(json.dumps(declared_rules(mixed_run.plan)))
    assert told == mixed_run.manifest


def test_writing_again_gives_the_same_bytes(mixed_run: Run, folder: Path, tmp_path: Path) -> None:
    for path in write_report(mixed_run, tmp_path):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_the_figures_of_the_markdown_exist(folder: Path) -> None:
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    linked = {part.split(")")[0] for part in text.split("](")[1:] if part.startswith("figures/")}
    assert linked == FIGURES


def test_the_long_tables_have_exactly_their_columns_and_read_back(mixed_run: Run, tmp_path: Path) -> None:
    assert {path.name for path in export_csv(mixed_run, tmp_path)} == TABLES
    for name, columns, frame in (
        ("cells.csv", CELL_COLUMNS, mixed_run.cells),
        ("scores.csv", SCORE_COLUMNS, mixed_run.scores),
    ):
        found = pd.read_csv(tmp_path / name, keep_default_na=False, na_values=[""], float_precision="round_trip")
        assert tuple(found.columns) == columns
        assert len(found) == len(frame)
        for column in columns:
            expected = frame[column].tolist()
            for got, wanted in zip(found[column].tolist(), expected, strict=True):
                empty = wanted is pd.NA or wanted is None or wanted == "" or wanted != wanted
                assert pd.isna(got) if empty else got == wanted


def test_files_end_lines_with_a_newline_alone(folder: Path) -> None:
    for name in ("cells.csv", "scores.csv", "leaderboard.csv"):
        assert b"\r" not in (folder / name).read_bytes()


def test_the_leaderboard_table_reads_back_bit_for_bit(mixed_run: Run, folder: Path) -> None:
    found = pd.read_csv(folder / "leaderboard.csv", float_precision="round_trip")
    table = mixed_run.board.table
    assert list(found.columns) == list(table.columns)
    assert found.columns[0] == "rank"
    assert found["control"].tolist() == table["control"].tolist()
    for name in ("rank", "mean_rank", "silhouette@standard", "calinski_harabasz@log1p", "fit_seconds"):
        np.testing.assert_array_equal(found[name].to_numpy(float), table[name].to_numpy(float))


def test_page_markdown_and_csv_agree_on_the_order(folder: Path) -> None:
    table = pd.read_csv(folder / "leaderboard.csv", float_precision="round_trip")
    page = (folder / "index.html").read_text(encoding="utf-8")
    text = (folder / "leaderboard.md").read_text(encoding="utf-8")
    for value in table["silhouette@log1p"]:
        assert f'<data value="{value!r}">{value:.3f}</data>' in page
        assert f"| {value:.3f} |" in text
    at = [page.index(f'<data value="{value!r}">') for value in table["silhouette@log1p"]]
    assert at == sorted(at)


def test_no_field_of_a_hostile_run_is_a_formula(hostile_run: Run, tmp_path: Path) -> None:
    for path in export_csv(hostile_run, tmp_path):
        if path.suffix == ".csv":
            for row in rows(path):
                for text in row:
                    assert not text.startswith(("=", "+", "@", "\t", "\r"))
                    assert not text.startswith("-") or float(text) <= 0
    names = {row[1] for row in rows(tmp_path / "cells.csv")[1:]}
    assert names == {"'" + hostile_run.cells["dataset"].iloc[0]}


def test_a_hostile_run_writes_every_file_in_its_folder(hostile_run: Run, tmp_path: Path) -> None:
    written = write_report(hostile_run, tmp_path / "demo")
    assert all(path.resolve().is_relative_to(tmp_path / "demo") for path in written)
    assert len(written) == 2 + len(TABLES) + len(DOCUMENTS) + len(FIGURES)
    assert readable(hostile_run.plan["title"]) != hostile_run.plan["title"]


def test_a_run_without_ranks_writes_every_file(rejected_run: Run, tmp_path: Path) -> None:
    written = write_report(rejected_run, tmp_path)
    refused = "figures/scores-against-k.svg"
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {"index.html", "leaderboard.md", *TABLES, *DOCUMENTS, refused}
    assert len(rows(tmp_path / "leaderboard.csv")) == 1


def test_a_bad_table_is_refused_before_anything_is_written(mixed_run: Run, tmp_path: Path) -> None:
    r = mixed_run
    bad = Run(r.name, r.plan, r.manifest, r.cells, r.scores.assign(value=np.nan), r.board)
    with pytest.raises(SchemaError, match="is ok without a value"):
        export_csv(bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_refused_clearly(mixed_run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for refused in (
        lambda: write_report(mixed_run, tmp_path / "taken"),
        lambda: export_csv(mixed_run, tmp_path / "taken"),
        lambda: check_writable(tmp_path / "taken" / "reports"),
    ):
        with pytest.raises(RequestError, match="taken"):
            refused()


def test_a_folder_that_can_be_written_is_made(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_any_frame_can_be_written_to_a_file_or_a_stream(tmp_path: Path) -> None:
    frame = pd.DataFrame({"row_id": ["C1", "=1+1"], "cluster": np.array([0, -1], dtype=np.int32)})
    stream = io.StringIO()
    write_table(frame, stream)
    write_table(frame, tmp_path / "labels.csv")
    assert stream.getvalue() == (tmp_path / "labels.csv").read_text() == "row_id,cluster\nC1,0\n'=1+1,-1\n"
