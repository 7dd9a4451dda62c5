"""What is written: all files, whole or not at all, the same bytes every time, text as it is."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.report import (
    Format,
    ReportModel,
    all_formats,
    build_report,
    check_writable,
    export_csv,
    write_atomically,
    write_index,
    write_report,
    writing,
)
from clusterbench.results import Manifest, StoredRun
from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS, SchemaError

TABLES = {"leaderboard.csv", "scores.csv", "cells.csv", "manifest.json"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(mixed_report: ReportModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "new" / "demo"
    write_report(mixed_report, place)
    return place


@pytest.mark.parametrize("name", ["mixed_report", "rejected_report", "hostile_report"])
def test_a_report_is_complete_and_inside_its_folder(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    report: ReportModel = request.getfixturevalue(name)
    written = write_report(report, tmp_path / "demo")
    names = [figure.name for board in report.boards for figure in board.figures]
    figures = {f"figures/{name}.{ending}" for name in names for ending in ("svg", "csv")}
    files = {file for one in all_formats() for file in one.files}
    others = {"index.html", "leaderboard.md", "leaderboard.json", "leaderboard.tex", "scores_wide.csv", "citation.bib"}
    details = {f"{name}.csv" for name in ("contributions", "k_choice", "sensitivity", "agreement")}
    clusters = {f"{name}.csv" for name in ("clusters", "medoids", "columns")}
    assert others | details | clusters | TABLES == files
    assert written[0].name == "index.html"
    assert (
        set(snapshot(tmp_path / "demo"))
        == files | figures
        == {path.relative_to(tmp_path / "demo").as_posix() for path in written}
    )


def test_writing_again_gives_the_same_bytes(mixed_report: ReportModel, folder: Path, tmp_path: Path) -> None:
    write_report(mixed_report, tmp_path)
    assert snapshot(tmp_path) == snapshot(folder)
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    assert Manifest.from_json(manifest, name="demo") == mixed_report.run.manifest


def test_a_format_that_fails_leaves_the_old_report_as_it_was(
    mixed_report: ReportModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(report: ReportModel) -> dict[str, str]:
        raise ValueError("cannot be rendered")

    write_atomically(tmp_path / "figures" / "leaderboard.svg", "old")
    monkeypatch.setattr(writing, "all_formats", lambda: [*all_formats(), Format("broken", fail, {})])
    with pytest.raises(ValueError, match="cannot be rendered"):
        write_report(mixed_report, tmp_path)
    assert snapshot(tmp_path) == {"figures/leaderboard.svg": b"old"}


@pytest.mark.parametrize("name", ["labels", "figures"])
def test_a_linked_folder_inside_a_report_is_not_followed(full_report: ReportModel, tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match=f"{name}' is a symbolic link"):
        write_report(full_report, tmp_path / "demo")
    assert snapshot(tmp_path) == {}


# --- tables -----------------------------------------------------------------------------------------------------------


def test_the_long_tables_have_exactly_their_columns_and_read_back(mixed_run: StoredRun, tmp_path: Path) -> None:
    assert {path.name for path in export_csv(mixed_run, tmp_path)} == TABLES
    for name, columns, frame in (
        ("cells.csv", CELL_COLUMNS, mixed_run.cells),
        ("scores.csv", SCORE_COLUMNS, mixed_run.scores),
    ):
        assert b"\r" not in (tmp_path / name).read_bytes()
        found = pd.read_csv(tmp_path / name, keep_default_na=False, na_values=[""], float_precision="round_trip")
        assert tuple(found.columns) == columns
        for column in columns:
            for got, wanted in zip(found[column].tolist(), frame[column].tolist(), strict=True):
                empty = wanted is pd.NA or wanted is None or wanted == "" or wanted != wanted
                assert pd.isna(got) if empty else got == wanted


def test_the_leaderboard_table_reads_back_bit_for_bit(mixed_run: StoredRun, folder: Path) -> None:
    found = pd.read_csv(folder / "leaderboard.csv", float_precision="round_trip")
    table = mixed_run.board.table
    assert list(found.columns) == list(table.columns)
    assert found.columns[0] == "rank"
    assert found["control"].tolist() == table["control"].tolist()
    for name in ("rank", "mean_rank", "silhouette@standard", "calinski_harabasz@log1p", "fit_seconds"):
        np.testing.assert_array_equal(found[name].to_numpy(float), table[name].to_numpy(float))


def test_a_bad_table_is_refused_before_anything_is_written(mixed_run: StoredRun, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="is ok without a"):
        export_csv(replace(mixed_run, scores=mixed_run.scores.assign(value=np.nan)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


IDS = ("+4930111", "-7", "@kim", "=5", "a,b", 'say "x"', "", "a\rb", "a\nb")


def test_row_ids_are_written_as_they_are_given(full_run: StoredRun, tmp_path: Path) -> None:
    ids = tuple(f"{IDS[row % len(IDS)]}{row // len(IDS) or ''}" for row in range(1000))
    run = replace(full_run, details=replace(full_run.details, row_ids={"cards": ids}))
    write_report(build_report(run, figures=()), tmp_path)
    shas = sorted(set(run.board.table["labels_sha256"]))
    files = sorted((tmp_path / "labels").iterdir())
    assert [path.name for path in files] == [f"{sha[:12]}.csv" for sha in shas]
    for path, sha in zip(files, shas, strict=True):
        header, *rows = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))
        assert header == ["row_id", "cluster"]
        assert tuple(row[0] for row in rows) == ids
        np.testing.assert_array_equal([int(row[1]) for row in rows], run.details.labels[sha])


def test_names_of_a_hostile_run_join_across_its_tables(hostile_run: StoredRun, tmp_path: Path) -> None:
    export_csv(hostile_run, tmp_path)
    for name, frame in (("cells.csv", hostile_run.cells), ("leaderboard.csv", hostile_run.board.table)):
        text = (tmp_path / name).read_bytes().decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        for column in ("dataset", "variant", "algorithm", "params"):
            assert [row[column] for row in rows] == frame[column].tolist()


def test_the_numbers_of_details_and_figures_are_tables_beside_the_page(
    full_report: ReportModel, full_folder: Path
) -> None:
    run, details = full_report.run, full_report.run.details
    frames = {"contributions": run.board.contributions, "k_choice": run.criteria, "sensitivity": run.board.sensitivity,
              "agreement": details.agreement, "clusters": details.profiles, "medoids": details.medoids,
              "columns": details.columns}  # fmt: skip
    for name, frame in frames.items():
        written = pd.read_csv(full_folder / f"{name}.csv", float_precision="round_trip", keep_default_na=False)
        assert len(written) == len(frame) > 0
        for column in frame:
            assert written[column].astype(str).str.lower().tolist() == frame[column].astype(str).str.lower().tolist()
    for figure in (figure for board in full_report.boards for figure in board.figures):
        with (full_folder / figure.numbers_file).open(encoding="utf-8", newline="") as file:
            assert [tuple(row) for row in csv.reader(file)] == [figure.header, *figure.rows]


def test_the_details_on_the_page_are_those_of_the_model(full_report: ReportModel, full_folder: Path) -> None:
    page = (full_folder / "index.html").read_text(encoding="utf-8")
    (board,) = full_report.boards
    for one in board.details:
        part = page[page.index(f'id="{one.entry.anchor}"') :].partition('<details class="entry"')[0]
        texts = html.unescape(re.sub(r"\s*<[^>]*>\s*", "|", part))
        for table in (one.profile, one.rank_parts):
            for name, fields in table.rows:
                line = "|".join([name, *(field.text for field in fields if field.text)])
                assert line in re.sub(r"\|+", "|", texts)
        assert "|".join(choice.value for choice in one.k_choices) in re.sub(r"\|+", "|", texts)
        assert [text for _, text in one.apart if text not in texts] == []
        assert one.rank_reason in texts
        assert one.k_reason in texts


def test_every_file_that_the_page_links_to_is_there(full_folder: Path) -> None:
    text = (full_folder / "index.html").read_text(encoding="utf-8")
    links = {link for link in re.findall(r'href="([^"]*)"', text) if not link.startswith("#")}
    assert any(link.startswith("labels/") for link in links)
    for link in links:
        assert (full_folder / link).is_file()


# --- single files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "é\r\n\n", "a" * 100_000, "\ufeffx"])
def test_text_is_written_byte_for_byte_and_replaces_what_was_there(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a" / "x.txt"
    write_atomically(path, "something longer than what comes")
    assert write_atomically(path, text) == path
    assert path.read_bytes() == text.encode("utf-8")
    assert [one.name for one in path.parent.iterdir()] == ["x.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "x.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_refused_by_name(mixed_report: ReportModel, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "x.txt").mkdir()
    refused: list[tuple[str, Callable[[], object]]] = [
        ("taken.*cannot be written", lambda: write_report(mixed_report, tmp_path / "taken")),
        ("taken.*cannot be written", lambda: export_csv(mixed_report.run, tmp_path / "taken")),
        ("taken.*cannot be made", lambda: check_writable(tmp_path / "taken" / "reports")),
        (r"x\.txt.*a folder that can be written", lambda: write_atomically(tmp_path / "x.txt", "text")),
    ]
    for match, write in refused:
        with pytest.raises(RequestError, match=match):
            write()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["taken", "x.txt"]
    check_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


# --- the index --------------------------------------------------------------------------------------------------------


def make_report(folder: Path, name: str, **values: object) -> None:
    """Make a report that has a document alone."""
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
    write_atomically(folder / name / "leaderboard.json", json.dumps({**document, **values}))


def index_rows(folder: Path) -> list[list[str]]:
    text = write_index(folder).read_text(encoding="utf-8")
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", field)) for field in re.findall(r"<t[hd].*?</t[hd]>", line)]
        for line in body.splitlines()
        if line.startswith("<tr>")
    ]


def test_the_index_lists_each_report_by_name(tmp_path: Path) -> None:
    assert "There is no report in this folder yet." in write_index(tmp_path).read_text(encoding="utf-8")
    for name in ("b", "a", "C 10"):
        make_report(tmp_path, name)
    make_report(tmp_path, "a-part", selection="k=2,3")
    rows = index_rows(tmp_path)
    assert [row[0].split() for row in rows] == [["C", "10"], ["a"], ["a-part", "partk=2,3"], ["b"]]
    # Entries are counted on the boards of the datasets alone: neither over all nor with the true k given.
    assert rows[1] == ["a", "Title of a", "cards, wine", "5", "12 ok, 1 out of memory", "Headline of a"]
    assert "4 benchmarks<" in write_index(tmp_path).read_text(encoding="utf-8")


def test_the_index_lists_written_reports(full_report: ReportModel, full_folder: Path) -> None:
    ((name, title, datasets, entries, *_, headline),) = index_rows(full_folder.parent)
    assert (name, title, datasets) == ("demo", "Demonstration", "cards")
    assert (int(entries), headline) == (len(full_report.run.board.table), full_report.headline)


def test_the_index_escapes_every_text(tmp_path: Path) -> None:
    nasty = "<b onclick=x>\"'&\n\u2028"
    make_report(tmp_path, "x&<y> #1", title=nasty, headline=nasty, datasets=[nasty], cells={nasty: 1}, boards=[])
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<b onclick" not in page
    assert 'href="x%26%3Cy%3E%20%231/index.html"' in page
    shown = nasty.replace("\n", " ").replace("\u2028", "\ufffd")
    assert index_rows(tmp_path)[0] == ["x&<y> #1", shown, shown, "0", f"1 {shown}", shown]


@pytest.mark.parametrize("odd", [{"boards": None}, {"cells": []}, {"datasets": 3}, {"boards": [{}]}, {"boards": [3]}])
def test_a_report_of_another_form_is_listed_without_its_facts(tmp_path: Path, odd: dict[str, object]) -> None:
    make_report(tmp_path, "odd", **odd)
    (tmp_path / "broken").mkdir()
    for name, text in (("index.html", ""), ("leaderboard.json", "{")):
        (tmp_path / "broken" / name).write_text(text)
    assert index_rows(tmp_path) == [["broken", "broken", "", "0", "", ""], ["odd", "odd", "", "0", "", ""]]
