"""The table at the end of a run."""

from __future__ import annotations

import dataclasses
import io

import pandas as pd
import pytest

from clusterbench.report import terminal_table
from clusterbench.report.formats.terminal_table import short_title
from clusterbench.results import Run


def printed(run: Run, **options: int) -> list[str]:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(terminal_table(run, **options))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("name", ["mixed_run", "rejected_run", "hostile_run"])
def test_it_fits_100_columns(name: str, request: pytest.FixtureRequest) -> None:
    lines = printed(request.getfixturevalue(name))
    assert max(map(len, lines)) <= 100


def test_it_shows_rank_range_letter_name_scores_and_time(mixed_run: Run) -> None:
    lines = printed(mixed_run)
    first = mixed_run.board.table.iloc[0]
    row = next(line.split() for line in lines if " (ward)" in line)
    assert row[:3] == ["1", f"{first['rank_low']}-{first['rank_high']}", first["tie"]]
    for name in ("silhouette@standard", "davies_bouldin@log1p"):
        assert f"{first[name]:.3f}" in row
    assert f"{first['calinski_harabasz@log1p']:.1f}" in row
    assert any(line.split()[0].endswith("c") for line in lines if "random_labels" in line)


def test_top_limits_the_rows_and_says_so(mixed_run: Run) -> None:
    lines = printed(mixed_run, top=2)
    assert not any("dbscan" in line for line in lines)
    assert "the first 2 of 7 entries" in lines[-1]


def test_the_policy_stands_behind_k_where_there_are_several(make_run, mixed_run: Run) -> None:
    run = make_run(seeds=(0,))
    table = run.board.table
    twice = pd.concat([table, table.assign(k_policy="calibrated")], ignore_index=True)
    run = dataclasses.replace(run, board=dataclasses.replace(run.board, table=twice))
    run.plan["ranking"] |= {"k_policies": ["silhouette", "calibrated"]}
    lines = printed(run, top=20)
    rows = [line.split() for line in lines if " (ward)" in line and " raw " in line]
    assert sorted(row[row.index("raw") + 2] for row in rows) == ["cal", "sil"]
    assert max(map(len, lines)) <= 100
    assert not any(" sil " in line for line in printed(mixed_run))


def test_several_tables_are_announced(make_run) -> None:
    assert "2 more boards in the report" in printed(make_run(datasets=["cards", "wine"], seeds=(0,)))[-1]


def test_without_ranks_it_says_so(rejected_run: Run) -> None:
    assert any("No entry could be ranked" in line for line in printed(rejected_run))


def test_markup_in_names_is_text(make_run) -> None:
    lines = printed(make_run(variants=["[b]x[/b]"], seeds=(0,), title="[red]T[/red]"))
    assert "[red]T[/red]" in lines[0]
    assert any("[b]x" in line for line in lines)


@pytest.mark.parametrize(
    ("title", "short"),
    [("Silhouette ↑", "Sil↑"), ("Silhouette (macro) ↑", "SM↑"), ("Calinski-Harabasz ↑", "CH↑")],
)
def test_short_titles(title: str, short: str) -> None:
    assert short_title(title) == short
