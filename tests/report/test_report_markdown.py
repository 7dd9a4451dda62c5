"""Markdown: the same numbers as the leaderboard, and names that stay names."""

from __future__ import annotations

import re

import pytest

from clusterbench.report import markdown
from clusterbench.report.board_table import board_table
from clusterbench.report.formats.markdown_text import escaped
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run

BAR = re.compile(r"(?<!\\)\|")


def tables(text: str) -> list[list[list[str]]]:
    """The fields of every table."""
    found: list[list[list[str]]] = []
    previous = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not previous.startswith("|"):
                found.append([])
            found[-1].append([field.strip() for field in BAR.split(line)[1:-1]])
        previous = line
    return found


@pytest.mark.parametrize("name", ["mixed_run", "rejected_run", "hostile_run"])
def test_every_row_has_as_many_fields_as_its_header(name: str, request: pytest.FixtureRequest) -> None:
    for table in tables(markdown(request.getfixturevalue(name))):
        assert {len(row) for row in table} == {len(table[0])}
        assert all(re.fullmatch(r"---:?", field) for field in table[1])


def test_the_numbers_are_those_of_the_leaderboard(mixed_run: Run) -> None:
    board = tables(markdown(mixed_run))[0]
    (section,) = sections_of(mixed_run)
    names = [heading.name for heading in board_table(mixed_run, section).headings]
    table = mixed_run.board.table
    assert len(board) - 2 == len(table)
    for name, decimals in (("rank", 0), ("mean_rank", 3), ("silhouette@standard", 3), ("calinski_harabasz@log1p", 1)):
        printed = [row[names.index(name)].rstrip("°") for row in board[2:]]
        assert printed == [f"{value:.{decimals}f}" for value in table[name]]
    assert [row[-1] for row in board[2:]].count("control") == 2


def test_hostile_text_is_escaped(hostile_run: Run) -> None:
    text = markdown(hostile_run)
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[x", text)
    assert "\x00" not in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert [line.split()[0] for line in headings] == ["#", *["##"] * (len(headings) - 1)]


def test_what_is_escaped_reads_back() -> None:
    text = r"a|b <i> *x* _y_ `c` [d](e) \ & $z$ ~~s~~ # h"
    assert re.sub(r"\\(.)", r"\1", escaped(text)) == text


def test_it_holds_refusals_rules_and_surroundings(mixed_run: Run) -> None:
    text = markdown(mixed_run)
    assert text.startswith("# Demonstration\n\n**agglomerative on log1p with k = 2")
    for words in ("needs 10", "no core point", "## Methodology", "Rousseeuw 1987", "## Environment", "hdbscan"):
        assert words in text
    assert "](figures/heat-map.svg)" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_several_tables_have_a_board_each(make_run) -> None:
    text = markdown(make_run(datasets=["cards", "wine"], seeds=(0,)))
    assert re.findall(r"^### (.*)$", text, re.MULTILINE) == ["all datasets", "cards", "wine"]


def test_a_run_without_ranks_says_so(rejected_run: Run) -> None:
    assert "No entry could be ranked" in markdown(rejected_run)


def test_it_is_deterministic(mixed_run: Run) -> None:
    assert markdown(mixed_run) == markdown(mixed_run)
