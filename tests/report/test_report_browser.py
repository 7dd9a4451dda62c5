"""The page in a browser: it renders, sorts, filters, ranks again, opens, prints, and asks for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.report import Entry, ReportModel, build_report
from clusterbench.results import StoredRun

HEAD = "th[data-name='{}'] button"
NOT_PUBLISHED = "This is not the published ranking."
Open = Callable[..., Any]


@dataclass
class Watched:
    """Pages with what they asked for and complained of."""

    chromium: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def page(self, **options: Any) -> Any:
        page = self.chromium.new_context(**options).new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: self.requests.append(request.url.partition("#")[0]))
        return page


@pytest.fixture(scope="module")
def watched(chromium: Any) -> Watched:
    return Watched(chromium)


@pytest.fixture(scope="module")
def shared_page(watched: Watched) -> Any:
    return watched.page()


@pytest.fixture
def open_page(watched: Watched, shared_page: Any, full_folder: Path) -> Iterator[Open]:
    """A function that opens a page and, at the end, proves that it complained of nothing and asked for nothing."""
    watched.complaints.clear()
    watched.requests.clear()
    opened: list[tuple[Any, str]] = []

    def open_(path: Path | None = None, *, color_scheme: str = "light", **options: Any) -> Any:
        page = watched.page(**options) if options else shared_page
        page.set_viewport_size({"width": 1300, "height": 900})
        page.emulate_media(media="screen", color_scheme=color_scheme)
        url = (path or full_folder / "index.html").as_uri()
        page.goto("about:blank")  # a page that differs in its fragment alone would not be loaded again
        page.goto(url)
        opened.append((page, url))
        return page

    yield open_
    for page, _ in opened:
        if page.evaluate("typeof clusterbench !== 'undefined'"):
            assert page.evaluate("performance.getEntriesByType('resource').length") == 0
        if page is not shared_page:
            page.context.close()
    assert watched.complaints == []
    assert sorted(url for url in watched.requests if url != "about:blank") == sorted(url for _, url in opened)


def entries_of(report: ReportModel) -> tuple[Entry, ...]:
    (board,) = report.boards
    return board.board.entries


def names(page: Any) -> list[str]:
    """Anchors of the rows that are shown, in their order."""
    return [
        link.partition("#")[2]
        for link in page.eval_on_selector_all(
            "table.leaderboard tbody tr th.name a", "links => links.map(link => link.href)"
        )
    ]


def column(page: Any, name: str) -> list[str]:
    place = page.get_attribute(f"th[data-name='{name}']", "data-col")
    script = "(rows, place) => rows.map(row => row.cells[place].innerText.split('\\n')[0].trim())"
    return list(page.eval_on_selector_all("table.leaderboard tbody tr", script, int(place)))


def test_the_page_renders(full_report: ReportModel, open_page: Open) -> None:
    page = open_page()
    assert names(page) == [entry.anchor for entry in entries_of(full_report)]
    assert page.is_visible("form.tool")
    assert not page.is_visible(".recomputed")
    for picture in page.query_selector_all("figure svg"):
        if picture.is_visible():
            assert picture.bounding_box()["width"] > 200


def test_without_script_all_is_readable_and_no_control_is_shown(full_report: ReportModel, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("table.leaderboard tbody tr").count() == len(entries_of(full_report))
    assert not page.is_visible("form.tool")
    assert not page.is_visible(".recomputed")
    assert page.locator("th button").count() == 0
    page.locator("details.entry summary").first.click()
    assert page.locator("details.entry[open] svg.view").is_visible()


def test_every_column_sorts_both_ways(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    table = full_report.boards[0].table
    places = {heading.name: place for place, heading in enumerate(table.headings)}
    start = [entry.anchor for entry in entries]
    for name in ("rank", "entry", "variant", "k", "mean_rank", "silhouette@log1p", "davies_bouldin@standard"):
        fields = {entry.anchor: row[places[name]] for entry, row in table.rows}
        keys = {anchor: float(one.exact) if one.exact else one.text.lower() for anchor, one in fields.items()}
        head = page.locator(f"th[data-name='{name}']")
        seen = []
        for _ in range(2):
            head.locator("button").click()
            seen.append(head.get_attribute("aria-sort"))
            assert names(page) == sorted(start, key=lambda anchor: keys[anchor], reverse=seen[-1] == "descending")
        assert sorted(seen) == ["ascending", "descending"]
        assert page.locator("th[aria-sort]").count() == 1
        if name == "silhouette@log1p":
            assert seen[0] == "descending"  # the highest is what a reader looks for
        assert seen[1] in page.inner_text(".said")


def test_buttons_of_one_space_are_named_by_their_metric(open_page: Open) -> None:
    page = open_page()
    buttons = page.locator("table.leaderboard thead button")
    spoken = "all => all.map(one => one.getAttribute('aria-label') || one.innerText.trim())"
    labels = buttons.evaluate_all(spoken)
    assert len(set(labels)) == len(labels)
    assert {"Silhouette (log1p)", "Davies-Bouldin (log1p)"} <= set(labels)
    page.locator(HEAD.format("davies_bouldin@log1p")).click()
    assert page.inner_text(".said") == "Sorted by Davies-Bouldin (log1p), ascending."


def test_a_filter_ranks_what_is_shown_and_says_so(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    page.fill("input[name=text]", "KMEANS raw")
    page.wait_for_selector(".recomputed:not([hidden])")
    shown = [entry.anchor for entry in entries if entry.name == "kmeans" and entry.variant == "raw"]
    assert names(page) == shown
    assert column(page, "rank") == ["1"]
    assert column(page, "interval") == column(page, "tie") == ["–"]
    text = page.inner_text(".recomputed")
    assert NOT_PUBLISHED in text
    assert f"1 of {len(entries)} entries" in text
    page.fill("input[name=text]", "no such thing")
    page.locator(".recomputed", has_text="No entry matches").wait_for()
    page.click(".recomputed button")
    page.wait_for_selector(".recomputed", state="hidden")
    assert names(page) == [entry.anchor for entry in entries]
    assert column(page, "rank") == [str(entry.rank) for entry in entries]
    assert column(page, "interval") == [entry.interval for entry in entries]


def test_another_choice_ranks_again_and_can_be_taken_back(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    before = page.inner_html("table.leaderboard tbody")
    page.click("form.tool summary")
    page.uncheck("input[name=algorithm][value=kmeans]")
    page.uncheck("input[name=space][value=standard]")
    page.uncheck("input[name=metric][value=stability]")
    page.fill("input[data-part=separation]", "2.5")
    page.select_option("select[name=policy]", "nearest")
    page.wait_for_selector(".recomputed:not([hidden])")
    kept = [entry for entry in entries if entry.name != "kmeans"]
    assert set(names(page)) == {entry.anchor for entry in kept}
    ranks = [int(rank) for rank in column(page, "rank")]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    (board,) = page.evaluate("clusterbench.boards")
    noisy = next(place for place, entry in enumerate(entries) if entry.n_noise)
    moved = board["other"]["nearest"][str(noisy)][0]
    assert moved != board["values"][noisy][0]
    assert f"{moved:.3f}" == column(page, "silhouette@standard")[names(page).index(entries[noisy].anchor)]
    assert "noise policy nearest" in page.inner_text(".recomputed")
    page.locator("form.tool button[type=reset]").click()
    page.wait_for_selector(".recomputed", state="hidden")
    assert page.inner_html("table.leaderboard tbody").replace(' class=""', "") == before


def test_the_notice_names_only_what_takes_part(full_report: ReportModel, open_page: Open) -> None:
    page = open_page()
    page.click("form.tool summary")
    page.fill("input[data-part=stability]", "0")
    notice = page.locator(".recomputed:not([hidden])")
    notice.wait_for()
    rule = "silhouette, davies_bouldin, calinski_harabasz (family separation, weight 1) in standard, log1p;"
    assert rule in notice.inner_text()
    assert "stability" not in notice.inner_text()
    page.fill("input[data-part=stability]", "2.5")
    page.locator(".recomputed", has_text="stability (family stability, weight 2.5) in").wait_for()
    page.fill("input[data-part=separation]", "0")
    page.fill("input[data-part=stability]", "0")
    page.locator(".recomputed", has_text="by nothing in standard, log1p; noise policy zero. Nothing is left").wait_for()
    page.locator("form.tool button[type=reset]").click()
    page.uncheck("input[name=variant][value=raw]")
    notice.wait_for()
    assert "weight" not in notice.inner_text()  # as published


def test_another_noise_policy_changes_only_the_rows_with_noise(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    cell = "table.leaderboard tbody tr:has(a[href='#{}']) td:nth-child({})"
    place = int(page.get_attribute("th[data-name='calinski_harabasz@log1p']", "data-col")) + 1
    cells = {entry.anchor: cell.format(entry.anchor, place) for entry in entries}
    before = {anchor: page.inner_html(at) for anchor, at in cells.items()}
    page.click("form.tool summary")
    page.select_option("select[name=policy]", "nearest")
    page.wait_for_selector(".recomputed:not([hidden])")
    after = {anchor: page.inner_html(at) for anchor, at in cells.items()}
    changed = {anchor for anchor in before if before[anchor] != after[anchor]}
    assert changed == {entry.anchor for entry in entries if entry.n_noise}
    assert all("<small>" not in after[anchor] for anchor in changed)  # the random baseline is of the declared policy
    assert any("<sup" in text for text in after.values())


def test_a_link_in_the_table_opens_the_entry(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    page.locator("th.name a").nth(2).click()
    opened = page.locator("details.entry[open]")
    assert opened.get_attribute("id") == entries[2].anchor
    assert opened.locator("svg.view").is_visible()
    text = opened.inner_text()
    row = entries[2].row
    sha, target = row["labels_sha256"][:12], f"{row['dataset']}/{row['algorithm']}/{row['variant']}/"
    for words in (f"clusterbench reproduce {target}", "Silhouette in standard", "a pattern, in doubt", "adjusted Rand"):
        assert words in text
    page.locator("details.entry[open] a[href='#columns']").click()
    legend = page.locator("details#columns[open]")
    legend.wait_for()
    for column in ("interval", "sizes", "rank_without_metric_low", "rank_by_space_high"):
        assert column in legend.inner_text()
    assert opened.locator("a[download]").get_attribute("href") == f"labels/{sha}.csv"


def test_the_dark_page_is_dark_and_the_light_one_light(open_page: Open) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        colours = page.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor] }"
        )
        shades[scheme] = [sum(int(part) for part in colour[4:-1].split(",")) for colour in colours]
    assert shades["light"][0] < 150 < 600 < shades["light"][1]
    assert shades["dark"][1] < 150 < 600 < shades["dark"][0]


def test_it_prints(open_page: Open) -> None:
    page = open_page()
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000
    page.emulate_media(media="print")
    assert not page.is_visible("form.tool")
    assert page.is_visible("table.leaderboard")
    page.set_viewport_size({"width": 1030, "height": 700})  # A4 on its side, less the margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 1030


def test_on_paper_a_figure_fits_a_sheet_and_titles_are_no_buttons(open_page: Open) -> None:
    page = open_page()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1030, "height": 700})
    sheet = 700  # pixels of 186 mm
    heights = page.eval_on_selector_all("figure", "all => all.map(one => one.getBoundingClientRect().height)")
    assert 0 < max(heights) < sheet
    columns = "all => all.map(one => getComputedStyle(one).columnCount)"
    assert set(page.eval_on_selector_all(".figures", columns)) == {"auto"}
    # A button in a repeated table head is not painted.
    shown = "all => all.map(one => getComputedStyle(one).display)"
    assert set(page.eval_on_selector_all("thead th button", shown)) == {"contents"}


def test_rows_keep_their_names_when_the_table_is_scrolled(open_page: Open) -> None:
    page = open_page()
    script = """selector => {
        const name = document.querySelector(selector), wrap = name.closest(".wrap");
        for (let one = name.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
        wrap.scrollLeft = 10000;
        const [inner, outer] = [name.getBoundingClientRect(), wrap.getBoundingClientRect()];
        const place = wrap.scrollWidth > wrap.clientWidth ? inner.left - outer.left : 0;
        return [place, inner.width / outer.width, outer.width];
    }"""
    for width in (390, 1000, 1400, 2400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for selector in ("table.leaderboard tbody .name", "#sensitivity tbody th", ".agreement tbody th"):
            left, share, room = page.evaluate(script, selector)
            assert 0 <= left <= 2
            assert share < 0.5
            assert room > 0.85 * width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_is_no_serious_obstacle_to_any_reader(open_page: Open, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra 'test')")
    page = open_page(color_scheme=scheme)
    page.click("form.tool summary")
    page.uncheck("input[name=variant][value=raw]")
    page.locator("th.name a").first.click()
    found = axe.Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in serious] == []


def test_the_keyboard_alone_is_enough(full_report: ReportModel, open_page: Open) -> None:
    page = open_page()

    def tab_to(wanted: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", wanted):
                return
        raise AssertionError(f"{wanted} is out of reach")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to("input[name=text]")
    page.keyboard.type("kmeans")
    page.wait_for_selector(".recomputed:not([hidden])")
    tab_to("form.tool button[type=reset]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".recomputed", state="hidden")
    tab_to("form.tool summary")
    page.keyboard.press("Enter")
    tab_to("input[name=algorithm]")
    page.keyboard.press("Space")
    page.wait_for_selector(".recomputed:not([hidden])")
    tab_to(".recomputed button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".recomputed", state="hidden")
    assert page.evaluate("document.activeElement.name") == "text"
    tab_to(HEAD.format("mean_rank"))
    page.keyboard.press("Enter")
    assert page.get_attribute("th[data-name='mean_rank']", "aria-sort") == "ascending"
    tab_to("th.name a")
    page.keyboard.press("Enter")
    page.locator("details.entry[open]").wait_for()


def test_a_board_by_score_ranks_by_the_chosen_parts_of_the_score(
    scored_reports: ReportModel, open_page: Open, render: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(scored_reports, "html"), encoding="utf-8")
    page = open_page(path)
    board = page.locator(".board").nth(1)
    assert board.locator("th[data-name='score']").count() == 1
    assert board.locator("th[data-name='mean_rank']").count() == 0
    board.locator("form.tool summary").click()
    offered = board.locator("input[name=metric]").evaluate_all("all => all.map(one => one.value)")
    assert set(offered) == {"silhouette", "davies_bouldin", "calinski_harabasz", "stability"}
    board.locator("input[name=metric][value=davies_bouldin]").uncheck()
    board.locator("input[data-part=calinski_harabasz]").fill("0")
    notice = board.locator(".recomputed:not([hidden])")
    notice.wait_for()
    assert "by silhouette + 0.5 times stability in standard, log1p; noise policy zero." in notice.inner_text()


def test_hostile_names_stay_text_in_the_browser(
    hostile_report: ReportModel, open_page: Open, render: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(hostile_report, "html"), encoding="utf-8")
    page = open_page(path)
    assert page.evaluate("document.scripts.length") == 2
    (variants,) = [board["entries"] for board in page.evaluate("clusterbench.boards")]
    assert [one["variant"] for one in variants] == [entry.variant for entry in entries_of(hostile_report)]
    page.click("form.tool summary")
    page.locator("input[name=variant]").first.uncheck()
    page.wait_for_selector(".recomputed:not([hidden])")
    page.locator("th[data-name='variant'] button").click()
    page.click(".recomputed button")
    page.wait_for_selector(".recomputed", state="hidden")
    page.fill("input[name=text]", "<script>alert(1)</script>")
    page.wait_for_selector(".recomputed:not([hidden])")
    assert len(names(page)) == len(entries_of(hostile_report))
    assert page.evaluate("document.scripts.length") == 2


def test_a_second_board_works_on_its_own(
    two_reports: ReportModel, open_page: Open, render: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(two_reports, "html"), encoding="utf-8")
    page = open_page(path)
    boards = page.locator(".board")
    assert boards.count() == 3
    boards.nth(1).locator("input[name=text]").fill("dbscan")
    page.wait_for_selector(".recomputed:not([hidden])")
    assert page.locator(".recomputed:not([hidden])").count() == 1
    boards.nth(0).locator("form.tool summary").click()
    boards.nth(0).locator("input[name=dataset]").first.uncheck()
    boards.nth(0).locator(".recomputed:not([hidden])").wait_for()
    assert page.locator(".recomputed:not([hidden])").count() == 2
    assert " on wine; noise policy" in boards.nth(0).locator(".recomputed").inner_text()
    assert " on " not in boards.nth(1).locator(".recomputed").inner_text()


def test_five_thousand_rows_sort_without_a_pause(
    mixed_run: StoredRun, open_page: Open, render: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusterbench.report.entry_details._MOST_DETAILS", 10)
    table = pd.concat([mixed_run.board.table.head(5).assign(variant=f"v{number}") for number in range(1000)])
    scores = np.random.default_rng(0).random(len(table))
    table = table.assign(**{"silhouette@log1p": scores, "control": np.arange(len(table)) % 5 == 4})
    nothing = mixed_run.board.sensitivity.iloc[:0]
    run = replace(mixed_run, board=replace(mixed_run.board, table=table.reset_index(drop=True), sensitivity=nothing))
    path = tmp_path / "index.html"
    path.write_text(render(build_report(run, figures=()), "html"), encoding="utf-8")
    page = open_page(path)
    assert page.inner_text("table.leaderboard caption").startswith(
        "Leaderboard of cards: 4000 contenders and 1000 controls, ranked."
    )
    script = """name => {
        const start = performance.now();
        document.querySelector(`th[data-name='${name}'] button`).click();
        document.body.getBoundingClientRect();
        return performance.now() - start;
    }"""
    # The best of three: other processes may hold the machine.
    sorted_by = ("mean_rank", "entry", "silhouette@log1p")
    took = {name: min(page.evaluate(script, name) for _ in range(3)) for name in sorted_by}
    assert max(took.values()) < 500, took
    highest = table["silhouette@log1p"].nlargest(600).round(3)
    assert column(page, "silhouette@log1p") == [f"{value:.3f}" for value in highest[: len(column(page, "rank"))]]
    page.eval_on_selector("div.wrap", "wrap => { wrap.scrollTop = wrap.scrollHeight }")
    page.locator("table.leaderboard tbody tr").nth(400).wait_for(state="attached")
    assert column(page, "silhouette@log1p") == [f"{value:.3f}" for value in highest[: len(column(page, "rank"))]]
