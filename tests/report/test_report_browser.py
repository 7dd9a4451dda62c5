"""The page in a browser: it renders, sorts, filters, ranks again, opens, prints, and asks for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.report import Entry, ReportModel, build_report
from clusterbench.results import StoredRun

HEAD = "th[data-name='{}'] button"
NOT_PUBLISHED = "This is not the published ranking"
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
    assert set(watched.requests) - {"about:blank"} == {url for _, url in opened}


def entries_of(report: ReportModel) -> tuple[Entry, ...]:
    (board,) = report.boards
    return board.board.entries


def names(page: Any) -> list[str]:
    """Anchors of the rows that are shown, in their order."""
    script = "links => links.map(link => link.getAttribute('href').slice(1))"
    return list(page.eval_on_selector_all("table.leaderboard tbody th.name a", script))


def in_bands(entries: Iterable[Entry]) -> list[str]:
    """Anchors of entries, contenders first, then controls."""
    return [entry.anchor for entry in sorted(entries, key=lambda entry: entry.control)]


def column(page: Any, name: str) -> list[str]:
    """What the rows show in a column: their numbers, the parts of each joined by a space, or their text."""
    script = """(rows, name) => {
        const place = document.querySelector(`th[data-name='${name}']`).cellIndex;
        return rows.map(row => [...row.cells[place].querySelectorAll("data, small, td > span")])
            .map(parts => parts.map(part => part.textContent).join(" "));
    }"""
    return list(page.eval_on_selector_all("table.leaderboard tbody tr:not(.band)", script, name))


def open_drawers(page: Any) -> None:
    """Open what the form folds: filter, columns, what ranks are made by."""
    page.eval_on_selector_all("form.tool details", "all => { for (const one of all) one.open = true; }")


def test_the_page_renders(full_report: ReportModel, open_page: Open) -> None:
    page = open_page()
    assert names(page) == in_bands(entries_of(full_report))
    assert page.is_visible("form.tool")
    assert not page.is_visible(".recomputed")
    for picture in page.query_selector_all("figure svg"):
        if picture.is_visible():
            assert picture.bounding_box()["width"] > 200


def test_without_script_all_is_readable_and_no_control_is_shown(full_report: ReportModel, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("table.leaderboard tbody tr:not(.band)").count() == len(entries_of(full_report))
    assert not page.is_visible("form.tool")
    assert not page.is_visible(".recomputed")
    assert page.locator("th button").count() == 0
    page.locator("details.entry summary").first.click()
    assert page.locator("details.entry[open] svg.view").is_visible()


def test_every_column_sorts_both_ways_in_both_bands(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    table = full_report.boards[0].table
    controls = {entry.anchor: entry.control for entry in entries}
    for name in ("rank", "entry", "k", "mean_rank", "silhouette", "davies_bouldin"):
        places = [at for at, heading in enumerate(table.headings) if heading.name.partition("@")[0] == name]
        keys: dict[str, Any] = {}
        for entry, row in table.rows:
            values = [float(row[place].exact) for place in places if row[place].exact]
            keys[entry.anchor] = f"{entry.name} {entry.variant}" if name == "entry" else float(np.mean(values))
        head = page.locator(f"th[data-name='{name}']")
        seen = []
        for _ in range(2):
            head.locator("button").click()
            seen.append(head.get_attribute("aria-sort"))
            expected = sorted(controls, key=lambda anchor: keys[anchor], reverse=seen[-1] == "descending")
            assert names(page) == sorted(expected, key=lambda anchor: controls[anchor])
        assert sorted(seen) == ["ascending", "descending"]
        assert page.locator("th[aria-sort]").count() == 1
        if name == "silhouette":
            assert seen[0] == "descending"  # the highest is what a reader looks for
        assert seen[1] in page.inner_text(".said")


def test_a_search_only_filters_and_the_switch_ranks_again_beside_the_published_rank(
    full_report: ReportModel, open_page: Open
) -> None:
    page, entries = open_page(), entries_of(full_report)
    published = page.inner_html("table.leaderboard")
    page.fill("input[name=text]", "KMEANS log1p")
    page.locator(".count", has_text="1 of").wait_for()
    (shown,) = [entry for entry in entries if entry.name == "kmeans" and entry.variant == "log1p"]
    assert names(page) == [shown.anchor]
    assert column(page, "rank") == [f"{shown.rank} {shown.interval}"]
    assert not page.is_visible(".recomputed")
    assert page.inner_text(".count") == f"1 of {len(entries)} entries"
    page.check("input[name=again]")
    page.wait_for_selector(".recomputed:not([hidden])")
    assert column(page, "rank") == [f"1 published {shown.rank}"]
    assert f"{NOT_PUBLISHED}: 1 of {len(entries)} entries" in page.inner_text(".recomputed")
    page.fill("input[name=text]", "no such thing")
    page.locator(".recomputed", has_text="No entry matches").wait_for()
    page.locator(HEAD.format("k")).click()
    page.click("form.tool button[type=reset]")
    page.wait_for_selector(".recomputed", state="hidden")
    assert page.inner_html("table.leaderboard") == published
    assert page.inner_text(".said") == "This is the published ranking."


def test_another_choice_ranks_again_and_can_be_taken_back(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    before = page.inner_html("table.leaderboard tbody")
    open_drawers(page)
    page.check("input[name=again]")
    page.uncheck("input[name=algorithm][value=kmeans]")
    page.uncheck("input[name=space][value=standard]")
    page.uncheck("input[name=metric][value=stability]")
    page.fill("input[data-part=separation]", "2.5")
    page.select_option("select[name=policy]", "nearest")
    page.locator(".recomputed", has_text="noise policy nearest").wait_for()
    kept = [entry for entry in entries if entry.name != "kmeans"]
    assert set(names(page)) == {entry.anchor for entry in kept}
    ranks = [int(rank.split()[0]) for rank in column(page, "rank")][: sum(not entry.control for entry in kept)]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    (board,) = page.evaluate("clusterbench.boards")
    noisy = next(place for place, entry in enumerate(entries) if entry.n_noise)
    moved = board["other"]["nearest"][str(noisy)]
    assert moved != board["values"][noisy]
    at = names(page).index(entries[noisy].anchor)
    assert column(page, "silhouette")[at] == f"{moved[0]:.3f} {moved[1]:.3f}"
    page.locator("form.tool button[type=reset]").click()
    page.wait_for_selector(".recomputed", state="hidden")
    assert page.inner_html("table.leaderboard tbody") == before


def test_the_view_is_in_the_address_and_comes_back_from_it(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    assert "#" not in page.url
    open_drawers(page)
    page.fill("input[name=text]", "raw")
    page.check("input[name=again]")
    page.check("input[name=column][value=peak_mb]")
    page.uncheck("input[name=space][value=standard]")
    page.locator(HEAD.format("fit_seconds")).click()
    page.locator("th.name a").first.click()
    page.locator("details.entry[open]").wait_for()
    page.wait_for_url("**open=*")
    shown, note, address = names(page), page.inner_text(".recomputed"), page.url
    page.goto("about:blank")
    page.goto(address)
    page.locator("details.entry[open]").wait_for()
    assert (names(page), page.inner_text(".recomputed")) == (shown, note)
    assert page.get_attribute("th[data-name='fit_seconds']", "aria-sort") == "ascending"
    assert page.is_visible("th[data-name='peak_mb']")
    page.locator("form.tool button[type=reset]").click()
    page.wait_for_selector(".recomputed", state="hidden")
    assert names(page) == in_bands(entries)
    assert not page.is_visible("th[data-name='peak_mb']")
    assert "sort" not in page.url


def test_the_notice_names_only_what_takes_part(full_report: ReportModel, open_page: Open) -> None:
    page = open_page()
    open_drawers(page)
    page.check("input[name=again]")
    page.fill("input[data-part=stability]", "0")
    rule = "Silhouette, Davies-Bouldin, Calinski-Harabasz (family separation, weight 1) in standard, log1p;"
    notice = page.locator(".recomputed", has_text=rule)
    notice.wait_for()
    assert "tability" not in notice.inner_text()
    page.fill("input[data-part=stability]", "2.5")
    page.locator(".recomputed", has_text="stability (family stability, weight 2.5) in").wait_for()
    page.fill("input[data-part=separation]", "0")
    page.fill("input[data-part=stability]", "0")
    page.locator(".recomputed", has_text="by nothing in standard, log1p; noise policy zero. Nothing is left").wait_for()
    page.locator("form.tool button[type=reset]").click()
    page.wait_for_selector(".recomputed", state="hidden")
    page.check("input[name=again]")
    page.wait_for_selector(".recomputed:not([hidden])")
    assert "weight" not in page.inner_text(".recomputed")  # as published


def test_another_noise_policy_changes_only_the_rows_with_noise(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    open_drawers(page)
    page.check("input[name=again]")
    page.wait_for_selector(".recomputed:not([hidden])")
    before = dict(zip(names(page), column(page, "calinski_harabasz"), strict=True))
    page.select_option("select[name=policy]", "nearest")
    page.locator(".recomputed", has_text="noise policy nearest").wait_for()
    after = dict(zip(names(page), column(page, "calinski_harabasz"), strict=True))
    changed = {anchor for anchor in before if before[anchor] != after[anchor]}
    assert changed == {entry.anchor for entry in entries if entry.n_noise}


def test_a_link_in_the_table_opens_the_entry(full_report: ReportModel, open_page: Open) -> None:
    page, entries = open_page(), entries_of(full_report)
    page.locator(f"th.name a[href='#{entries[2].anchor}']").click()
    opened = page.locator("details.entry[open]")
    assert opened.get_attribute("id") == entries[2].anchor
    assert opened.locator("svg.view").is_visible()
    text = opened.text_content()
    row = entries[2].row
    sha, target = row["labels_sha256"][:12], f"{row['dataset']}/{row['algorithm']}/{row['variant']}/"
    for words in (f"clusterbench reproduce {target}", "Silhouette in standard", "a pattern, in doubt", "adjusted Rand"):
        assert words in text
    page.locator("table.leaderboard caption a[href='#columns']").click()
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
    script = """([selector, start]) => {
        const name = document.querySelector(selector), wrap = name.closest(".wrap");
        for (let one = name.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
        wrap.scrollLeft = 10000;
        const [inner, outer] = [name.getBoundingClientRect(), wrap.getBoundingClientRect()];
        const place = wrap.scrollWidth > wrap.clientWidth ? inner.left - outer.left - start : 0;
        return [place, inner.width / outer.width, outer.width];
    }"""
    for width in (390, 1000, 1400, 2400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        rank = page.locator("table.leaderboard td.rank").first.bounding_box()["width"]
        for selector, start in (
            ("table.leaderboard tbody .name", rank),
            ("#sensitivity tbody th", 0),
            (".agreement tbody th", 0),
        ):
            left, share, room = page.evaluate(script, [selector, start])
            assert 0 <= left <= 2
            assert share < 0.5
            assert room > 0.85 * width or selector != "table.leaderboard tbody .name"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["full_report", "two_reports"])
def test_axe_has_nothing_to_complain_of(
    request: pytest.FixtureRequest, open_page: Open, render: Any, tmp_path: Path, name: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra 'test')")
    path = tmp_path / "index.html"
    path.write_text(render(request.getfixturevalue(name), "html"), encoding="utf-8")
    page = open_page(path, color_scheme=scheme)
    if name == "full_report":
        page.eval_on_selector_all("details", "all => { for (const one of all) one.open = true; }")
        page.check("input[name=again]")
        page.eval_on_selector_all("input[name=column]", "all => { for (const one of all) one.checked = true; }")
        page.fill("input[name=text]", "a")
    violations = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in violations] == []


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
    page.locator(".count", has_text="2 of").wait_for()
    tab_to("form.tool summary")
    page.keyboard.press("Enter")
    tab_to("input[name=algorithm]")
    page.keyboard.press("Space")
    tab_to("input[name=again]")
    page.keyboard.press("Space")
    page.wait_for_selector(".recomputed:not([hidden])")
    tab_to("form.tool button[type=reset]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".recomputed", state="hidden")
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
    page.locator("[role=tab]").nth(1).click()
    board = page.locator(".board").nth(1)
    assert board.locator("th[data-name='score']").count() == 1
    assert board.locator("th[data-name='mean_rank']").count() == 0
    open_drawers(page)
    board.locator("input[name=again]").check()
    offered = board.locator("input[name=metric]").evaluate_all("all => all.map(one => one.value)")
    assert set(offered) == {"silhouette", "davies_bouldin", "calinski_harabasz", "stability"}
    board.locator("input[name=metric][value=davies_bouldin]").uncheck()
    board.locator("input[data-part=calinski_harabasz]").fill("0")
    rule = "by Silhouette + 0.5 times stability in standard, log1p; noise policy zero."
    board.locator(".recomputed", has_text=rule).wait_for()


def test_hostile_names_stay_text_in_the_browser(
    hostile_report: ReportModel, open_page: Open, render: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(hostile_report, "html"), encoding="utf-8")
    page = open_page(path)
    assert page.evaluate("document.scripts.length") == 2
    (variants,) = [board["entries"] for board in page.evaluate("clusterbench.boards")]
    assert [one["variant"] for one in variants] == [entry.variant for entry in entries_of(hostile_report)]
    open_drawers(page)
    page.locator("input[name=variant]").first.uncheck()
    page.locator(".count", has_text="0 of").wait_for()
    assert "%3Cscript%3E" in page.url
    page.reload()
    page.locator(".count", has_text="0 of").wait_for()
    page.click("form.tool button[type=reset]")
    page.locator(HEAD.format("entry")).click()
    page.fill("input[name=text]", "<script>alert(1)</script>")
    page.locator(".count", has_text="5 of").wait_for()
    assert len(names(page)) == len(entries_of(hostile_report))
    assert page.evaluate("document.scripts.length") == 2


def test_a_second_board_works_on_its_own(
    two_reports: ReportModel, open_page: Open, render: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(render(two_reports, "html"), encoding="utf-8")
    page = open_page(path)
    boards, tabs = page.locator(".board"), page.locator("[role=tab]")
    assert [boards.nth(place).is_visible() for place in range(3)] == [True, False, False]
    open_drawers(page)
    boards.nth(0).locator("input[name=dataset]").first.uncheck()
    boards.nth(0).locator("input[name=again]").check()
    boards.nth(0).locator(".recomputed", has_text=" on wine; noise policy").wait_for()
    tabs.nth(1).click()
    assert [boards.nth(place).is_visible() for place in range(3)] == [False, True, False]
    assert page.locator("#entries [data-of='2']").is_hidden()
    boards.nth(1).locator("input[name=again]").check()
    boards.nth(1).locator(".recomputed:not([hidden])").wait_for()
    assert " on " not in boards.nth(1).locator(".recomputed").inner_text()
    page.keyboard.press("Tab")
    tabs.nth(1).press("ArrowRight")
    assert tabs.nth(2).get_attribute("aria-selected") == "true"
    assert f"tab={boards.nth(2).get_attribute('id')}" in page.url
    page.reload()
    assert [boards.nth(place).is_visible() for place in range(3)] == [False, False, True]


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
    assert page.inner_text("table.leaderboard caption").startswith("4,000 contenders and 1,000 controls.")
    script = """name => {
        const start = performance.now();
        document.querySelector(`th[data-name='${name}'] button`).click();
        document.body.getBoundingClientRect();
        return performance.now() - start;
    }"""
    # The best of three: other processes may hold the machine.
    sorted_by = ("mean_rank", "entry", "silhouette")
    took = {name: min(page.evaluate(script, name) for _ in range(3)) for name in sorted_by}
    filtered = """word => new Promise(done => {
        const [box, count] = [document.querySelector("input[name=text]"), document.querySelector(".count")];
        const start = performance.now();
        new MutationObserver((_, observer) => {
            observer.disconnect();
            document.body.getBoundingClientRect();
            done(performance.now() - start);
        }).observe(count, { childList: true });
        box.value = word;
        box.dispatchEvent(new Event("input", { bubbles: true }));
    })"""
    took["filter"] = min(page.evaluate(filtered, word) for word in ("v1", "v2", ""))
    assert max(took.values()) < 500, took
    both = table.loc[~table["control"], ["silhouette@standard", "silhouette@log1p"]]
    best_first = both.iloc[np.argsort(-both.mean(axis=1).to_numpy(), kind="stable")[:600]]
    expected = [f"{one:.3f} {other:.3f}" for one, other in best_first.itertuples(index=False, name=None)]
    assert column(page, "silhouette") == expected[:100]
    page.eval_on_selector("div.wrap", "wrap => { wrap.scrollTop = wrap.scrollHeight }")
    page.locator("table.leaderboard tbody tr").nth(150).wait_for(state="attached")
    assert column(page, "silhouette") == expected[: len(column(page, "rank"))]
