"""The same numbers in every format; nothing in a file is taken for markup, a command or a formula."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.ranking import letters_of
from clusterbench.report import latex, leaderboard_json, markdown, write_index, write_report
from clusterbench.report.board_table import board_table
from clusterbench.report.formats import latex_table as _latex
from clusterbench.report.formats.json_and_wide import plain, wide_scores
from clusterbench.report.formats.latex_table import _caption, _fitting, _width, tex, tie_group
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run

NUMBERS = ("rank", "mean_rank", "calibrated", "silhouette@standard", "calinski_harabasz@log1p", "stability", "peak_mb")


def untex(text: str) -> str:
    """Undo the bold and the escapes of a field of a LaTeX table."""
    text = re.sub(r"^\\text(?:bf|it)\{(.*)\}$", r"\1", text.strip())
    return text.replace(r"\_", "_").replace(r"\%", "%").replace("--", "–")


def latex_rows(text: str) -> list[list[str]]:
    body = text[text.index(r"\endfoot") : text.index(r"\end{longtable}")].splitlines()[1:]
    return [[untex(field) for field in line.removesuffix(r" \\").split(" & ")] for line in body]


def latex_titles(text: str) -> list[str]:
    """Read the two lines of the titles as those of the page: metric (space)."""
    above, *_, below = [line for line in text.split(r"\toprule")[1].splitlines() if line.endswith(r" \\")]
    groups: list[str | None] = []
    for field in above.removesuffix(r" \\").split(" & "):
        grouped = re.fullmatch(r"\\multicolumn\{(\d+)\}\{c\}\{(.*)\}", field)
        groups += [grouped[2]] * int(grouped[1]) if grouped else [None if not field.strip() else f"+{field.strip()}"]
    titles = [untex(field) for field in below.removesuffix(r" \\").split(" & ")]
    assert len(groups) == len(titles)
    pairs = zip(groups, titles, strict=True)
    return [t if g is None else f"{g[1:]} {t}" if g.startswith("+") else f"{g} ({t})" for g, t in pairs]


def markdown_rows(text: str) -> list[dict[str, str]]:
    lines = text[text.index("## Leaderboard") :].splitlines()
    table = [line for line in lines[2 : lines.index("", 3)] if line.startswith("|")]
    split = [[field.strip() for field in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    return [dict(zip(split[0], row, strict=True)) for row in split[2:]]


class Leaderboard(HTMLParser):
    """The printed and the exact numbers of the first leaderboard of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.rows: list[dict[str, tuple[str, str]]] = []
        self.place, self.inside, self.exact = -1, False, ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "table" and found.get("class") == "leaderboard" and not self.rows:
            self.inside = True
        if self.inside and "data-col" in found:
            at = int(found["data-col"] or 0)
            self.names += [""] * (at + 1 - len(self.names))
            self.names[at] = found["data-name"] or ""
        if self.inside and tag == "tr" and "data-rank" in found:
            self.rows.append({})
            self.place = -1
        if self.inside and self.rows and tag in ("td", "th"):
            self.place += 1
        self.exact = found.get("value") or "" if tag == "data" else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "table"

    def handle_data(self, data: str) -> None:
        if self.inside and self.exact:
            self.rows[-1][self.names[self.place]] = (data, self.exact)
            self.exact = ""


def test_html_csv_json_latex_and_markdown_hold_the_same_numbers(full_run: Run, full_folder: Path) -> None:
    (section,) = sections_of(full_run)
    titles = {heading.name: heading.full_title for heading in board_table(full_run, section).headings}
    page = Leaderboard((full_folder / "index.html").read_text(encoding="utf-8")).rows
    table = list(csv.DictReader(io.StringIO((full_folder / "leaderboard.csv").read_text(encoding="utf-8"))))
    told = json.loads((full_folder / "leaderboard.json").read_text(encoding="utf-8"))["boards"][0]["entries"]
    marked = markdown_rows((full_folder / "leaderboard.md").read_text(encoding="utf-8"))
    text = (full_folder / "leaderboard.tex").read_text(encoding="utf-8")
    typeset = [dict(zip(latex_titles(text), row, strict=True)) for row in latex_rows(text)]
    absent = re.search(r"Not shown: ([^}]*)\.\}", text)
    assert set(absent[1].split(", ") if absent else []) <= {"Peak (MB)", "Fit (s)", "Calibrated", "Stability"}
    assert len(page) == len(table) == len(told) == len(marked) == len(typeset) == len(section.entries)
    for place in range(len(page)):
        for name in NUMBERS:
            printed, exact = page[place][name]
            assert float(exact) == float(table[place][name]) == told[place][name]
            title = titles[name].replace("↑", r"$\uparrow$").replace("↓", r"$\downarrow$")
            if absent is None or titles[name] not in absent[1].split(", "):
                assert typeset[place][title] == printed
            assert re.match(r"[-\d.]+", marked[place][titles[name]])[0] == printed


