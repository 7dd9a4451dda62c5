"""Numbers, names, LaTeX, Markdown and CSV: explicit cases, and laws that hold for any text."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.report.csv_text import field, guarded, to_csv
from clusterbench.report.formats.latex_table import tex
from clusterbench.report.formats.markdown_text import _rows, escaped
from clusterbench.report.page_data import script_json
from clusterbench.report.printed import (
    NOTHING,
    fixed,
    is_nothing,
    pairs,
    plain_value,
    readable,
    score_text,
    settings,
    share,
    shortened,
    significant,
    slug,
)

RAW_IN_LATEX = set("{}$&#%_~^\\")


def balance(source: str) -> int:
    """Return the depth of braces at the end of LaTeX source; an escaped brace is a character."""
    depth = 0
    for token in re.findall(r"\\.|[{}]", source, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    return depth


def cells_of(line: str) -> list[str]:
    """Split a row of a Markdown table as GitHub does: at bars that an odd number of backslashes does not escape."""
    found, current, escape = [], "", False
    for character in line:
        if character == "|" and not escape:
            found.append(current.strip())
            current = ""
            continue
        current += character
        escape = character == "\\" and not escape
    assert current == ""
    return found[1:]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0, 0, "0"),
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (2.5, 0, "2"),
        (-0.4, 0, "0"),
        (-0.6, 0, "-1"),
        (0.125, 2, "0.12"),
        (0.375, 2, "0.38"),
        (1e-12, 4, "0.0000"),
        (-1e-12, 4, "0.0000"),
        (123456789.0, 1, "123456789.0"),
        (1e15, 0, "1000000000000000"),
        (np.float64(0.24391), 4, "0.2439"),
        (np.int64(7), 2, "7.00"),
        (math.inf, 2, "inf"),
        (-math.inf, 2, "-inf"),
        (True, 1, "1.0"),
    ],
)
def test_fixed_of_every_kind_of_number(value: float, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text


@given(st.floats(-1e6, 1e6), st.integers(1, 5))
def test_fixed_rounds_as_exact_decimal_arithmetic_does(value: float, decimals: int) -> None:
    exact = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    assert Decimal(fixed(value, decimals)) == exact


@pytest.mark.parametrize(
    ("value", "reproducible", "text"),
    [
        (0.24391, 6, "0.2439"),
        (-0.00001, 6, "0.0000"),
        (0.24391, 4, "0.2439"),
        (0.24391, 3, "0.2"),
        (1948.6498, 1, "1948.6"),
        (None, 6, NOTHING),
        (math.nan, 1, NOTHING),
    ],
)
def test_a_score_has_four_decimals_or_one(value: float | None, reproducible: int, text: str) -> None:
    assert score_text(value, reproducible) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.0, 3, "1.00"),
        (999.4, 3, "999"),
        (1000.0, 3, "1000"),
        (0.1, 3, "0.100"),
        (0.00123456, 3, "0.00123"),
        (-12.3456, 3, "-12.3"),
        (12.3456, 2, "12"),
        (123456.789, 6, "123457"),
        (1e-12, 3, "0.000000000"),
        (0.0, 3, "0"),
        (math.inf, 3, "inf"),
        (5, 3, "5.00"),
    ],
)
def test_significant_of_every_size(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.0004, "0.0 %"), (0.0006, "0.1 %"), (1 / 3, "33.3 %"), (pd.NA, NOTHING)],
)
def test_a_share_is_in_percent_with_one_decimal(value: float, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, False, math.inf, [], {}, np.int64(0), np.bool_(False)])
def test_what_is_there_is_not_missing_however_empty(value: object) -> None:
    assert not is_nothing(value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\tb", "a b"),
        ("a\r\n\r\nb", "a b"),
        ("a\x00b", "a\ufffdb"),
        ("a\x85b", "a\ufffdb"),
        ("a\u2028b\u2029c", "a\ufffdb\ufffdc"),
        ("a\ud800b", "a\ufffdb"),
        ("a\uffffb", "a\ufffdb"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("Ünï–cödé 😀", "Ünï–cödé 😀"),
        (12, "12"),
        (None, "None"),
    ],
)
def test_readable_cases(text: object, found: str) -> None:
    assert readable(text) == found


@given(st.text())
def test_readable_twice_is_readable_once(text: str) -> None:
    assert readable(readable(text)) == readable(text)


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [("", 3, ""), ("abc", 3, "abc"), ("abcd", 3, "a…d"), ("abcdef", 4, "ab…f"), ("abcdef", 5, "ab…ef")],
)
def test_shortened_cases(text: str, width: int, found: str) -> None:
    assert shortened(text, width) == found


@given(st.text())
def test_a_slug_is_a_safe_file_name_and_stays_itself(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ward", "ward"),
        ("", ""),
        (10, "10"),
        (0.5, "0.5"),
        (True, "true"),
        (None, "null"),
        ([1, "a"], '[1, "a"]'),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
    ],
)
def test_a_value_of_json_is_read_aloud(value: object, text: str) -> None:
    assert plain_value(value) == text
    assert pairs({"x": value, "y": 1}) == f"x={text}, y=1"
    assert settings(json.dumps({"x": value})) == f"x={text}"


def test_settings_without_a_pair_or_a_text_are_empty() -> None:
    assert [settings(text) for text in ("{}", None, math.nan, pd.NA)] == ["", "", "", ""]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("", ""),
        ("kmeans", "kmeans"),
        ("a\\b", r"a\textbackslash{}b"),
        ("{x}", r"\{x\}"),
        ("$5 & #1", r"\$5 \& \#1"),
        ("x_1^2~y", r"x\_1\textasciicircum{}2\textasciitilde{}y"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("\"'`", r"\textquotedblright{}\textquotesingle{}\textasciigrave{}"),
        ("1 – 3", "1 -- 3"),
        ("--", "-{}-"),
        ("Silhouette ↑", r"Silhouette $\uparrow$"),
        ("a · 3°", r"a \textperiodcentered{} 3\textdegree{}"),
        ("a\nb", "a b"),
        ("\x00", "?"),
        ("a\u202eb", "a?b"),
        ("a…b", r"a\textellipsis{}b"),
        ("é", "é"),
    ],
)
def test_latex_of_every_special_character(text: str, source: str) -> None:
    assert tex(text) == source


@given(st.text(alphabet=st.sampled_from("\\{}$&#%_~^<>|\"'`–·↑↓°-\n\x00aé"), max_size=30))
def test_latex_of_any_text_has_balanced_braces_and_no_raw_special(text: str) -> None:
    source = tex(text)
    assert balance(source) == 0
    rest = re.sub(r"\\text[a-z]+\{\}|\\[{}$&#%_]|\$\\(?:up|down)arrow\$|\{\}", "", source)
    assert not set(rest) & RAW_IN_LATEX
    assert "\n" not in source


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5), st.lists(st.text(max_size=12), min_size=5, max_size=5))
def test_a_markdown_table_keeps_its_columns_whatever_the_text(header: list[str], row: list[str]) -> None:
    row = row[: len(header)]
    lines = _rows(header, [True] * len(header), [row])
    assert lines[-1] == ""
    assert [len(cells_of(line)) for line in lines[:-1]] == [len(header)] * 3
    read = [re.sub(r"\\([\\`*_\[\]<>#|~$&])", r"\1", cell) for cell in cells_of(lines[2])]
    assert read == [readable(text).strip() for text in row]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("**bold**", r"\*\*bold\*\*"),
        ("snake_case", r"snake\_case"),
        ("a\nb\r\nc", "a b c"),
        ("[x](y)", r"\[x\](y)"),
        ("![x](y)", r"!\[x\](y)"),
        ("&lt;", r"\&lt;"),
        ("# h", r"\# h"),
        ("`c`", r"\`c\`"),
        ("$a$ ~b~", r"\$a\$ \~b\~"),
        ("1.5 – 2", "1.5 – 2"),
    ],
)
def test_markdown_of_every_special_character(text: str, source: str) -> None:
    assert escaped(text) == source


@pytest.mark.parametrize("numeric", [(True, False), (False, True)])
def test_columns_of_numbers_stand_at_the_right(numeric: tuple[bool, bool]) -> None:
    _, rule, *_ = _rows(["a", "b"], numeric, [])
    assert cells_of(rule) == ["---:" if right else "---" for right in numeric]


@given(st.sampled_from("=+-@\t\r"), st.text(max_size=10))
def test_text_like_a_formula_is_guarded_by_one_apostrophe(start: str, rest: str) -> None:
    text = start + rest
    assert guarded(text) == f"'{text}"
    ((found,),) = csv.reader(io.StringIO(field(text) + "\r\n", newline=""))
    assert found == f"'{text}"


@given(st.text(max_size=20).filter(lambda text: text != "" and not text.startswith(tuple("=+-@\t\r"))))
def test_safe_text_reads_back_as_it_was(text: str) -> None:
    assert guarded(text) == text
    ((found, end),) = csv.reader(io.StringIO(f"{field(text)},1\n", newline=""))
    assert (found, end) == (text, "1")


@given(st.integers(-(2**62), 2**62))
def test_whole_numbers_are_never_guarded(value: int) -> None:
    assert field(value) == field(np.int64(value)) == str(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1, "-1"),
        (-0.0, "-0.0"),
        (-1e-300, "-1e-300"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (np.float32(0.5), "0.5"),
        ("-1", "'-1"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("=a,b", '"\'=a,b"'),
        ("a\nb", '"a\nb"'),
        ("true", "true"),
        (True, "true"),
        (np.bool_(False), "false"),
        ([3, 2], '"[3, 2]"'),
        ("", ""),
        (pd.NaT, ""),
    ],
)
def test_one_value_as_a_field_of_csv(value: object, text: str) -> None:
    assert field(value) == text


def test_pandas_reads_a_table_back_with_its_types() -> None:
    frame = pd.DataFrame({"name": ["a,b", 'c"d'], "x": [0.1, np.nan], "n": [-3, 4], "yes": [True, False]})
    text = to_csv(list(frame.columns), [frame[name].tolist() for name in frame.columns])
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(text)), frame, check_dtype=False)
    assert to_csv(["a", "b"], [[], []]) == "a,b\n"


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("</script>", r'"\u003c/script\u003e"'),
        ("<!--", r'"\u003c!--"'),
        ("\u2028\u2029", r'"\u2028\u2029"'),
        ("&amp;", r'"\u0026amp;"'),
        ("é😀", r'"\u00e9\ud83d\ude00"'),
        ({"a": [1, None, 0.5, True]}, '{"a":[1,null,0.5,true]}'),
    ],
)
def test_json_in_a_script_escapes_what_could_end_it(value: object, source: str) -> None:
    assert script_json(value) == source
    assert json.loads(source) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_json_in_a_script_refuses_numbers_that_json_does_not_know(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(value)


@pytest.mark.parametrize("text", ["a---b", "----", "--", "-", "a-b--c---"])
def test_no_hyphens_of_a_name_join_to_a_dash_in_latex(text):
    printed = tex(text)
    assert "--" not in printed
    assert printed.replace("{}", "") == text
