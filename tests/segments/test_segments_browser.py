"""The summary and the dashboard in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterbench.segments import Segmentation, describe, write_parts


@pytest.fixture(scope="module")
def folder(planted: Segmentation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("segments")
    write_parts(describe(planted), folder)
    return folder


@pytest.fixture
def open_page(chromium: Any, folder: Path) -> Iterator[Any]:
    """A function that opens a page and, at the end, proves that it complained of nothing and asked for nothing."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_(file: str, **options: Any) -> Any:
        contexts.append(chromium.new_context(viewport={"width": 1300, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((folder / file).as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in requests)


def test_the_summary_prints_on_one_sheet(open_page: Any) -> None:
    printed = open_page("summary.html").pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1


@pytest.mark.parametrize("file", ["summary.html", "dashboard.html"])
def test_pages_fit_a_narrow_window_and_have_no_serious_obstacle(open_page: Any, file: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra 'test')")
    for scheme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page = open_page(file, color_scheme=scheme)
        found = axe.Axe().run(page, options=options).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in serious] == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_script_picture_and_tables_are_shown_and_no_control(open_page: Any) -> None:
    page = open_page("dashboard.html", java_script_enabled=False)
    assert page.locator("#plane svg path").count() == 3
    assert page.locator("table.heat tbody tr").count() == 3
    assert not page.is_visible("form.tool")


def test_other_axes_draw_another_picture(open_page: Any) -> None:
    page = open_page("dashboard.html")
    before = page.inner_html("#plane svg")
    page.select_option("select[name=x]", label="SALES")
    page.select_option("select[name=y]", label="AREA")
    assert "Across: SALES; up: AREA." in page.inner_text("#plane figcaption")
    assert page.inner_html("#plane svg") != before
    assert page.locator("#plane svg text").all_text_contents() == ["1", "2", "3"]


def test_without_webgl_the_page_says_so(open_page: Any) -> None:
    pytest.importorskip("plotly")
    page = open_page("dashboard.html")
    page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    page.click("#show")
    assert "no WebGL" in page.inner_text("#message")
    assert page.is_visible("#plane svg")


def test_three_dimensions_are_drawn_and_follow_the_axes(open_page: Any) -> None:
    pytest.importorskip("plotly")
    page = open_page("dashboard.html")
    page.click("#show")
    page.locator("#space canvas").first.wait_for()
    page.wait_for_function("document.getElementById('space').data.length === 3")
    assert page.inner_text("#message") == ""
    page.select_option("select[name=z]", label="AREA")
    page.wait_for_function("document.getElementById('space').layout.scene.zaxis.title.text === 'AREA'")
    names = page.evaluate("document.getElementById('space').data.map(one => one.name)")
    assert names == ["1 · low SALES", "2 · high SALES, low VISITS", "3 · high SALES, high VISITS"]


def test_without_rows_the_means_are_drawn(open_page: Any, planted: Segmentation, folder: Path) -> None:
    write_parts(describe(planted, with_rows=False), folder / "shared")
    page = open_page("shared/dashboard.html")
    assert page.locator("#plane svg circle").count() == 3
    page.select_option("select[name=x]", label="AREA")
    assert page.locator("#plane svg circle").count() == 3
    assert "single rows are left out" in page.inner_text("#plane figcaption")
    assert "shop-" not in page.content()
