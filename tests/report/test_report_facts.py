"""What a page says beside the leaderboard."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from clusterbench.report import html, markdown
from clusterbench.report.board_table import board_table
from clusterbench.report.closeup import Closeups
from clusterbench.report.entry_details import details_of
from clusterbench.report.facts import (
    Notice,
    counted,
    failure_table,
    field_of,
    mean_scores,
    notice_groups,
    notices,
    outcome_counts,
    refused_table,
    rejected_table,
    sensitivity_table,
)
from clusterbench.report.printed_rules import (
    declared_tables,
    environment,
    metric_table,
    rules,
    structure_table,
    variant_text,
)
from clusterbench.report.report_entries import sections_of
from clusterbench.results import Run
from clusterbench.results.structure_alerts import alerts


def test_outcomes_add_up(mixed_run: Run) -> None:
    assert outcome_counts(mixed_run) == "56 cells: 38 ok, 12 rejected, 4 failed, 2 timeout"


def test_one_thing_is_told_in_the_singular(make_run) -> None:
    def one_cell(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        cells.drop(cells.index[1:], inplace=True)  # noqa: PD002 - the fixture keeps its own frame

    run = make_run(seeds=(0,), bootstraps=0, change=one_cell)
    assert outcome_counts(run) == "1 cell: 1 ok"
    assert field_of(sections_of(run)[0].entries) == "1 contender"
    assert counted(2, "control") == "2 controls"


def test_the_board_is_of_contenders_and_controls(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    assert field_of(section.entries) == "5 contenders and 2 controls"
    assert "Leaderboard of cards: 5 contenders and 2 controls, ranked." in html(mixed_run)


def test_rejected_entries_are_those_of_the_leaderboard_with_their_reasons(mixed_run: Run) -> None:
    table = rejected_table(mixed_run)
    assert [row[4] for row in table.rows] == mixed_run.board.rejected["reason"].tolist()
    assert table.rows[-1][3:6] == ("failed", "ValueError: no core point", "eps=0.5")


def test_refused_labelings_are_counted_with_their_cuts(mixed_run: Run) -> None:
    table = refused_table(mixed_run)
    assert table.caption.startswith("12 of 56 labelings")
    assert [row[1:6] for row in table.rows] == [
        ("agglomerative (linkage=average)", variant, "rejected", "6", "k=2, k=3, k=4") for variant in ("raw", "log1p")
    ]


def test_failed_cells_are_grouped_by_reason(mixed_run: Run) -> None:
    table = failure_table(mixed_run)
    assert [row[:4] for row in table.rows] == [
        ("failed", "dbscan", "ValueError: no core point", "4"),
        ("timeout", "kmeans", "took longer than 5 s", "2"),
    ]


def test_sensitivity_holds_the_ranks_under_every_rule(mixed_run: Run) -> None:
    table = sensitivity_table(mixed_run, "cards", oracle=False)
    frame = mixed_run.board.sensitivity
    assert table.header[1:3] == ("Published", "without metric Silhouette")
    assert len(table.header) - 2 == len(frame[["kind", "what"]].drop_duplicates())
    first = frame[(frame["algorithm"] == "agglomerative") & (frame["variant"] == "log1p")]
    assert list(table.rows[0][2:]) == first["rank"].astype(str).tolist()
    (section,) = sections_of(mixed_run)
    assert [row[1] for row in table.rows] == [str(entry.rank) for entry in section.entries]


def test_a_part_is_announced_before_everything_else(make_run) -> None:
    run = make_run(seeds=(0,), selection="k=2,3", warnings=["cards: column a is constant"])
    found = notices(run)
    assert found[0].text.startswith("This is a part of the benchmark (k=2,3): a different leaderboard")
    assert Notice("column a is constant", "cards") in found


def test_serious_notices_come_first_and_the_others_by_dataset(make_run) -> None:
    run = make_run(datasets=("cards", "wine"), seeds=(0,), bootstraps=0)
    base = {"dip_pc1": {"p": 0.01}, "dip_distances": {"p": 0.01}}
    doubts = alerts({"wine": {**base, "champion_silhouette": 0.1, "permuted_silhouettes": [0.2]}})
    told = ("wine: a", "cards (oracle): b", "3 failed of 9 cells", "(all): c", *doubts, "wine: d")
    run = replace(run, board=replace(run.board, alerts=told))
    found = notices(run)
    assert [notice.serious for notice in found] == [True] + [False] * 5
    assert found[0].full_text.startswith("wine: no structure beyond the null")
    texts = ["3 failed of 9 cells", "all datasets: c", "cards: told the true k, b", "wine: a", "wine: d"]
    assert [notice.full_text for notice in found[1:]] == texts
    assert notice_groups(found[1:])[-1] == ("wine", ["a", "d"])
    page, text = html(run), markdown(run)
    assert page.index("Serious: there may be nothing to rank") < page.index("Read this first")
    assert text.count("> - **Serious:** wine: no structure") == 1
    calm = replace(run, board=replace(run.board, alerts=told[:4]))
    assert "Serious" not in html(calm)


def test_rules_state_gate_noise_weights_and_seeds(mixed_run: Run) -> None:
    found = dict(rules(mixed_run))
    assert found["Reference spaces"].startswith("standard and log1p;")
    assert "at least 10 rows and 1.0 %; the largest at most 95.0 %; noise at most 30.0 %" in found["Gate"]
    assert found["Noise policy"].startswith("zero: rows labelled noise contribute 0")
    assert found["Family weights"] == "separation 1"
    assert found["Seeds"] == "0, 1"


def test_metrics_tell_formula_range_direction_and_caveat(mixed_run: Run) -> None:
    table = metric_table(mixed_run)
    found = {row[0]: row for row in table.rows}
    assert found["Davies-Bouldin"][2] == "0 to ∞, lower is better"
    assert found["Silhouette"][2] == "-1 to 1, higher is better"
    assert all(all(row) for row in table.rows)


def test_stability_stands_among_the_metrics_and_has_its_weight(full_run: Run, mixed_run: Run) -> None:
    found = {row[0]: row for row in metric_table(full_run).rows}
    assert "mean over 10 resamples of the adjusted Rand index" in found["Stability"][1]
    assert found["Stability"][2:5:2] == ("-0.5 to 1, higher is better", "yes, family stability of weight 1")
    assert dict(rules(full_run))["Family weights"] == "separation 1, stability 1"
    assert "Stability" not in {row[0] for row in metric_table(mixed_run).rows}
    assert "Stability" not in dict(rules(mixed_run))


def test_chance_and_certainty_are_explained_with_the_counts_of_the_plan(full_run: Run, make_run) -> None:
    found = dict(rules(full_run))
    assert "50 from random centroids and up to 50 by random nearest-neighbour growth" in found["Random partitions"]
    assert found["Stability"].startswith("every entry is fitted again to 10 resamples")
    assert found["Bootstrap"].startswith("50 draws of rows and seeds")
    assert "widened to hold the published rank" in found["Bootstrap"]
    assert "central 90 % of the differences" in found["Tie letters"]
    bare = make_run(seeds=(0,), bootstraps=0)
    bare.plan["ranking"] |= {"bootstraps": 0, "random_partitions": 0}
    assert dict(rules(bare))["Bootstrap"].startswith("none")
    assert not {"Random partitions", "Tie letters"} & set(dict(rules(bare)))


def test_a_metric_that_is_only_shown_is_listed_as_such(make_run) -> None:
    run = make_run(seeds=(0,))
    extra = run.scores[run.scores["metric"] == "silhouette"].assign(metric="silhouette_macro")
    scores = pd.concat([run.scores, extra], ignore_index=True)
    more = Run(run.name, run.plan, run.manifest, run.cells, scores, run.board)
    assert {row[0]: row[4] for row in metric_table(more).rows}["Silhouette (macro)"] == "no, shown only"


def test_what_took_part_is_declared(mixed_run: Run) -> None:
    datasets, variants, algorithms = declared_tables(mixed_run)
    assert datasets.rows[0][:3] == ("cards", "1000", "2")
    assert variants.rows[1] == ("log1p", "median impute > standardize")
    assert {row[0]: row[3] for row in algorithms.rows}["agglomerative"] == "linkage=ward; linkage=average"


def test_a_variant_of_another_version_is_shown_as_it_was_stored(make_run) -> None:
    run = make_run(seeds=(0,))
    run.plan["variants"]["old"] = [{"step": "forgotten", "a": 1}]
    assert variant_text(run, "old") == "step=forgotten, a=1"
    assert variant_text(run, "none") == "–"


def test_the_environment_is_the_whole_manifest(mixed_run: Run) -> None:
    found = dict(environment(mixed_run))
    assert found["packages.numpy"] == "1.26.4"
    assert found["git.dirty"] == "true"
    assert found["limits.seconds"] == "none"
    assert found["seeds"] == "0, 1"


def test_structure_is_told_where_it_was_tested(make_run, mixed_run: Run) -> None:
    dip = {"dip": 0.0123456, "p": 0.5, "n": 1000}
    tested = {"dip_pc1": dip, "dip_distances": dip, "champion": 3.14159, "permuted": [1.0, None, 2.5]}
    tested |= {"champion_silhouette": 0.4321, "permuted_silhouettes": [None, 0.1]}
    run = make_run(seeds=(0,), structure={"cards": tested})
    dips = ("0.0123 (p = 0.500)", "0.0123 (p = 0.500)")
    assert structure_table(run).rows == (("cards", *dips, "0.432", "0.100", "3.14", "2.50"),)
    assert "Is there structure at all?" in markdown(run)
    assert structure_table(mixed_run).rows == ()


def test_a_missing_score_has_no_mean_but_a_reason() -> None:
    rows = [("silhouette", "own", 0.2, ""), ("silhouette", "own", 0.4, ""), ("silhouette", "log1p", 0.2, "")]
    rows.append(("silhouette", "log1p", math.nan, "one cluster"))
    found = mean_scores(pd.DataFrame(rows, columns=["metric", "space", "value", "reason"]))
    assert found["silhouette", "own"] == (pytest.approx(0.3), "")
    assert math.isnan(found["silhouette", "log1p"][0])
    assert found["silhouette", "log1p"][1] == "one cluster"


def test_details_tell_seeds_scores_warnings_and_commands(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    table = board_table(mixed_run, section)
    found = {details.entry.label: details for details in details_of(mixed_run, table, Closeups.of(mixed_run))}
    kmeans = found["kmeans · log1p · k=3"]
    assert [row[0] for row in kmeans.seeds.rows] == ["0", "1"]
    assert kmeans.messages == ("ConvergenceWarning: did not converge",)
    assert dict(kmeans.facts)["Parameters"] == '{"n_init": 10}'
    assert "so it is at home there" in dict(kmeans.facts)["Optimises"]
    assert kmeans.scores.header == ("Metric", "own space, not ranked", "standard", "log1p")
    row = mixed_run.board.table.loc[[e.label == kmeans.entry.label for e in section.entries]].iloc[0]
    assert kmeans.scores.rows[0] == (
        "Silhouette",
        *(f"{row[f'silhouette@{space}']:.4f}" for space in ("own", "standard", "log1p")),
    )
    assert kmeans.commands[0] == "clusterbench reproduce cards/kmeans/log1p/3 demo"
    assert kmeans.commands[1].endswith(" --only k=3 --results again --reports again")
    assert kmeans.commands[2] == f"clusterbench labels {row['labels_sha256'][:12]}"
    commands = {label: details.commands[0] for label, details in found.items() if "agglomerative" in label}
    for label, command in commands.items():
        linkage = "ward" if "ward" in label else "average"
        assert f"/linkage={linkage} demo" in command


def test_the_commands_of_a_row_over_all_datasets_are_those_on_each(make_run) -> None:
    run = make_run(datasets=["cards", "-my wine"], seeds=(0,))
    section = sections_of(run)[0]
    first = details_of(run, board_table(run, section), Closeups.of(run))[0]
    assert section.overall
    row = first.entry.row
    for command, dataset in zip(sorted(first.commands[:2]), ("-- '-my wine/", "cards/"), strict=True):
        assert command.startswith(f"clusterbench reproduce {dataset}{row['algorithm']}/{row['variant']}/")
        assert command.endswith(" demo")


def test_a_ranked_entry_without_a_score_is_marked_and_says_why(make_run) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        lost = (scores["algorithm"] == "kmeans") & (scores["metric"] == "davies_bouldin") & (scores["space"] == "log1p")
        scores.loc[lost, "value"] = math.nan
        scores.loc[lost, "status"] = "undefined"
        scores.loc[lost, "reason"] = "coinciding centroids"

    run = make_run(change=change)
    (section,) = sections_of(run)
    entry = next(entry for entry in section.entries if entry.name == "kmeans")
    assert "incomplete" in entry.badges
    text = html(run)
    assert "davies_bouldin@log1p: coinciding centroids" in text
    assert "2 ranked entries lack a score" in text
