"""Text on one line, shortened, counted, listed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.text import counted, listed, printable, printable_lines, shortened


@given(st.text())
def test_printable_text_is_one_line_that_xml_takes_and_stays_itself(text: str) -> None:
    line = printable(text)
    assert all(character >= " " and character != "\x7f" for character in line)
    line.encode("utf-8")
    assert printable(line) == line
    assert all(printable(part) == part for part in printable_lines(text).replace("\t", "\n").split("\n"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\tb", "a b"),
        ("a\r\n\r\nb", "a b"),
        ("a\x00b\x85c", "a\ufffdb\ufffdc"),
        ("a\u2028b\u2029c", "a\ufffdb\ufffdc"),
        ("a\ud800b\uffff", "a\ufffdb\ufffd"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("Ünï–cödé 😀", "Ünï–cödé 😀"),
        (12, "12"),
        *((f"a{sign}b", "a\ufffdb") for sign in "\u061c\u200e\u200f\u202a\u202d\u202e\u2066\u2069"),
    ],
)
def test_controls_of_terminals_and_of_the_direction_of_writing_are_replaced(text: object, line: str) -> None:
    assert printable(text) == line


def test_lines_stay_lines_and_tabs_stay_tabs() -> None:
    assert printable_lines("a = 1\r\n\tb = '\u202e'\n") == "a = 1\n\tb = '\ufffd'\n"


@given(st.text(max_size=60), st.integers(3, 40))
def test_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = shortened(text, width)
    assert len(short) <= width
    assert (short[:1], short[-1:]) == (text[:1], text[-1:])


def test_numbers_have_their_noun_and_words_an_and() -> None:
    assert [counted(number, "entry", "entries") for number in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [listed(["a", "b", "c"], most=most) for most in (2, 3)] == ["a, b and 1 more", "a, b and c"]
