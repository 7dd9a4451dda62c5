"""The form in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .served import served


@pytest.fixture(scope="module")
def address(chromium: Any, bundle_folder) -> Iterator[str]:
    with served(bundle_folder) as running:
        yield running.address


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Any]:
    """A function that opens a page and, at the end, proves that it complained of nothing and asked for nothing."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_(path: str = "", **options: Any) -> Any:
        contexts.append(chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options)))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    # Chromium reports the status of the page with errors, and of the icon that no page has.
    assert [text for text in complaints if "422" not in text and "404" not in text] == []
    assert all(url.startswith(address) for url in requests)
    assert not any("?" in url for url in requests)


def follow(page: Any, text: str = "Find the segment") -> None:
    """Press a button or link and wait for the page that it opens."""
    with page.expect_navigation():
        page.click(f"text={text}")


def test_without_script_errors_keep_the_values_and_the_result_names_the_segment(open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.fill("[name=AGE]", "thirty")
    page.fill("[name=INCOME]", "800")
    follow(page)
    assert "without separators" in page.inner_text("[role=alert]")
    assert page.input_value("[name=AGE]") == "thirty"
    page.fill("[name=AGE]", "30")
    follow(page)
    assert page.inner_text("h1") == "Segment 2 · large"
    assert page.locator(".result tbody tr").count() == 2
    page.fill("[name=INCOME]", "0")
    follow(page)
    assert page.inner_text("h1") == "Segment 1 · small"


def test_a_required_field_is_asked_for_by_the_browser(open_page: Any) -> None:
    page = open_page()
    page.click("text=Find the segment")
    assert page.inner_text("h1") == "Which segment?"
    assert page.evaluate("document.activeElement.name") == "INCOME"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_narrow_window_and_have_no_serious_obstacle(open_page: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra 'test')")
    page = open_page(color_scheme=scheme, viewport={"width": 390, "height": 844})

    def check() -> None:
        serious = [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in axe.Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    check()
    for age in ("thirty", "30"):
        page.fill("[name=AGE]", age)
        page.fill("[name=INCOME]", "800")
        follow(page)
        check()
    follow(page, "JSON interface")
    check()


def test_form_and_result_print_on_one_sheet(open_page: Any) -> None:
    page = open_page()
    sheets = [page.pdf(prefer_css_page_size=True)]
    page.fill("[name=INCOME]", "800")
    follow(page)
    sheets.append(page.pdf(prefer_css_page_size=True))
    assert [one.count(b"/Type /Page\n") for one in sheets] == [1, 1]
    page.emulate_media(media="print")
    assert not page.is_visible("form")
    assert page.is_visible(".result table")
