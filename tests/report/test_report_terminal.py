"""The table at the end of a run."""

from __future__ import annotations

import dataclasses
import io

import pandas as pd
import pytest

from clusterbench.ranking import KPolicy
from clusterbench.report import ReportModel, build_report, terminal_table
from clusterbench.results import StoredRun


def printed(report: ReportModel, width: int = 100, **options: int) -> list[str]:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(terminal_table(report, **options))
    return out.getvalue().splitlines()


def bare(run: StoredRun) -> ReportModel:
    """The report of a run without its figures."""
    return build_report(run, figures=())


@pytest.mark.parametrize("name", ["mixed_report", "rejected_report", "hostile_report"])
def test_it_fits_100_columns(name: str, request: pytest.FixtureRequest) -> None:
    lines = printed(request.getfixturevalue(name))
    assert max(map(len, lines)) <= 100


def test_it_shows_rank_range_letter_name_scores_and_time(mixed_report: ReportModel) -> None:
    lines = printed(mixed_report)
    assert next(line.split() for line in lines if "Sil↑" in line) == ["mean", "Sil↑", "DB↓", "CH↑"]
    first = mixed_report.run.board.table.iloc[0]
    row = next(line.split() for line in lines if " (ward)" in line)
    assert row[:3] == ["1", "–", first["tie"]]  # no draws, so no range
    for name in ("silhouette@standard", "davies_bouldin@standard"):
        assert f"{first[name]:.3f}" in row
    assert f"{first['mean_rank']:.3f}" in row
    assert any(line.split()[0].endswith("c") for line in lines if "random_labels" in line)


def test_the_caption_explains_the_short_names_and_the_space(mixed_report: ReportModel) -> None:
    lines = [line.strip() for line in printed(mixed_report)]
    assert "Sil↑ silhouette, DB↓ Davies-Bouldin, CH↑ Calinski-Harabasz in the reference space standard" in lines
    assert any("c: a control, a deliberately trivial method" in line for line in lines)


def test_letters_that_do_not_fit_are_marked_as_cut(make_run) -> None:
    run = make_run(seeds=(0,))
    tied = dataclasses.replace(run, board=dataclasses.replace(run.board, table=run.board.table.assign(tie="abcde")))
    assert {row[2] for row in (line.split() for line in printed(bare(tied))) if row and row[0] == "1"} == {"abc…"}


def test_a_board_by_score_shows_the_score_in_place_of_the_mean_rank(scored_reports: ReportModel) -> None:
    lines = printed(scored_reports)
    assert any("score" in line for line in lines)
    assert not any("mean" in line.split() for line in lines)
    first = scored_reports.run.board.table.iloc[0]
    row = next(line.split() for line in lines if line.split()[:1] == ["1"])
    assert row[1:3] == [f"{first['rank_low']}-{first['rank_high']}", first["tie"][:4]]
    assert f"{first['score']:.3f}" in row


def test_top_limits_the_rows_and_says_so(mixed_report: ReportModel) -> None:
    lines = printed(mixed_report, top=2)
    assert not any("dbscan" in line for line in lines)
    assert "the first 2 of 7 entries" in lines[-1]


def test_the_policy_follows_k_where_there_are_several(make_run, mixed_report: ReportModel) -> None:
    run = make_run(seeds=(0,))
    table = run.board.table
    twice = pd.concat([table, table.assign(k_policy="calibrated")], ignore_index=True)
    policies = (KPolicy.SILHOUETTE, KPolicy.CALIBRATED)
    ranking = dataclasses.replace(run.record.ranking, k_policies=policies)
    record = dataclasses.replace(run.record, ranking=ranking)
    run = dataclasses.replace(run, record=record, board=dataclasses.replace(run.board, table=twice))
    lines = printed(bare(run), top=20)
    rows = [line.split() for line in lines if " (ward)" in line and " raw " in line]
    assert sorted(row[row.index("raw") + 2] for row in rows) == ["cal", "sil"]
    assert max(map(len, lines)) <= 100
    assert not any(" sil " in line for line in printed(mixed_report))


def test_several_tables_are_announced(make_run) -> None:
    assert (
        "2 more boards in the report"
        in printed(bare(make_run(datasets=["cards", "wine"], seeds=(0,), bootstraps=0)))[-1]
    )


def test_without_ranks_it_says_so(rejected_report: ReportModel) -> None:
    assert any("No entry could be ranked" in line for line in printed(rejected_report))


def test_markup_in_names_is_text(make_run) -> None:
    lines = printed(bare(make_run(variants=["[b]x[/b]"], seeds=(0,), bootstraps=0, title="[red]T[/red]")))
    assert "[red]T[/red]" in lines[0]
    assert any("[b]x" in line for line in lines)


def _long(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
    for frame in (cells, scores):
        frame["algorithm"] = frame["algorithm"].where(frame["algorithm"] != "kmeans", "k" * 70)


@pytest.mark.parametrize("variants", [("raw", "log1p"), ("ü–v", "x y")])
@pytest.mark.parametrize("width", [100, 300])
def test_long_titles_and_algorithms_are_shortened_and_no_field_is_lost(
    make_run, variants: tuple[str, str], width: int
) -> None:
    run = make_run(variants=variants, seeds=(0,), bootstraps=0, title="T" * 300, change=_long)
    lines = [line.rstrip() for line in printed(bare(run), width)]
    assert max(map(len, lines)) <= 100
    found = [line for line in lines if "kkk…kkk" in line]
    mine = run.board.table[run.board.table["algorithm"] == "k" * 70].to_dict("records")
    assert len(found) == len(mine)
    for line, row in zip(found, mine, strict=True):
        assert line.split()[0] == str(row["rank"])
        assert f" {row['variant']} " in line
        assert f" {int(row['k'])} " in line
        for name in ("silhouette@standard", "davies_bouldin@standard"):
            assert f" {row[name]:.3f} " in line
        assert f" {row['mean_rank']:.3f} " in line
