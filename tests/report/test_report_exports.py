"""The same numbers in every format; nothing in a file is taken for markup, a command or a formula."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.conductor import Run
from clusterbench.ranking import letters_of
from clusterbench.report import latex, leaderboard_json, markdown, write_index, write_report
from clusterbench.report._board_table import board_table
from clusterbench.report._entries import sections_of
from clusterbench.report._exports import plain, wide_scores
from clusterbench.report._latex import tex, tie_group

NUMBERS = ("rank", "mean_rank", "calibrated", "silhouette@standard", "calinski_harabasz@log1p", "stability", "peak_mb")


def untex(text: str) -> str:
    """Undo the bold and the escapes of a field of a LaTeX table."""
    text = re.sub(r"^\\text(?:bf|it)\{(.*)\}$", r"\1", text.strip())
    return text.replace(r"\_", "_").replace(r"\%", "%").replace("--", "–")


def latex_rows(text: str) -> list[list[str]]:
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    return [[untex(field) for field in line.removesuffix(r" \\").split(" & ")] for line in body]


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
    header = [untex(t) for t in text.split(r"\toprule")[1].splitlines()[1].removesuffix(r" \\").split(" & ")]
    typeset = [dict(zip(header, row, strict=True)) for row in latex_rows(text)]
    assert len(page) == len(table) == len(told) == len(marked) == len(typeset) == len(section.entries)
    for place in range(len(page)):
        for name in NUMBERS:
            printed, exact = page[place][name]
            assert float(exact) == float(table[place][name]) == told[place][name]
            title = titles[name].replace("↑", r"$\uparrow$").replace("↓", r"$\downarrow$")
            assert typeset[place][title] == printed
            assert re.match(r"[-\d.]+", marked[place][titles[name]])[0] == printed


def test_bold_follows_the_tie_group_of_the_first_place(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    bold = [r"\textbf{" in line for line in latex(full_run).splitlines() if re.match(r"\\text|\d", line)]
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
    lines = [line for line in latex(hostile_run).splitlines() if line.endswith(r"\\")]
    assert len({len(re.split(r"(?<!\\)&", line)) for line in lines}) == 1


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
