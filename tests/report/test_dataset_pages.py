"""Many datasets: a main page of the board over all of them, and a page for each."""

from __future__ import annotations

import re
from html import unescape

import pytest

from clusterbench.report import all_formats, build_report

NAMES = ["a <b> & c", *(f"table {number}" for number in range(1, 13))]


@pytest.fixture(scope="module")
def pages(make_run) -> dict[str, str]:
    report = build_report(make_run(datasets=NAMES, variants=("raw",), seeds=(0,)), figures=())
    return dict(next(one for one in all_formats() if one.name == "html").render(report))


def test_thirteen_datasets_have_a_main_page_and_a_page_each(pages):
    assert next(iter(pages)) == "index.html"
    assert len(pages) == 14
    assert [len(re.findall(r"<table[^>]*leaderboard", page)) for page in pages.values()] == [1] * 14


def test_the_main_page_has_the_ranks_on_every_dataset_and_links_to_its_page(pages):
    main = pages["index.html"]
    links = dict(re.findall(r'<li><a href="(dataset-[^"]*)">([^<]*)</a>: [^<]', main))
    assert {file: unescape(name) for file, name in links.items()} == dict(zip(list(pages)[1:], NAMES, strict=True))
    assert "Rank of each entry on each dataset" in main
    assert all(len(page) < len(main) * 3 for page in pages.values())


def test_a_page_of_a_dataset_is_of_that_dataset_alone_and_leads_back(pages):
    page = pages["dataset-3-table-2.html"]
    assert "<h1>" in page
    assert "table 2" in page
    assert page.count("table 9") == 1  # in the citation of the run
    assert '<a href="index.html">All datasets</a>' in page


def test_twelve_datasets_share_one_page(make_run):
    report = build_report(make_run(datasets=NAMES[1:], variants=("raw",), seeds=(0,)), figures=())
    assert list(next(one for one in all_formats() if one.name == "html").render(report)) == ["index.html"]
