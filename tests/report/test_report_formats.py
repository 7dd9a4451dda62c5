"""Formats: the same numbers in each; nothing in a file is taken for markup or a command."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.ranking import letters_of
from clusterbench.report import BoardReport, Field, ReportModel, Table, all_formats, build_report
from clusterbench.report.formats.latex_table import escaped as tex
from clusterbench.report.formats.markdown_text import escaped, markdown
from clusterbench.results import StoredRun
from clusterbench.text import printable
from clusterbench.trust import Coefficients, RuleEvidence, TrustEstimate

Render = Callable[[ReportModel, str], str]
VOID = {"meta", "br", "img", "link", "input", "hr"}
# Elements without an end tag, and what each start tag ends (https://html.spec.whatwg.org, optional tags).
ENDS = {
    "td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}, "tbody": {"td", "th", "tr", "thead", "tbody"},
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "option": {"option"},
}  # fmt: skip
UNENDED = set().union(*ENDS.values())
BAR = re.compile(r"(?<!\\)\|")
NUMBERS = ("rank", "mean_rank", "calibrated", "silhouette@standard", "calinski_harabasz@log1p", "stability", "peak_mb")
NAMES = ["mixed_report", "rejected_report", "hostile_report"]


class Page(HTMLParser):
    """Elements with their attributes, numbers of the leaderboard, text; checks that tags nest, some without an end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[list[tuple[str, str]]]] = []  # exact and printed numbers by field
        self.text: list[str] = []
        self.in_board = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.elements.append((tag, found))
        while self.open and self.open[-1] in ENDS.get(tag, ()):
            self.open.pop()
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.in_board = "leaderboard" in found.get("class", "").split()
        if self.in_board and tag == "tr":
            self.rows.append([])
        if self.in_board and tag in ("td", "th"):
            self.rows[-1].append([])
        if self.in_board and tag == "data":
            self.rows[-1][-1].append((found["value"], ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1] in UNENDED and self.open[-1] != tag:
            self.open.pop()
        assert self.open.pop() == tag
        self.in_board = self.in_board and tag != "table"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.in_board and self.open[-1] == "data":
            value, shown = self.rows[-1][-1].pop()
            self.rows[-1][-1].append((value, shown + data))

    def having(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.elements if attribute in found]


def board_of(report: ReportModel) -> BoardReport:
    (board,) = report.boards
    return board


@pytest.fixture(scope="module")
def pages(render: Render, request: pytest.FixtureRequest) -> dict[str, str]:
    return {name: render(request.getfixturevalue(name), "html") for name in NAMES}


@pytest.fixture(scope="module")
def page(pages: dict[str, str]) -> Page:
    return Page(pages["mixed_report"])


@pytest.fixture(params=NAMES)
def source(request: pytest.FixtureRequest, pages: dict[str, str]) -> str:
    return pages[request.param]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_tags_nest_ids_are_unique_and_links_inside_the_page_arrive(source: str) -> None:
    found = Page(source)
    assert found.open == []
    ids = found.having("id")
    assert len(set(ids)) == len(ids)
    inside = [link[1:] for link in found.having("href") if link.startswith("#")]
    assert inside
    assert set(inside) <= set(ids)


def test_the_page_fetches_nothing_and_its_policy_allows_its_own_script_alone(source: str) -> None:
    found = Page(source)
    files = {file for one in all_formats() for file in one.files} - {"index.html"}
    links = {link for link in found.having("href") if not link.startswith(("#", "figures/"))}
    assert links == files
    assert found.having("src") == found.having("srcset") == found.having("action") == []
    assert not {tag for tag, _ in found.elements} & {"link", "img", "iframe", "object", "embed", "base"}
    assert [attributes for tag, attributes in found.elements if tag == "script"] == [
        {"type": "application/json", "id": "board-data"},
        {},
    ]
    script = source[source.rindex("<script>") + len("<script>") : source.rindex("</script>")]
    forbidden = r"https?:|fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon|new Image|innerHTML|eval"
    assert not re.search(forbidden, script)
    style = source[source.index("<style>") : source.index("</style>")]
    assert not re.search(r"@import|url\(|https?:", style)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", source))
    (policy,) = [attributes["content"] for _, attributes in found.elements if "http-equiv" in attributes]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in policy


def test_hostile_names_stay_text_on_the_page(pages: dict[str, str]) -> None:
    text = pages["hostile_report"]
    assert text.count("<script") == text.count("</script") == 2
    assert "\x00" not in text
    found = Page(text)
    assert not [key for _, attributes in found.elements for key in attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in "".join(found.text)


def page_rows(report: ReportModel, page: Page) -> list[tuple[tuple[Field, ...], list[list[tuple[str, str]]]]]:
    """The rows of the leaderboard with those of the page, which has contenders first, then controls."""
    table = board_of(report).table
    _, *rows = [row for row in page.rows if len(row) > 1]
    return list(zip([row for _, row in (*table.contenders, *table.controls)], rows, strict=True))


def test_every_number_of_the_leaderboard_is_on_the_page_exactly_and_as_printed(
    full_report: ReportModel, render: Render
) -> None:
    table, page = board_of(full_report).table, Page(render(full_report, "html"))
    headings = {heading.name: place for place, heading in enumerate(table.headings)}
    columns = [found["data-name"] for tag, found in page.elements if tag == "th" and "data-name" in found]
    constant = {
        h.name for place, h in enumerate(table.headings) if len({row[place].text for _, row in table.rows}) == 1
    }
    assert columns[:2] == ["rank", "entry"]
    assert {name.partition("@")[0] for name in set(headings) - constant} == {*columns, "interval", "variant"}
    for fields, cells in page_rows(full_report, page):
        for name, cell in zip(columns, cells, strict=True):
            of_column = [fields[place] for one, place in headings.items() if one.partition("@")[0] == name]
            numbers = [(one.exact, one.text) for one in of_column if one.exact]
            assert cell == (numbers if name not in ("entry", "sizes") else [])


def test_what_is_the_same_in_all_rows_is_said_once_and_is_no_column(mixed_report: ReportModel, render: Render) -> None:
    board = board_of(mixed_report)
    alike = replace(board, table=replace(board.table, rows=board.table.rows[:1] * 2))
    page = render(replace(mixed_report, boards=(alike,)), "html")
    (k,) = [heading.name for heading in board.table.headings if heading.name == "k"]
    assert 'data-name="rank"' in page
    assert f'data-name="{k}"' not in page
    assert re.search(rf"The same for all: [^.]*\bk {board.board.entries[0].row['k']}, ", page)


def test_every_table_has_a_caption_and_scoped_headings(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption")
    assert all(found.get("scope") in ("col", "row", "rowgroup") for tag, found in page.elements if tag == "th")
    assert tags.count("main") == tags.count("h1") == 1
    assert page.elements[tags.index("a")][1]["class"] == "skip"


def test_the_parts_of_the_page_are_in_order_and_complete(pages: dict[str, str], page: Page) -> None:
    text = pages["mixed_report"]
    marks = ['class="facts"', 'class="verdicts"', 'class="leaderboard', 'id="entries"', 'id="rejected"',
             'id="sensitivity"', 'id="methodology"', 'id="environment"', 'id="downloads"', "How to cite"]  # fmt: skip
    order = [text.index(mark) for mark in marks]
    assert order == sorted(order)
    words = " ".join(page.text)
    for part in (
        "smallest cluster has 1 of 1000 rows, needs 10",
        "took longer than 5 s",
        "6 of 56 partitions asked for could not be made",
        "4 failed and 2 timeout of 56 cells",
        "own space, not ranked",
        "Diagnostics reported by the algorithm:",
        "ConvergenceWarning: did not converge",
        "median impute > standardize",
        "0123456789abcdef0123456789abcdef01234567",
    ):
        assert part in words
    assert "a different leaderboard" in pages["hostile_report"]
    assert "a different leaderboard" not in text
    assert "No entry could be ranked" in pages["rejected_report"]
    assert 'class="chip serious"' not in text


def test_bars_of_sizes_add_up_to_all_rows(pages: dict[str, str], mixed_report: ReportModel) -> None:
    bars = re.findall(r'<span class="sizes".*?</span>', pages["mixed_report"], flags=re.DOTALL)
    assert len(bars) == len(board_of(mixed_report).table.rows)
    assert {sum(map(int, re.findall(r"flex-grow:(\d+)", bar))) for bar in bars} == {1000}


def test_the_same_report_gives_the_same_page_and_fifty_entries_a_small_one(
    mixed_report: ReportModel, pages: dict[str, str], make_run: Callable[..., StoredRun], render: Render
) -> None:
    assert render(mixed_report, "html") == pages["mixed_report"]
    run = make_run(variants=[f"variant-{number}" for number in range(10)], seeds=(0, 1, 2), closely=True)
    report = build_report(run, figures=())
    assert len(board_of(report).table.rows) == 50
    assert len(render(report, "html").encode()) < 1_200_000


# --- LaTeX ------------------------------------------------------------------------------------------------------------


def latex_rows(text: str) -> list[list[str]]:
    """The fields of the first table: the titles, then the rows."""
    titles = next(line for line in text.splitlines() if line.endswith(r" \\"))
    body = text[text.index(r"\endfoot") : text.index(r"\end{longtable}")].splitlines()[1:]
    return [[field.strip() for field in line.removesuffix(r" \\").split(" & ")] for line in (titles, *body)]


def plain_latex(field: str) -> str:
    text = re.sub(r"^\\text(?:bf|it)\{(.*)\}$", r"\1", field).replace(r"$\uparrow$", "↑").replace(r"$\downarrow$", "↓")
    return text.replace(r"\_", "_").replace(r"\%", "%").replace("--", "–")


def test_bold_follows_the_tie_group_of_the_first_place(full_report: ReportModel, render: Render) -> None:
    entries = board_of(full_report).board.entries
    rows = latex_rows(render(full_report, "latex"))[1:]
    letters = set(letters_of(next(entry for entry in entries if not entry.control).row["tie"]))
    for entry, row in zip(entries, rows, strict=True):
        bold = not entry.control and bool(letters & set(letters_of(entry.row["tie"])))
        assert all(field.startswith(r"\textbf{") for field in row) == bold
        assert all(field.startswith(r"\textit{") for field in row) == entry.control


def test_a_hostile_run_has_as_many_latex_fields_in_every_row(hostile_report: ReportModel, render: Render) -> None:
    text = render(hostile_report, "latex")
    assert {len(row) for row in latex_rows(text)} == {len(board_of(hostile_report).table.headings)}


def test_a_latex_table_of_many_rows_shows_the_first_hundred_and_says_so(
    make_run: Callable[..., StoredRun], render: Render
) -> None:
    run = make_run(variants=[f"v{number}" for number in range(21)], seeds=(0,), bootstraps=0)
    text = render(build_report(run, figures=()), "latex")
    assert len(latex_rows(text)) == 101
    assert "the first 100 of 105 entries" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
@pytest.mark.parametrize("name", ["full_report", "hostile_report"])
def test_latex_compiles(name: str, request: pytest.FixtureRequest, render: Render, tmp_path: Path) -> None:
    body = render(request.getfixturevalue(name), "latex")
    packages = r"\usepackage{booktabs,longtable,lscape,textcomp}"
    source = rf"\documentclass{{article}}{packages}\begin{{document}}{chr(10)}{body}\end{{document}}"
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-3000:]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a\\b", r"a\textbackslash{}b"),
        ("{x} $5 & #1", r"\{x\} \$5 \& \#1"),
        ("x_1^2~y", r"x\_1\textasciicircum{}2\textasciitilde{}y"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("\"'`", r"\textquotedblright{}\textquotesingle{}\textasciigrave{}"),
        ("1 – 3", "1 -- 3"),
        ("a---b", "a-{}-{}-b"),
        ("Silhouette ↑ ∞", r"Silhouette $\uparrow$ $\infty$"),
        ("a · 3°…", r"a \textperiodcentered{} 3\textdegree{}\textellipsis{}"),
        ("a\nb\x00\u202e", "a b??"),
    ],
)
def test_latex_of_every_special_character(text: str, source: str) -> None:
    assert tex(text) == source


@given(st.text(alphabet=st.sampled_from("\\{}$&#%_~^<>|\"'`–·↑↓°∞-\n\x00aé"), max_size=30))
def test_latex_of_any_text_has_balanced_braces_and_no_raw_special(text: str) -> None:
    source, depth = tex(text), 0
    for token in re.findall(r"\\.|[{}]", source, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    rest = re.sub(r"\\text[a-z]+\{\}|\\[{}$&#%_]|\$\\(?:uparrow|downarrow|infty)\$|\{\}", "", source)
    assert not set(rest) & set("{}$&#%_~^\\\n")


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown_tables(text: str) -> list[list[list[str]]]:
    """The fields of every table: header, rule, rows."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[[field.strip() for field in BAR.split(line)[1:-1]] for line in block.splitlines()] for block in blocks]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_markdown_has_as_many_fields_as_its_header(
    name: str, request: pytest.FixtureRequest, render: Render
) -> None:
    text = render(request.getfixturevalue(name), "markdown")
    for table in markdown_tables(text):
        assert {len(row) for row in table} == {len(table[0])}
        assert all(re.fullmatch(r"---:?", field) for field in table[1])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_hostile_text_is_escaped_in_markdown(hostile_report: ReportModel, render: Render) -> None:
    text = render(hostile_report, "markdown")
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[x", text)
    assert "\x00" not in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert [line.split()[0] for line in headings] == ["#", *["##"] * (len(headings) - 1)]


def test_markdown_holds_every_part_of_the_report(
    mixed_report: ReportModel, rejected_report: ReportModel, two_reports: ReportModel, render: Render
) -> None:
    text = render(mixed_report, "markdown")
    assert text.startswith("# Demonstration\n\n**agglomerative")
    for words in ("needs 10", "no core point", "## Methodology", "Rousseeuw 1987", "## Environment", "hdbscan"):
        assert words in text
    links = re.findall(r"\]\(figures/([^)]*)\.svg\)", text)
    assert links == [figure.name for figure in board_of(mixed_report).figures]
    assert "No entry could be ranked" in render(rejected_report, "markdown")
    titles = re.findall(r"^### (.*)$", render(two_reports, "markdown"), re.MULTILINE)
    assert titles == ["all datasets", "cards", "wine"]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("**bold** snake_case", r"\*\*bold\*\* snake\_case"),
        ("a\nb\r\nc", "a b c"),
        ("![x](y) &lt; # h", r"!\[x\](y) \&lt; \# h"),
        ("`c` $a$ ~b~", r"\`c\` \$a\$ \~b\~"),
    ],
)
def test_markdown_of_every_special_character(text: str, source: str) -> None:
    assert escaped(text) == source


@settings(max_examples=30)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=5), st.lists(st.text(max_size=12), min_size=5, max_size=5))
def test_a_markdown_table_keeps_its_columns_whatever_the_text(
    rejected_report: ReportModel, header: list[str], row: list[str]
) -> None:
    row = row[: len(header)]
    table = Table("t", tuple(header), (tuple(row),), numeric=(0,))
    titles, rule, fields = markdown_tables(markdown(replace(rejected_report, rejected=table)))[0]
    assert len(titles) == len(rule) == len(fields) == len(header)
    assert rule[0] == "---:"
    assert [re.sub(r"\\([\\`*_\[\]<>#|~$&])", r"\1", field) for field in fields] == [printable(t).strip() for t in row]


# --- all formats ------------------------------------------------------------------------------------------------------


def test_every_format_holds_the_same_numbers(full_report: ReportModel, full_folder: Path) -> None:
    headings = board_of(full_report).table.headings
    titles = {heading.name: heading.full_title for heading in headings}
    places = {heading.name: place for place, heading in enumerate(headings)}
    text = {path.name: path.read_text(encoding="utf-8") for path in full_folder.iterdir() if path.is_file()}
    table = list(csv.DictReader(io.StringIO(text["leaderboard.csv"])))
    document = json.loads(text["leaderboard.json"])["boards"][0]["entries"]
    header, _, *marked = markdown_tables(text["leaderboard.md"])[0]
    typeset_titles, *typeset = latex_rows(text["leaderboard.tex"])
    assert [plain_latex(title) for title in typeset_titles] == list(titles.values())
    for place, (_, row) in enumerate(board_of(full_report).table.rows):
        for name in NUMBERS:
            field = row[places[name]]
            assert float(field.exact) == float(table[place][name]) == document[place][name]
            assert plain_latex(typeset[place][places[name]]) == field.text
            in_markdown = marked[place][header.index(titles[name])]
            assert re.match(r"[-\d.]+", in_markdown)[0] == field.text  # type: ignore[index]
    assert re.search(r"0\.\d{3} \(z -?\d+\.\d, random 0\.\d{3}, 0\.\d{3}\)", text["leaderboard.md"])
    assert len(table) == len(document) == len(marked) == len(typeset)


def test_no_format_turns_the_direction_of_writing(make_run: Callable[..., StoredRun], render: Render) -> None:
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

    def rename(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        for frame in (cells, scores):
            frame["algorithm"] = frame["algorithm"].replace("kmeans", f"k{turning}means")

    names = {"datasets": [f"wine{turning}"], "variants": [f"raw{turning}", "b"], "title": turning}
    report = build_report(make_run(**names, change=rename, toml=f'title = "{turning}"', bootstraps=0))
    for name in ("html", "markdown", "latex"):
        assert not set(turning) & set(render(report, name)), name
    assert turning in json.loads(render(report, "json"))["title"]  # for programs, and exact


@pytest.mark.parametrize("name", [*NAMES, "full_report", "two_reports"])
def test_the_json_document_is_complete_and_plain(name: str, request: pytest.FixtureRequest, render: Render) -> None:
    report: ReportModel = request.getfixturevalue(name)
    board = report.run.board
    text = render(report, "json")
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    hashes = [entry["labels_sha256"] for one in document["boards"] for entry in one["entries"]]
    assert hashes == board.table["labels_sha256"].where(board.table["labels_sha256"].notna(), None).tolist()
    assert [column["name"] for column in document["columns"]] == list(board.table.columns)
    assert [len(document[key]) for key in ("rejected", "sensitivity")] == [len(board.rejected), len(board.sensitivity)]
    assert document["cells"] == report.run.cells["status"].value_counts().to_dict()
    assert document["headline"] == board.headline
    assert [alert["text"] for alert in document["alerts"]] == [alert.text for alert in board.alerts]


def test_the_wide_table_is_the_long_one_turned(mixed_report: ReportModel) -> None:
    (tables,) = [one.render(mixed_report) for one in all_formats() if one.name == "csv"]
    wide = pd.read_csv(io.StringIO(tables["scores_wide.csv"]), float_precision="round_trip")
    run = mixed_report.run
    pairs = run.scores[["metric", "space"]].drop_duplicates()
    columns = [f"{metric}@{space}" for metric, space in pairs.itertuples(index=False)]
    assert list(wide.columns[9:]) == columns
    assert wide["labels_sha256"].fillna("").tolist() == run.cells["labels_sha256"].fillna("").tolist()
    long = run.scores.set_index(["labels_sha256", "metric", "space"])["value"]
    known = wide[wide["labels_sha256"].notna()]
    for column in columns:
        metric, space = column.split("@")
        np.testing.assert_array_equal(known[column], [long[sha, metric, space] for sha in known["labels_sha256"]])
        assert wide.loc[wide["labels_sha256"].isna(), column].isna().all()


def test_the_rule_its_evidence_and_the_trust_stand_under_the_headline(
    scored_reports: ReportModel, full_report: ReportModel, render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full_report.basis == (full_report.run.record.ranking.rule_text,)
    run = scored_reports.run
    assert scored_reports.basis == (run.record.ranking.rule_text,)  # not the default rule: nothing is known of it
    estimate = TrustEstimate(0.1, 0.25, 0.5, Coefficients({}, {}, {}, 40, 0.9))
    monkeypatch.setattr("clusterbench.ranking.rules.DEFAULT_SCORE", run.record.ranking.score)
    evidence = RuleEvidence(tables=40, partitions=4000, regret=0.123, random=0.3, silhouette=0.2,
        first={"kmeans": 0.6, "gmm": 0.1}, best={"kmeans": 0.2, "gmm": 0.4},
    )  # fmt: skip
    monkeypatch.setattr("clusterbench.report.methodology.shipped_evidence", lambda: evidence)
    estimates = {"wine": ({}, estimate)}
    monkeypatch.setattr("clusterbench.report.model_building.trust_by_dataset", lambda run: estimates)
    report = build_report(run, figures=())
    rule = f"{run.record.ranking.rule_text} On 40 tables with known classes this rule loses 0.12 of adjusted Rand index"
    trust = "wine: The first place is likely to lose 0.10 to 0.25 of adjusted Rand index"
    assert report.basis[0].startswith(rule)
    assert report.basis[1].startswith(trust)
    many = {
        f"table{number}": ({}, TrustEstimate(0.0, 0.1 * number, 0.25, estimate.coefficients)) for number in range(5)
    }
    monkeypatch.setattr("clusterbench.report.model_building.trust_by_dataset", lambda run: many)
    crowded = build_report(run, figures=())
    assert crowded.basis[1].startswith(
        "The first place can be trusted on 3 of 5 tables (table0, table1 and table2); on"
    )
    assert dict(crowded.rules)["Trust, table4"].startswith("No index can be trusted on a table like this")
    text, page = render(report, "markdown"), render(report, "html")
    assert text.index("this rule loses 0.12") < text.index("0.10 to 0.25 of adjusted") < text.index("## Leaderboard")
    assert '<a href="#evidence">' in page
    assert page.index("<b>Likely to lose 0.10 to 0.25</b> of adjusted Rand index") < page.index("this rule loses 0.12")
    document = json.loads(render(report, "json"))
    assert document["rule"] == report.rule
    assert document["trust"] == {"wine": estimate.sentence}
    preference = "kmeans is first on 60 % of these tables and best by known classes on 20 %; gmm is first on 10 % of"
    assert preference in " ".join(page.split())


def test_a_run_is_cited_by_name_date_and_hash_of_its_record(hostile_report: ReportModel) -> None:
    (bibtex,) = [one.render(hostile_report)["citation.bib"] for one in all_formats() if one.name == "bibtex"]
    run, record_hash = hostile_report.run, hashlib.sha256(hostile_report.run.record.to_json().encode()).hexdigest()
    assert re.findall(r"^@(\w+)\{([a-z0-9-]+),$", bibtex, re.MULTILINE)[1] == ("software", "clusterbench")
    assert f"of {run.manifest.finished[:10]}, record SHA-256 {record_hash}" in bibtex
    assert f"year = {{{run.manifest.finished[:4]}}}" in bibtex
    assert bibtex.count("{") == bibtex.count("}")