def test_bold_follows_the_tie_group_of_the_first_place(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    text = latex(full_run)
    lines = text[text.index(r"\endfoot") : text.index(r"\end{longtable}")].splitlines()[1:]
    bold = [r"\textbf{" in line for line in lines]
    contenders = [entry for entry in section.entries if not entry.control]
    letters = set(letters_of(contenders[0].row["tie"]))
    expected = {e.label: bool(letters & set(letters_of(e.row["tie"]))) for e in section.entries}
    assert bold == [expected[entry.label] and not entry.control for entry in section.entries]
    assert tie_group(section.entries)[section.entries.index(contenders[0])]
    assert tie_group([]) == []


@given(st.text())
def test_no_text_is_a_command_in_latex(text: str) -> None:
    printed = tex(text)
    commands = r"\\text[a-z]+\{\}|\\[{}$&#%_]|\$\\(?:up|down)arrow\$|--|\{\}"
    rest = re.sub(commands, "", printed)
    assert not set(rest) & set("\\{}$&#%_~^\n\x00")


def test_a_hostile_run_has_as_many_latex_fields_in_every_row(hostile_run: Run) -> None:
    text = latex(hostile_run)
    assert len({len(row) for row in latex_rows(text)} | {len(latex_titles(text))}) == 1


@pytest.mark.parametrize("spaces", [1, 2, 6])
def test_a_latex_table_has_as_many_columns_as_fit_and_names_the_others(full_run: Run, spaces: int) -> None:
    (section,) = sections_of(full_run)
    board = board_table(full_run, section)
    scores = [position for position, heading in enumerate(board.headings) if heading.group]
    many = [position for position in range(len(board.headings)) for _ in range(spaces if position in scores else 1)]
    wide = dataclasses.replace(
        board,
        headings=tuple(
            dataclasses.replace(board.headings[at], name=f"{board.headings[at].name}{number}") if at in scores
            else board.headings[at]
            for number, at in enumerate(many)
        ),
        rows=tuple((entry, tuple(row[at] for at in many)) for entry, row in board.rows),
    )  # fmt: skip
    kept = _fitting(wide)
    assert sum(_width(wide, position) for position in kept) <= 545
    assert [wide.headings[at].name for at in kept[:4]] == ["rank", "interval", "tie", "entry"]
    assert any(wide.headings[at].group for at in kept)
    caption = _caption(full_run, wide, [wide.headings[at] for at in kept])
    absent = {h.name for h in wide.headings} - {wide.headings[at].name for at in kept} - {"sizes", "coverage"}
    assert ("Not shown: " in caption) == bool(absent)
    assert spaces < 6 or absent > {"peak_mb", "fit_seconds", "calibrated", "stability"}


def test_a_latex_table_of_many_rows_shows_the_first_and_says_so(full_run: Run, monkeypatch) -> None:
    monkeypatch.setattr(_latex, "_MOST_ROWS", 3)
    text = latex(full_run)
    (section,) = sections_of(full_run)
    assert len(latex_rows(text)) == 3
    assert f"the first 3 of {len(section.entries)} entries" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
@pytest.mark.parametrize(("name", "points"), [("full_run", 0.0), ("hostile_run", 30.0)])
@pytest.mark.parametrize("encoding", ["", r"\usepackage[T1]{fontenc}"])
def test_latex_compiles_and_no_table_is_too_wide(
    name: str, points: float, encoding: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    body = latex(request.getfixturevalue(name))
    packages = rf"{encoding}\usepackage{{booktabs,longtable,lscape,textcomp}}"
    source = rf"\documentclass[letterpaper]{{article}}{packages}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "t.tex").write_text(source.replace(r"\begin{document}", "\\begin{document}\n"), encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
    for _ in range(2):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    told = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, told[-3000:]
    too_wide = [float(found) for found in re.findall(r"Overfull \\hbox \(([\d.]+)pt", told)]
    assert max(too_wide, default=0.0) <= points  # words of symbols are wider than words of letters


def test_the_json_document_is_complete_and_plain(mixed_run: Run) -> None:
    told = json.loads(leaderboard_json(mixed_run), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    table = mixed_run.board.table
    (board,) = told["boards"]
    assert [entry["labels_sha256"] for entry in board["entries"]] == table["labels_sha256"].tolist()
    assert [column["name"] for column in told["columns"]] == list(table.columns)
    assert len(told["rejected"]) == len(mixed_run.board.rejected)
    assert len(told["sensitivity"]) == len(mixed_run.board.sensitivity)
    assert told["cells"] == mixed_run.cells["status"].value_counts().to_dict()
    assert told["headline"] == mixed_run.board.headline


@pytest.mark.parametrize(
    ("value", "expected"),
    [(pd.NA, None), (float("nan"), None), (np.inf, None), (np.int64(3), 3), (np.float64(0.5), 0.5), (True, True),
     (np.bool_(False), False), ("a", "a")],
)  # fmt: skip
def test_values_of_a_table_as_json(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_the_wide_table_is_the_long_one_turned(mixed_run: Run) -> None:
    wide = pd.read_csv(io.StringIO(wide_scores(mixed_run)), float_precision="round_trip")
    assert len(wide) == len(mixed_run.cells)
    pairs = mixed_run.scores[["metric", "space"]].drop_duplicates()
    columns = [f"{metric}@{space}" for metric, space in pairs.itertuples(index=False)]
    assert list(wide.columns[9:]) == columns
    long = mixed_run.scores.set_index(["labels_sha256", "metric", "space"])["value"]
    for column in columns:
        metric, space = column.split("@")
        known = wide[wide["labels_sha256"].notna()]
        assert known[column].tolist() == [long[sha, metric, space] for sha in known["labels_sha256"]]
        assert wide.loc[wide["labels_sha256"].isna(), column].isna().all()


def test_labels_lie_beside_the_page_and_no_row_id_is_a_formula(full_run: Run, full_folder: Path) -> None:
    files = sorted(path.name for path in (full_folder / "labels").iterdir())
    assert files == sorted({f"{sha[:12]}.csv" for sha in full_run.board.table["labels_sha256"]})
    sha = full_run.board.table["labels_sha256"].iloc[0]
    rows = list(csv.reader(io.StringIO((full_folder / "labels" / f"{sha[:12]}.csv").read_text(encoding="utf-8"))))
    assert rows[0] == ["row_id", "cluster"]
    assert [int(cluster) for _, cluster in rows[1:]] == full_run.details.labels[sha].tolist()
    assert [name for name, _ in rows[1:4]] == ["'=C0", "'=C1", "'=C2"]


def test_every_file_that_the_page_links_to_is_there(full_folder: Path) -> None:
    text = (full_folder / "index.html").read_text(encoding="utf-8")
    links = {link for link in re.findall(r'href="([^"]*)"', text) if not link.startswith("#")}
    assert any(link.startswith("labels/") for link in links)
    for link in links:
        assert (full_folder / link).is_file()


def test_the_markdown_tells_the_random_baseline_beside_each_score(full_run: Run) -> None:
    assert re.search(r"0\.\d{3} \(z -?\d+\.\d, random 0\.\d{3}\)", markdown(full_run))


def test_the_index_lists_every_report_and_survives_a_strange_one(
    full_run: Run, hostile_run: Run, tmp_path: Path
) -> None:
    write_report(full_run, tmp_path / "demo")
    write_report(hostile_run, tmp_path / "of a stranger #1")
    for name, text in (("broken", "{"), ("other", "[1]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text("")
        (tmp_path / name / "leaderboard.json").write_text(text)
    (tmp_path / "no report").mkdir()
    page = write_index(tmp_path)
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"]*)"', text)
    assert links == ["broken/index.html", "demo/index.html", "of%20a%20stranger%20%231/index.html", "other/index.html"]
    assert "<script" not in text
    assert "5 benchmarks" not in text
    assert "4 benchmarks" in text
    assert full_run.board.headline in html.unescape(text)
    assert "no report in this folder" in write_index(tmp_path / "no report").read_text(encoding="utf-8")
