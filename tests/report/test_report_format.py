"""Numbers and names in print."""

from __future__ import annotations

import io
import json
import math

import pandas as pd
import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.report import latex, leaderboard_json, markdown, terminal_table
from clusterbench.report.figures.selection_of_figures import figures_of
from clusterbench.report.formats.html_page import render_page
from clusterbench.report.printed import (
    NOTHING,
    fixed,
    is_nothing,
    listing,
    readable,
    readable_lines,
    settings,
    share,
    shortened,
    significant,
    slug,
)
from clusterbench.report.report_entries import sections_of


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_fixed_reads_back_within_half_a_digit(value: float, decimals: int) -> None:
    assert abs(float(fixed(value, decimals)) - value) <= 0.5000001 * 10.0**-decimals
    assert fixed(value, decimals) != f"-{fixed(0.0, decimals)}"


@given(st.floats(1e-5, 1e9))
def test_significant_keeps_three_digits_without_an_exponent(value: float) -> None:
    text = significant(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NA, pd.NaT])
def test_what_is_missing_is_a_dash(nothing: object) -> None:
    assert is_nothing(nothing)
    assert fixed(nothing, 2) == significant(nothing) == share(nothing) == NOTHING  # type: ignore[arg-type]


def test_zero_is_not_missing() -> None:
    assert not is_nothing(0)
    assert (fixed(0, 2), significant(0.0), share(0.0)) == ("0.00", "0", "0.0 %")


@given(st.text())
def test_readable_text_is_one_line_that_xml_takes(text: str) -> None:
    found = readable(text)
    assert all(ch >= " " and ch != "\x7f" for ch in found)
    found.encode("utf-8")


TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("sign", TURNING, ids=ascii)
def test_no_name_turns_the_direction_of_writing(sign: str) -> None:
    assert readable(f"a{sign}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_lines_stay_lines_and_tabs_stay_tabs() -> None:
    assert readable_lines("a = 1\r\n\tb = '\u202e'\n") == "a = 1\n\tb = '\N{REPLACEMENT CHARACTER}'\n"


@given(st.text())
def test_readable_lines_are_readable(text: str) -> None:
    assert all(readable(line) == line for line in readable_lines(text).replace("\t", "\n").split("\n"))


def test_no_format_turns_the_direction_of_writing(make_run) -> None:
    def rename(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        for frame in (cells, scores):
            frame["algorithm"] = frame["algorithm"].replace("kmeans", f"k{TURNING}means")

    names = {"datasets": [f"wine{TURNING}"], "variants": [f"raw{TURNING}", "b"], "title": TURNING}
    run = make_run(**names, change=rename, toml=f'title = "{TURNING}"')
    out = io.StringIO()
    rich.console.Console(file=out, width=100).print(terminal_table(run))
    sections = sections_of(run)
    formats = {
        "page": render_page(run, sections, figures_of(run, sections)),
        "markdown": markdown(run),
        "latex": latex(run),
        "terminal": out.getvalue(),
    }
    for name, text in formats.items():
        assert [hex(ord(sign)) for sign in TURNING if sign in text] == [], name
    assert TURNING in json.loads(leaderboard_json(run))["title"]  # for programs, and exact


@given(st.text(max_size=60), st.integers(3, 40))
def test_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    found = shortened(text, width)
    assert len(found) <= width
    assert found[0:1] == text[0:1]
    assert found[-1:] == text[-1:]


def test_small_words() -> None:
    assert slug("(all) / Ünï 2") == "all-n-2"
    assert slug("!!!") == "x"
    assert settings('{"a": [1, 2], "b": "ward"}') == "a=[1, 2], b=ward"
    assert settings(None) == ""
    assert listing([]) == ""
    assert listing(["a", "b"]) == "a and b"
