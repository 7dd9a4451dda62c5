"""The page: complete, self-contained, safe, and with the numbers of the tables."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from clusterbench.report import html
from clusterbench.report.board_table import board_table
from clusterbench.report.formats.html_page import FILES
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, rows of the leaderboard, ids, links; checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.in_board = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.elements.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.in_board = found.get("class") == "leaderboard"
        if self.in_board and tag == "tr":
            self.rows.append([])
        if self.in_board and tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.in_board = self.in_board and tag != "table"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.in_board and self.rows and self.rows[-1] and self.open[-1] in ("td", "th", "data", "a"):
            self.rows[-1][-1] += data.strip()

    def having(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.elements if attribute in found]


@pytest.fixture(scope="module")
def texts(mixed_run: Run, rejected_run: Run, hostile_run: Run) -> dict[str, str]:
    return {"mixed": html(mixed_run), "rejected": html(rejected_run), "hostile": html(hostile_run)}


@pytest.fixture(scope="module")
def page(texts: dict[str, str]) -> Page:
    return Page(texts["mixed"])


@pytest.fixture(params=["mixed", "rejected", "hostile"])
def source(request: pytest.FixtureRequest, texts: dict[str, str]) -> str:
    return texts[request.param]


def test_tags_nest_and_ids_are_unique(source: str) -> None:
    found = Page(source)
    assert found.open == []
    ids = found.having("id")
    assert len(set(ids)) == len(ids)


def test_every_link_inside_the_page_arrives(source: str) -> None:
    found = Page(source)
    inside = [link[1:] for link in found.having("href") if link.startswith("#")]
    assert inside
    assert set(inside) <= set(found.having("id"))


def test_nothing_is_fetched_from_anywhere(source: str) -> None:
    found = Page(source)
    files = {name for name, _ in FILES}
    assert {link for link in found.having("href") if not link.startswith("#")} == files
    assert found.having("src") == found.having("srcset") == found.having("action") == []
    assert not {tag for tag, _ in found.elements} & {"link", "img", "iframe", "object", "embed", "base"}
    assert [attributes for tag, attributes in found.elements if tag == "script"] == [
        {"type": "application/json", "id": "board-data"},
        {},
    ]
    script = source[source.rindex("<script>") : source.rindex("</script>")]
    assert not re.search(
        r"https?:|fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon|new Image|innerHTML|eval", script
    )
    style = source[source.index("<style>") : source.index("</style>")]
    assert not re.search(r"@import|url\(|https?:", style)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", source))


def test_hostile_names_stay_text(texts: dict[str, str]) -> None:
    text = texts["hostile"]
    assert text.count("<script") == text.count("</script") == 2
    assert "\x00" not in text
    found = Page(text)
    assert not [key for _, attributes in found.elements for key in attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in "".join(found.text)


def test_numbers_are_those_of_the_leaderboard(mixed_run: Run, page: Page) -> None:
    exact = [float(found["value"]) for tag, found in page.elements if tag == "data"]
    (section,) = sections_of(mixed_run)
    names = [heading.name for heading in board_table(mixed_run, section).headings]
    table = mixed_run.board.table
    shown = [name for name in names if name in table.columns and name not in ("tie", "variant", "k_policy")]
    assert exact == [float(row[name]) for row in table.to_dict("records") for name in shown]


def test_printed_scores_are_the_rounded_ones(mixed_run: Run, page: Page) -> None:
    (section,) = sections_of(mixed_run)
    names = [heading.name for heading in board_table(mixed_run, section).headings]
    at = names.index("silhouette@log1p")
    printed = [row[at] for row in page.rows[2:]]
    assert printed == [f"{value:.3f}" for value in mixed_run.board.table["silhouette@log1p"]]
    assert {"silhouette@standard", "davies_bouldin@standard", "calinski_harabasz@log1p", "fit_seconds"} <= set(names)


def test_every_row_of_the_leaderboard_has_a_field_per_heading(mixed_run: Run, page: Page) -> None:
    (section,) = sections_of(mixed_run)
    headings = board_table(mixed_run, section).headings
    assert {len(row) for row in page.rows[2:]} == {len(headings)}
    spans = [found for tag, found in page.elements if tag == "th" and found.get("scope") == "colgroup"]
    assert sum(int(found["colspan"]) for found in spans) == sum(bool(heading.group) for heading in headings)


def test_every_table_has_a_caption_and_scoped_headings(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption")
    assert all(found.get("scope") in ("col", "colgroup", "row") for tag, found in page.elements if tag == "th")
    assert tags.count("main") == tags.count("h1") == 1
    assert page.elements[[tag for tag, _ in page.elements].index("a")][1]["class"] == "skip"


def test_the_page_says_what_was_refused_and_what_failed(page: Page) -> None:
    text = " ".join(page.text)
    for words in (
        "smallest cluster has 1 of 1000 rows, needs 10",
        "ValueError: no core point",
        "took longer than 5 s",
        "6 of 56 cells ended without a labeling",
        "4 failed and 2 timeout of 56 cells",
        "own space, not ranked",
        "ConvergenceWarning: did not converge",
        "clusterbench run demo --only algorithm=kmeans --only variant=log1p --only k=3",
        "median impute > standardize",
        "0123456789abcdef0123456789abcdef01234567",
    ):
        assert words in text


def test_a_part_of_a_benchmark_says_so(texts: dict[str, str]) -> None:
    assert "a different leaderboard" in texts["hostile"]
    assert "a different leaderboard" not in texts["mixed"]


def test_the_sentence_comes_before_the_alerts_and_these_before_the_table(texts: dict[str, str]) -> None:
    text = texts["mixed"]
    order = [
        text.index(mark)
        for mark in (
            'class="headline"',
            'class="notices"',
            'id="leaderboard"',
            'id="rejected"',
            'id="sensitivity"',
            'id="methodology"',
            'id="environment"',
            'id="downloads"',
            "How to cite",
        )
    ]
    assert order == sorted(order)


def test_a_run_without_ranks_says_so(texts: dict[str, str]) -> None:
    assert "No entry could be ranked" in texts["rejected"]
    assert "largest cluster has 99.9 % of the rows" in texts["rejected"]


def test_the_same_run_gives_the_same_page(mixed_run: Run, texts: dict[str, str]) -> None:
    assert html(mixed_run) == texts["mixed"]


def test_a_page_of_fifty_entries_with_all_details_stays_small(make_run) -> None:
    run = make_run(variants=[f"variant-{number}" for number in range(10)], seeds=(0, 1, 2), closely=True)
    assert len(run.board.table) == 50
    assert len(html(run).encode()) < 1_500_000


def test_the_policy_of_the_page_allows_its_own_script_and_nothing_else(texts: dict[str, str]) -> None:
    for text in texts.values():
        (policy,) = [found["content"] for tag, found in Page(text).elements if "http-equiv" in found]
        script = text[text.rindex("<script>") + len("<script>") : text.rindex("</script>")]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in policy
