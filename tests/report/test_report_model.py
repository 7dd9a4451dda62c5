"""The report of a run: boards, details, notices and tables against the frames that they are built from."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import CENTROIDS, GROWTH, Direction, MetricFacts
from clusterbench.ranking import Alert, AlertKind
from clusterbench.report import Board, BoardReport, Entry, Notice, ReportModel, build_report
from clusterbench.results import StoredRun, VariantRecord
from clusterbench.running import Selection
from clusterbench.structure import ColumnDip, StructureFinding, TableFit
from clusterbench.tables import OVERALL
from clusterbench.trust import Coefficients, TrustEstimate

MakeRun = Callable[..., StoredRun]
REPORTS = ["mixed_report", "full_report", "two_reports", "hostile_report", "rejected_report"]
SCORES = [f"{m}@{s}" for m in ("silhouette", "davies_bouldin", "calinski_harabasz") for s in ("standard", "log1p")]


def bare(run: StoredRun) -> ReportModel:
    """The report of a run without its figures."""
    return build_report(run, figures=())


def one_board(report: ReportModel) -> BoardReport:
    (board,) = report.boards
    return board


@pytest.fixture(params=REPORTS)
def any_report(request: pytest.FixtureRequest) -> ReportModel:
    return request.getfixturevalue(request.param)


# --- entries ----------------------------------------------------------------------------------------------------------


def test_boards_hold_the_rows_of_the_leaderboard_in_order(mixed_report: ReportModel, two_reports: ReportModel) -> None:
    table = mixed_report.run.board.table
    entries = one_board(mixed_report).board.entries
    assert [entry.rank for entry in entries] == table["rank"].tolist()
    assert [entry.row["labels_sha256"] for entry in entries] == [e.cells[0].labels_sha256 for e in entries]
    boards = [report.board for report in two_reports.boards]
    assert [board.title for board in boards] == ["all datasets", "cards", "wine"]
    anchors = [entry.anchor for board in boards for entry in board.entries]
    assert len(set(anchors)) == len(anchors) == len(two_reports.run.board.table)
    for board in boards:
        assert len({entry.label for entry in board.entries}) == len(board.entries)


def test_names_carry_only_the_parameters_that_differ_and_sizes_add_up(mixed_report: ReportModel) -> None:
    entries = one_board(mixed_report).board.entries
    assert {e.name for e in entries} == {"agglomerative (linkage=ward)", "kmeans", "dbscan", "random_labels"}
    for entry in entries:
        assert entry.n_noise == (100 if entry.name == "dbscan" else 0)
        assert sum(entry.sizes) + entry.n_noise == 1000


def test_a_label_has_the_policy_where_k_was_chosen_in_several_ways(make_run: MakeRun) -> None:
    run = make_run(seeds=(0,), bootstraps=0)
    table = pd.concat([run.board.table, run.board.table.assign(k_policy="calibrated")], ignore_index=True)
    (board,) = bare(replace(run, board=replace(run.board, table=table))).boards
    labels = {entry.label for entry in board.board.entries if entry.name == "kmeans" and entry.variant == "raw"}
    assert {label.rsplit(" · ", 1)[1] for label in labels} == {"silhouette", "calibrated"}


@pytest.mark.parametrize(
    ("row", "interval", "marks"),
    [
        ({}, "1 to 2", ""),
        ({"rank_high": 10.0, "control": True}, "1 to 10", "control"),
        ({"rank_low": math.nan, "oracle": True, "pareto": True}, "–", "oracle, Pareto"),
        ({"rank_high": pd.NA, "flags": "no silhouette"}, "–", "incomplete"),
        ({"rank_high": math.inf, "pareto": pd.NA}, "–", ""),
    ],
)
def test_interval_and_marks_of_an_entry(
    mixed_report: ReportModel, row: dict[str, object], interval: str, marks: str
) -> None:
    values = {"rank_low": 1, "rank_high": 2, "control": False, "oracle": False, "pareto": False, "flags": ""}
    first = one_board(mixed_report).board.entries[0]
    entry = Entry.of({**first.row, **values, **row}, "kmeans", "kmeans", (), (), order=first.order)
    assert (entry.interval, entry.marks, entry.sizes, entry.n_noise) == (interval, marks, (), 0)


def test_the_title_of_a_board_says_that_the_true_k_was_given(mixed_run: StoredRun) -> None:
    board = Board(mixed_run, None, "cards", True, ())  # type: ignore[arg-type]
    assert board.title == "cards, with the true k given"
    assert replace(board, dataset=OVERALL, oracle=False).title == "all datasets"


def test_a_table_without_any_rank_has_an_empty_board(rejected_report: ReportModel) -> None:
    report = one_board(rejected_report)
    assert (report.board.dataset, report.board.entries, report.table.rows) == ("cards", (), ())


# --- the leaderboard --------------------------------------------------------------------------------------------------


def test_every_row_has_a_field_per_heading_and_names_are_unique(any_report: ReportModel) -> None:
    for table in (report.table for report in any_report.boards):
        names = [heading.name for heading in table.headings]
        assert len(set(names)) == len(names)
        assert all(len(row) == len(names) for _, row in table.rows)
        assert [heading for _, part in table.groups for heading in part] == list(table.headings)
        assert all(group for group, part in table.groups if len(part) > 1)


def test_exact_numbers_are_those_of_the_frame_and_printed_ones_within_half_a_digit(any_report: ReportModel) -> None:
    table = any_report.run.board.table
    for report in any_report.boards:
        mine = table[(table["dataset"] == report.board.dataset) & (table["oracle"] == report.board.oracle)]
        assert len(report.table.rows) == len(mine)
        for position, heading in enumerate(report.table.headings):
            if heading.name not in mine.columns or heading.name in ("variant", "tie", "k_policy"):
                continue
            for (_, row), value in zip(report.table.rows, mine[heading.name].tolist(), strict=True):
                field = row[position]
                assert (field.exact == "" and value != value) or float(field.exact) == float(value)
                if field.exact and (digits := re.fullmatch(r"-?\d+(?:\.(\d+))?", field.text)):
                    assert abs(float(field.text) - float(value)) <= 0.5000001 * 10.0 ** -len(digits[1] or "")


def test_scores_are_in_the_order_of_metrics_and_spaces_and_sort_the_best_first(full_report: ReportModel) -> None:
    headings = one_board(full_report).table.headings
    assert [heading.name for heading in headings if heading.group] == SCORES
    assert [h.full_title for h in headings if h.group][:2] == ["Silhouette ↑ (standard)", "Silhouette ↑ (log1p)"]
    higher = {heading.name for heading in headings if heading.higher_first}
    assert higher == {
        "coverage",
        "calibrated",
        "beaten",
        "stability",
        *(n for n in SCORES if not n.startswith("davies")),
    }


def test_optimised_metrics_are_marked_and_random_means_are_those_of_the_bands(full_report: ReportModel) -> None:
    table = one_board(full_report).table
    bands = full_report.run.details.bands.set_index(["metric", "space", "k", "generator"])["mean"]
    at = [heading.name for heading in table.headings].index("silhouette@log1p")
    for entry, row in table.rows:
        marked = {h.name.partition("@")[0] for h, field in zip(table.headings, row, strict=True) if field.optimised}
        assert marked == ({"calinski_harabasz"} if entry.row["algorithm"] == "kmeans" else set())
        means = [bands["silhouette", "log1p", int(entry.row["k"]), name] for name in (CENTROIDS, GROWTH)]
        expected = f"random {means[0]:.3f}, {means[1]:.3f}"
        assert [note for note in row[at].notes if note.startswith("random")] == [expected]


def test_an_infinite_score_is_printed_as_infinity(make_run: MakeRun, render: Callable[..., str]) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        perfect = (scores["metric"] == "calinski_harabasz") & (scores["algorithm"] == "kmeans")
        scores.loc[perfect & (scores["variant"] == "raw"), "value"] = math.inf

    report = build_report(make_run(change=change, seeds=(0,)))
    table = one_board(report).table
    at = [heading.name for heading in table.headings].index("calinski_harabasz@log1p")
    mine = [row[at] for entry, row in table.rows if entry.name == "kmeans" and entry.variant == "raw"]
    assert [(field.text, field.exact) for field in mine] == [("∞", "Infinity")]
    (drawn,) = [figure for figure in one_board(report).figures if figure.name == "scores-against-k"]
    assert "infinite score" in drawn.description
    assert "∞" in {row[4] for row in drawn.rows}
    page, document = render(report, "html"), json.loads(render(report, "json"))
    assert '<data value="Infinity">∞</data>' in page
    assert "Infinity" in [entry["calinski_harabasz@log1p"] for entry in document["boards"][0]["entries"]]
    assert r"$\infty$" in render(report, "latex")


def test_a_metric_of_a_plugin_is_shown_by_the_facts_of_the_record_alone(make_run: MakeRun) -> None:
    def rename(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        scores["metric"] = scores["metric"].replace("davies_bouldin", "widest")

    facts = MetricFacts(name="widest", direction=Direction.LOWER, formula="largest distance")
    ranking = {"metrics": ("widest", "silhouette"), "facts": (facts,)}
    report = build_report(make_run(change=rename, seeds=(0,), bootstraps=0, ranking=ranking))
    board = one_board(report)
    (heading,) = [one for one in board.table.headings if one.name == "widest@log1p"]
    assert (heading.full_title, heading.higher_first) == ("Widest ↓ (log1p)", False)
    row = report.metrics.rows[0]
    assert row[:3] == ("Widest", "largest distance", "-∞ to ∞, lower is better")
    assert row[4:] == ("yes, family widest of weight 1", "6", "–")
    assert "Widest, log1p" in [name for name, _ in board.details[0].rank_parts.rows]
    assert [row[0] for row in board.details[0].scores.rows] == ["Widest", "Silhouette", "Calinski-Harabasz"]
    figures = {figure.name: figure for figure in board.figures}
    assert figures["metric-correlation"].header[1:3] == ("Widest, standard", "Widest, log1p")
    assert "Widest" in {row[2] for row in figures["scores-against-k"].rows}
    assert "without Widest" in board.sensitivity.header


# --- notices, refusals, failures --------------------------------------------------------------------------------------


def test_outcomes_add_up_and_one_is_singular(mixed_report: ReportModel, make_run: MakeRun) -> None:
    assert mixed_report.outcomes == "56 partitions: 38 ok, 12 rejected, 4 failed, 2 timeout"
    assert one_board(mixed_report).competitors == "5 contenders and 2 controls"

    def one_cell(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        cells.drop(cells.index[1:], inplace=True)  # noqa: PD002 - the fixture keeps its own frame

    report = bare(make_run(seeds=(0,), bootstraps=0, change=one_cell))
    assert (report.outcomes, one_board(report).competitors) == ("1 partition: 1 ok", "1 contender")


def test_rejected_entries_and_failed_cells_have_their_reasons(mixed_report: ReportModel) -> None:
    rejected = mixed_report.rejected
    assert [row[4] for row in rejected.rows] == mixed_report.run.board.rejected["reason"].tolist()
    assert rejected.rows[-1][3:6] == ("failed", "ValueError: no core point", "eps=0.5")
    assert mixed_report.refused.caption.startswith("12 of 56 partitions")
    assert [row[1:6] for row in mixed_report.refused.rows] == [
        ("agglomerative (linkage=average)", variant, "rejected", "6", "k=2, k=3, k=4") for variant in ("raw", "log1p")
    ]
    assert [row[:4] for row in mixed_report.failures.rows] == [
        ("failed", "dbscan", "ValueError: no core point", "4"),
        ("timeout", "kmeans", "took longer than 5 s", "2"),
    ]


def test_equal_reasons_are_grouped_and_different_ones_counted(make_run: MakeRun) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mine = cells["algorithm"] == "kmeans"
        cells.loc[mine, "status"] = "rejected"
        cells.loc[mine, "reason"] = [f"reason {number % 3}" for number in range(int(mine.sum()))]
        lost = cells["algorithm"] == "dbscan"
        cells.loc[lost, ["status", "reason"]] = ["out_of_memory", "took more than 5 MB"]

    report = bare(make_run(datasets=("a", "b", "c"), change=change, seeds=(0,), bootstraps=0))
    rows = report.refused.rows
    assert [row[:5] for row in rows] == [
        (d, "kmeans", v, "rejected", "3") for d, v in itertools.product("abc", ("raw", "log1p"))
    ]
    assert {row[6] for row in rows} == {"reason 0 (and 2 more like it)"}
    where = "a / raw, a / log1p, b / raw, b / log1p and 2 more"
    assert report.failures.rows == (("out of memory", "dbscan", "took more than 5 MB", "12", where),)


def test_lists_are_rectangular_printable_and_hold_every_cell_that_is_not_ok(any_report: ReportModel) -> None:
    tables = [any_report.rejected, any_report.refused, any_report.failures, any_report.metrics, *any_report.declared]
    for table in tables:
        assert all(len(row) == len(table.header) for row in table.rows)
        assert all(0 <= position < len(table.header) for position in table.numeric)
        assert all(not re.search(r"[\x00-\x1f]", field) for row in table.rows for field in row)
    listed = sum(int(row[4]) for row in any_report.refused.rows) + sum(int(row[3]) for row in any_report.failures.rows)
    assert listed == int((any_report.run.cells["status"] != "ok").sum())


def test_sensitivity_holds_the_ranks_under_every_rule_that_changes_one(mixed_report: ReportModel) -> None:
    report, frame = one_board(mixed_report), mixed_report.run.board.sensitivity
    table, published = report.sensitivity, {entry.key: entry.rank for entry in report.board.entries}
    assert [(label, fields[0].text) for label, fields in table.rows] == [
        (entry.label, str(entry.rank)) for entry in report.board.entries
    ]
    titles = {"silhouette": "Silhouette", "davies_bouldin": "Davies-Bouldin", "calinski_harabasz": "Calinski-Harabasz"}
    forms = {"without metric": "without {}", "only metric": "{} alone", "only space": "{} alone"}
    shown = 0
    for (kind, what), part in frame.groupby(["kind", "what"]):
        title = forms[str(kind)].format(titles.get(str(what), what))
        keys = part[["algorithm", "params", "variant", "k_policy"]].itertuples(index=False, name=None)
        ranks = dict(zip(keys, part["rank"].astype(int), strict=True))
        if ranks == published:
            assert title in table.caption
            continue
        at, shown = table.header.index(title) - 1, shown + 1
        fields = [fields[at] for _, fields in table.rows]
        assert [field.text for field in fields] == [str(ranks[key]) for key in published]
        assert [np.sign(field.level) for field in fields] == [np.sign(published[key] - ranks[key]) for key in published]
    assert shown == len(table.header) - 2


def test_notices_are_serious_first_then_by_dataset_and_come_once(make_run: MakeRun) -> None:
    warnings = tuple(Alert(AlertKind.DATA, text, "cards") for text in ("two\nlines", "again", "again"))
    run = make_run(datasets=("cards", "wine"), seeds=(0,), bootstraps=0, selection="k=2,3", warnings=warnings)
    alerts = (
        Alert(AlertKind.DATA, "a", "wine"),
        Alert(AlertKind.NOT_ROBUST, "b", "cards", oracle=True),
        Alert(AlertKind.FAILED_CELLS, "3 failed of 9 cells"),
        Alert(AlertKind.NOT_ROBUST, "c", OVERALL),
        Alert(AlertKind.NO_STRUCTURE, "no structure beyond the null", "wine"),
    )
    report = bare(replace(run, board=replace(run.board, alerts=alerts)))
    assert report.notices[0] == Notice(
        "no structure beyond the null", "wine", serious=True, kind=AlertKind.NO_STRUCTURE
    )
    part, *others = [notice.full_text for notice in report.notices[1:]]
    assert part.startswith("This is a part of the benchmark (k=2,3): a different leaderboard")
    texts = ["3 failed of 9 cells", "all datasets: c", "cards: with the true k given, b", "cards: two lines"]
    assert others == [*texts, "cards: again", "wine: a"]


def verdicts(report: ReportModel, place: int = 0) -> dict[str, tuple[str, str, str]]:
    return {one.question: (one.answer, one.evidence, one.tone.value) for one in report.boards[place].verdicts}


def test_the_first_screen_answers_what_is_first_and_how_sure_that_is(
    full_report: ReportModel, mixed_report: ReportModel, rejected_report: ReportModel
) -> None:
    table = full_report.run.board.table
    first, contenders = table.iloc[0], table[~table["control"].astype(bool)]
    said = verdicts(full_report)
    label, evidence, _ = said["First place"]
    assert label == full_report.boards[0].board.entries[0].label
    shared = contenders[contenders["rank"] == 1]
    assert evidence.startswith(f"first of {len(contenders)} contenders by mean rank ({first['mean_rank']:.3f})")
    assert len(shared) == evidence.count("·") // 2 + 1
    best = shared.loc[shared["p_first"].idxmax()]
    interval = f"it would rank {best['rank_low']:.0f} to {best['rank_high']:.0f} (90 %)"
    sure = f"in other samples of this size {interval}, and be first in {100 * best['p_first']:.0f} % of them"
    assert said["How sure is that?"] == ("Ahead of all others", sure, "good")
    run = full_report.run
    tied = bare(replace(run, board=replace(run.board, table=table.assign(tie="a"))))
    others = len(contenders) - len(shared)
    assert verdicts(tied)["How sure is that?"] == (f"{others} others may be as good", sure, "doubt")
    assert verdicts(mixed_report)["How sure is that?"][0] == "Not measured"
    assert list(verdicts(rejected_report)) == ["First place"]


def test_controls_known_classes_and_notices_are_said_once(full_run: StoredRun, render: Callable[..., str]) -> None:
    assert verdicts(bare(full_run))["Beats trivial rivals?"][0] == "Yes"
    alerts = (
        Alert(AlertKind.CONTROLS_UNBEATEN, "the first entry does not beat the controls (x)", "cards"),
        Alert(AlertKind.NOT_ROBUST, "the first place is not robust (y)", "cards"),
    )
    table = full_run.board.table
    table = table.assign(ari=np.linspace(0.1, 0.7, len(table)))
    report = bare(replace(full_run, board=replace(full_run.board, table=table, alerts=alerts)))
    said = verdicts(report)
    assert said["Beats trivial rivals?"] == ("No", "does not beat the controls (x)", "bad")
    last = table[~table["control"].astype(bool)].iloc[-1]
    agreement, evidence, _ = said["Like known classes?"]
    assert agreement == "0.10"
    assert evidence.startswith(f"adjusted Rand index; the best here {last['ari']:.2f}, of rank {last['rank']}")
    page = render(report, "html")
    assert page.count("does not beat the controls (x)") == page.count("the first place is not robust (y)") == 1


def test_ranks_by_dataset_are_those_of_the_leaderboard(two_reports: ReportModel) -> None:
    overall, *others = two_reports.boards
    table = two_reports.run.board.table
    assert overall.by_dataset.header == ("Entry", "All", "cards", "wine")
    assert all(not one.by_dataset.rows for one in others)
    for entry, (label, *ranks) in zip(overall.board.entries, overall.by_dataset.rows, strict=True):
        mine = table[(table["algorithm"] == entry.row["algorithm"]) & (table["params"] == entry.row["params"])]
        by_dataset = mine[mine["variant"] == entry.row["variant"]].set_index("dataset")["rank"].to_dict()
        assert label == entry.label
        assert ranks == [str(by_dataset.get(name, "–")) for name in ("(all)", "cards", "wine")]


# --- methodology ------------------------------------------------------------------------------------------------------


def test_rules_state_gate_noise_weights_and_seeds(mixed_report: ReportModel) -> None:
    rules = dict(mixed_report.rules)
    assert rules["Reference spaces"].startswith("standard and log1p;")
    assert "at least 10 rows and 1.0 %; the largest at most 95.0 %; noise at most 30.0 %" in rules["Gate"]
    assert rules["Noise policy"].startswith("zero: rows labelled noise contribute 0")
    assert (rules["Family weights"], rules["Seeds"]) == ("separation 1", "0, 1")
    metrics = {row[0]: row for row in mixed_report.metrics.rows}
    assert metrics["Davies-Bouldin"][2] == "0 to ∞, lower is better"
    assert metrics["Silhouette"][2] == "-1 to 1, higher is better"
    assert all(all(row) for row in mixed_report.metrics.rows)
    assert not {"Stability"} & {*metrics, *rules}


def test_chance_stability_and_rank_intervals_are_explained_with_their_counts(
    full_report: ReportModel, make_run: MakeRun
) -> None:
    rules = dict(full_report.rules)
    assert "50 from random centroids and up to 50 by random nearest-neighbour growth" in rules["Random partitions"]
    assert rules["Stability"].startswith("every cut that passes the gate is fitted again to 10 draws")
    assert "of which 50 are simulated" in rules["Rank intervals"]
    assert "ahead of the other in 95 % of the samples" in rules["Tie letters"]
    assert rules["Family weights"] == "separation 1, stability 1"
    stability = {row[0]: row for row in full_report.metrics.rows}["Stability"]
    assert "mean adjusted Rand index" in stability[1]
    assert stability[2:5:2] == ("-0.5 to 1, higher is better", "yes, family stability of weight 1")
    plain = dict(bare(make_run(seeds=(0,), bootstraps=0, random_partitions=0)).rules)
    assert plain["Rank intervals"].startswith("none")
    assert not {"Random partitions", "Tie letters"} & set(plain)


def test_a_metric_that_is_only_shown_is_listed_as_such(make_run: MakeRun) -> None:
    run = make_run(seeds=(0,), bootstraps=0)
    extra = run.scores[run.scores["metric"] == "silhouette"].assign(metric="silhouette_macro")
    report = bare(replace(run, scores=pd.concat([run.scores, extra], ignore_index=True)))
    assert {row[0]: row[4] for row in report.metrics.rows}["Silhouette (macro)"] == "no, shown only"


def test_datasets_variants_algorithms_and_environment_are_declared(mixed_report: ReportModel) -> None:
    datasets, variants, algorithms = mixed_report.declared
    assert datasets.rows[0][:3] == ("cards", "1000", "2")
    assert variants.rows[1] == ("log1p", "median impute > standardize")
    assert {row[0]: row[3] for row in algorithms.rows}["agglomerative"] == "linkage=ward; linkage=average"
    environment = dict(mixed_report.environment)
    assert (environment["packages.numpy"], environment["git.dirty"]) == ("1.26.4", "true")
    assert (environment["limits.seconds"], environment["seeds"]) == ("none", "0, 1")
    assert mixed_report.citation.startswith(
        "clusterbench 0.1.0 (commit 0123456789ab, with changes), benchmark demo (SHA-256 abababababab), data cards"
        " (SHA-256 "
    )


def test_structure_is_shown_where_it_was_tested(
    make_run: MakeRun, mixed_report: ReportModel, render: Callable[..., str]
) -> None:
    dips = (ColumnDip("a", 0.05, 0.0002), ColumnDip("b", 0.01, 1.0))
    drawn = (TableFit(None, {}), TableFit(0.1, {}), TableFit(0.0, {}))
    finding = StructureFinding("cards", 1000, TableFit(0.4321, {}), drawn, dips)
    report = bare(make_run(seeds=(0,), bootstraps=0, structure=(finding,)))
    row = ("cards", "structure found", "1000", "0.432", "0.100 (3 tables)", "0.50", "a", "0.000")
    assert report.structure.rows == (row,)
    assert report.verdicts == (finding.text,)
    assert (
        "to the table and to tables drawn from its Gaussian copula (Hennig & Lin 2015"
        in dict(report.rules)["Structure"]
    )
    text = render(report, "markdown")
    assert "Is there structure at all?" in text
    assert "structure found in 1,000 rows: k-means reaches a silhouette of 0.432" in text
    verdict = next(one for one in report.boards[0].verdicts if one.question == "Any clusters at all?")
    assert (verdict.answer, verdict.tone) == ("Found", "good")
    k_means = "k-means hardly exceeds tables drawn without clusters (silhouette 0.432 against 0.100)"
    assert verdict.evidence == f"a has more than one mode; {k_means}"
    assert verdict.evidence in render(report, "html")
    (stated,) = json.loads(render(report, "json"))["structure"]
    assert (stated["verdict"], stated["columns"], stated["p"]) == ("structure found", ["a"], 0.5)
    assert "Structure" not in dict(mixed_report.rules)
    assert mixed_report.structure.rows == ()


def test_a_table_like_those_drawn_without_clusters_is_not_said_to_exceed_them(make_run: MakeRun) -> None:
    finding = StructureFinding(
        "cards", 1000, TableFit(0.268, {}), (TableFit(0.269, {}),) * 3, (ColumnDip("a", 0.0, 1.0),)
    )
    report = bare(make_run(seeds=(0,), bootstraps=0, structure=(finding,)))
    answer, evidence, tone = verdicts(report)["Any clusters at all?"]
    assert (answer, tone) == ("None found", "bad")
    assert evidence == "k-means does no better than tables drawn without clusters (silhouette 0.268 against 0.269)"


@pytest.mark.parametrize(
    ("categories", "no_clusters", "answer", "tone"),
    [
        (False, False, "Likely to lose 0.10 to 0.25", "good"),
        (False, True, "Likely to lose 0.10 to 0.25", "doubt"),
        (True, True, "Not known for a table like this", "doubt"),
    ],
)
def test_the_trust_in_a_first_place_is_green_only_where_it_was_measured_and_clusters_were_found(
    full_run: StoredRun,
    monkeypatch: pytest.MonkeyPatch,
    categories: bool,
    no_clusters: bool,
    answer: str,
    tone: str,
) -> None:
    basis = Coefficients({}, {}, {}, 40, 0.9)
    estimate = TrustEstimate(0.1, 0.25, 0.5, basis, categories=categories, no_clusters=no_clusters)
    monkeypatch.setattr("clusterbench.report.model_building.trust_by_dataset", lambda run: {"cards": ({}, estimate)})
    said = verdicts(bare(full_run))["Can it be trusted?"]
    assert (said[0], said[2]) == (answer, tone)
    warning = "No clusters were found, so the rank orders ways of cutting one cloud"
    assert (warning in said[1], f" {warning}." in estimate.sentence) == (no_clusters, no_clusters)
    assert estimate.abstains == categories
    assert estimate.trusted == (tone == "good")


def test_one_line_says_what_became_of_the_columns(full_run: StoredRun) -> None:
    columns = pd.DataFrame(
        [
            ("cards", "age", "numeric", "", 60, 0.0),
            ("cards", "spend", "numeric", "", 900, 0.1),
            ("cards", "region", "category", "", 12, 0.05),
            ("cards", "member", "category", "", 2, 0.0),
            ("cards", "signup", "date", "", 400, 0.0),
        ],
        columns=["dataset", "column", "role", "unit", "distinct", "missing"],
    ).assign(zeros=0.0, low=0.0, median=1.0, high=2.0)
    steps = [{"step": "one_hot"}, {"step": "date_parts", "parts": ["days"]}, {"step": "impute", "strategy": "median"}]
    first, record = full_run.record.references["cards"][0], full_run.record
    declared = '[[datasets]]\npath = "cards.csv"\nid = "customer"\ndrop = ["notes"]\n'
    variants = {**record.variants, first: VariantRecord("", json.dumps(steps))}
    record = replace(record, variants=variants, toml=declared)
    report = bare(replace(full_run, record=record, details=replace(full_run.details, columns=columns)))
    assert dict(report.facts)["Columns"] == (
        "2 numbers, 2 categories (14 levels, as columns of 0 and 1), 1 date (as days); missing values: region (a level"
        " of its own), spend (filled by median); left out: notes; id: customer"
    )


# --- details of an entry ----------------------------------------------------------------------------------------------


def test_details_hold_seeds_scores_diagnostics_and_commands(mixed_report: ReportModel) -> None:
    report = one_board(mixed_report)
    details = {one.entry.label: one for one in report.details}
    kmeans = details["kmeans · log1p · k=3"]
    assert [row[0] for row in kmeans.seeds.rows] == ["0", "1"]
    assert kmeans.messages == ("ConvergenceWarning: did not converge",)
    facts = dict(kmeans.facts)
    assert facts["Algorithm"] == "kmeans, n_init=10"
    assert facts["Optimises"].startswith("Calinski-Harabasz: equal to this algorithm's own objective")
    assert kmeans.scores.header == ("Metric", "own space, not ranked", "standard", "log1p")
    scores = (f"{kmeans.entry.row[f'silhouette@{space}']:.4f}" for space in ("own", "standard", "log1p"))
    assert kmeans.scores.rows[0] == ("Silhouette", *scores)
    assert kmeans.commands == (
        "clusterbench reproduce cards/kmeans/log1p/3 demo",
        "clusterbench run demo --only algorithm=kmeans --only variant=log1p --only k=3 --results again --reports again",
        *(f"clusterbench labels {cell.labels_sha256[:12]}" for cell in kmeans.entry.cells),
    )
    # eps is no field of --only: all cuts are run again.
    assert "--only variant=log1p --results" in details["dbscan · log1p · k=3"].commands[1]
    for one in report.details:
        words = one.commands[1].split()
        conditions = [words[i + 1] for i, word in enumerate(words) if word == "--only"]
        assert len(Selection.parse(conditions).only) == len(conditions)
        linkage = re.search(r"linkage=(\w+)", one.entry.label)
        assert linkage is None or one.commands[0].endswith(f"/linkage={linkage[1]} demo")


def test_commands_quote_names_and_name_one_dataset_of_several(make_run: MakeRun) -> None:
    report = bare(make_run(datasets=["cards", "-my wine"], variants=("$(rm) x",), seeds=(0,), bootstraps=0, quick=True))
    wine = next(board for board in report.boards if board.board.dataset == "-my wine").details[0]
    assert wine.commands[0].startswith("clusterbench reproduce -- '-my wine/")
    assert " demo --quick --only 'dataset=-my wine' --only algorithm=" in wine.commands[1]
    assert "--only 'variant=$(rm) x' --only k=" in wine.commands[1]


def test_scores_of_the_details_are_means_over_seeds_and_every_cut_is_listed(full_report: ReportModel) -> None:
    run = full_report.run
    means = run.scores.groupby(["algorithm", "params", "variant", "cut", "metric", "space"])["value"].mean()
    for details in one_board(full_report).details:
        row = details.entry.row
        key = tuple(row[name] for name in ("algorithm", "params", "variant", "cut"))
        for metric, fields in zip(run.record.ranking.metrics, details.scores.rows, strict=True):
            decimals = 1 if metric == "calinski_harabasz" else 4
            for space, text in zip(("own", "standard", "log1p"), fields[1:], strict=True):
                assert float(text) == pytest.approx(means[(*key, metric, space)], abs=0.51 * 10.0**-decimals)
        assert len(details.k_choices) == (2 if row["algorithm"] == "dbscan" else 3)
        (chosen,) = [one for one in details.k_choices if one.chosen]
        assert json.loads(row["cut"]) == {name: json.loads(value) for name, value in [chosen.cut.split("=")]}
        assert details.labels_file == f"labels/{row['labels_sha256'][:12]}.csv"
        assert details.view is not None


def test_clusters_have_sizes_silhouettes_and_the_reading_of_their_stability(
    full_run: StoredRun, full_report: ReportModel
) -> None:
    for details in one_board(full_report).details:
        clusters = details.clusters
        assert clusters.header[2:4] == ("Silhouette in standard", "Silhouette in log1p")
        assert [int(row[1]) for row in clusters.rows] == list(details.entry.sizes)
        assert [row[2] for row in clusters.rows] == [f"{0.1 * c - 0.05:.3f}" for c in range(len(details.entry.sizes))]
        assert [row[4:] for row in clusters.rows[:2]] == [("0.90", "highly stable"), ("0.70", "a pattern, in doubt")]
    limits = [(0.85, "highly stable"), (0.8499, "valid, stable"), (0.7499, "a pattern, in doubt"),
              (0.5999, "not to be trusted"), (math.nan, "")]  # fmt: skip
    for jaccard, words in limits:
        jaccards = dict.fromkeys(full_run.details.jaccards, (jaccard, 0.75))
        run = replace(full_run, details=replace(full_run.details, jaccards=jaccards))
        rows = one_board(bare(run)).details[0].clusters.rows
        assert [row[5] for row in rows[:2]] == [words, "valid, stable"]


@pytest.mark.parametrize("name", ["full_report", "scored_reports"])
def test_what_the_metrics_add_sums_to_the_score_and_the_sentence_has_the_largest_differences(
    name: str, request: pytest.FixtureRequest
) -> None:
    report: ReportModel = request.getfixturevalue(name)
    for board in report.boards[-1:]:
        contributions = report.run.board.contributions
        contributions = contributions[contributions["dataset"] == board.board.dataset]
        sums = contributions.groupby(["algorithm", "params", "variant", "k_policy"])["contribution"].sum()
        first = board.board.contenders[0]
        for details in board.details:
            entry, parts = details.entry, details.rank_parts
            assert sums[entry.key] == pytest.approx(entry.order_value, abs=1e-9)
            at = parts.header.index("Adds") - 1
            *rows, (title, total) = parts.rows
            assert (title, total[at].text) == (entry.order.heading, f"{entry.order_value:.3f}")
            assert sum(float(fields[at].text) for _, fields in rows) == pytest.approx(entry.order_value, abs=0.004)
            other = board.board.contenders[1] if entry is first else first
            assert f"that of {other.rank} {other.label}" in details.rank_reason
            gaps = [float(fields[-1].text) for _, fields in rows]
            assert gaps == pytest.approx([float(f[at].text) - float(f[at + 1].text) for _, f in rows], abs=0.0011)
            better = [-entry.order.sign * gap for gap in gaps]
            assert all(np.sign(f[-1].level) in (0, np.sign(gap)) for (_, f), gap in zip(rows, better, strict=True))


def test_the_choice_of_k_is_the_criterion_of_the_policy_for_every_cut(full_report: ReportModel) -> None:
    run = full_report.run
    for details in one_board(full_report).details:
        row = details.entry.row
        mine = run.criteria[
            (run.criteria[["algorithm", "params", "variant"]] == list(details.entry.key[:3])).all(axis=1)
        ]
        values = dict(zip(mine["cut"], mine["criterion"].astype(float), strict=True))
        assert [one.value for one in details.k_choices] == [f"{value:.3f}" for value in values.values()]
        best = max(values, key=lambda cut: values[cut])
        assert row["cut"] == best == mine.loc[mine["chosen"].astype(bool), "cut"].item()
        (chosen,) = [one for one in details.k_choices if one.chosen]
        assert chosen.height == 100
        assert details.k_reason.startswith(
            f"{chosen.cut} has the highest mean z against random partitions, {chosen.value}"
        )


def test_a_cut_that_the_gate_rejects_is_no_choice_however_high_its_number(mixed_run: StoredRun) -> None:
    criteria = mixed_run.criteria.copy()
    mine = (criteria["algorithm"] == "kmeans") & (criteria["variant"] == "log1p")
    criteria.loc[mine & ~criteria["chosen"].astype(bool), ["criterion", "eligible"]] = [9.0, False]
    report = bare(replace(mixed_run, criteria=criteria))
    details = {one.entry.label: one for one in one_board(report).details}["kmeans · log1p · k=3"]
    assert details.k_reason.endswith("No other cut passed the gate.")
    assert [one.eligible for one in details.k_choices] == [False, True, False]


def test_a_given_k_is_said_to_be_given(make_run: MakeRun) -> None:
    run = make_run(seeds=(0,), bootstraps=0, ranking={"k_policies": ("fixed",), "fixed_k": 3})
    for details in one_board(bare(run)).details:
        (chosen,) = [one.cut for one in details.k_choices if one.chosen]
        assert details.k_reason == f"{chosen} gives the declared number of clusters; no score chose it."
        assert all(one.eligible == one.chosen for one in details.k_choices)


def test_clusters_are_told_apart_by_their_largest_deltas_in_units_of_the_table(full_report: ReportModel) -> None:
    details = one_board(full_report).details[0]
    sizes = details.entry.sizes
    assert [name for name, _ in details.apart] == [f"Cluster {c}, {size:,} rows" for c, size in enumerate(sizes)]
    medoids = full_report.run.details.medoids.set_index("labels_sha256")["row_id"]
    assert details.apart[0][1] == (
        "more often b (0.0 % against 50.0 %) and lower day (in 60 % of pairs of rows; both medians 1970-01-01); row"
        f" {medoids[details.entry.labels_sha256]} is nearest to its mean."
    )
    assert details.apart[1][1] == "lower day (1970-01-02 against 1970-01-01)."
    assert details.profile.header == ("Column", *map(str, range(len(sizes))))
    names = [name for name, _ in details.profile.rows]
    assert names == ["b", "day", "a"]
    (_, fields) = details.profile.rows[0]
    assert [field.text for field in fields[:2]] == ["+1.0", "0.0"]
    assert [field.title for field in fields[:2]] == ["0.0 %", "100.0 %"]
    assert full_report.boards[0].columns.rows == (("a", "numeric", "cm", "1", "2", "1,234", "25.0 %", "50.0 %", "17"),)


def test_equal_clusters_of_other_numbers_have_the_colours_of_the_first_entry(full_run: StoredRun) -> None:
    first, second = full_run.board.table.loc[~full_run.board.table["control"], "labels_sha256"].unique()[:2]
    sampled = full_run.details.point_labels.copy().set_index("labels_sha256")
    labels = np.array(json.loads(sampled.loc[first, "labels"]))
    swapped = np.where(labels < 0, -1, (labels + 1) % (labels.max() + 1))
    sampled.loc[second, "labels"] = json.dumps(swapped.tolist())
    details = replace(full_run.details, point_labels=sampled.reset_index()[list(full_run.details.point_labels)])
    views = {one.entry.labels_sha256: one.view for one in one_board(bare(replace(full_run, details=details))).details}
    bodies = [view.body for view in (views[first], views[second]) if view is not None]
    one, other = (re.findall("<path[^>]*>", body) for body in bodies)
    assert one == other
    numbers, others = ([int(number) for number in re.findall(r">(\d+)</text>", body)] for body in bodies)
    assert others == [(number + 1) % len(numbers) for number in numbers]


def test_a_picture_has_at_most_eight_clusters_in_colour_and_says_what_is_grey(full_run: StoredRun) -> None:
    sampled = full_run.details.point_labels.copy()
    n_rows = len(json.loads(sampled["labels"].iloc[0]))
    sampled["labels"] = json.dumps([place % 10 for place in range(n_rows)])
    run = replace(full_run, details=replace(full_run.details, point_labels=sampled))
    view = one_board(bare(run)).details[0].view
    assert view is not None
    assert re.findall(r">(\d+)</text>", view.body) == list("01234567")
    assert len(re.findall("<path", view.body)) == 9  # with the grey one
    assert view.caption.endswith("small dots are the 2 smaller clusters.")


def test_noise_policies_are_shown_where_there_is_noise_only(full_report: ReportModel) -> None:
    every = one_board(full_report).details
    assert {bool(details.policies.rows) for details in every if not details.entry.n_noise} == {False}
    details = next(details for details in every if details.entry.n_noise)
    assert details.policies.header == ("Score", "zero, declared", "drop", "cluster", "nearest")
    frame = full_report.run.details.policies
    hashes = [cell.labels_sha256 for cell in details.entry.cells]
    mine = frame[frame["labels_sha256"].isin(hashes) & (frame["space"] == "log1p")]
    means = mine[mine["metric"] == "silhouette"].groupby("policy")["value"].mean()
    (row,) = [row for row in details.policies.rows if row[0] == "Silhouette, log1p"]
    assert row[1:] == tuple(f"{means[policy]:.4f}" for policy in ("zero", "drop", "cluster", "nearest"))


def test_agreement_is_symmetric_and_equal_labels_agree_fully(full_report: ReportModel) -> None:
    report = one_board(full_report)
    table = report.agreement
    assert table.header[:3] == ("Entry", "#1", "#2")
    entries = {f"(rank {entry.rank}) {entry.label}": entry for entry in report.board.entries}
    known = full_report.run.details.agreement.set_index(["one", "other"])["ari"].to_dict()
    for place, (name, fields) in enumerate(table.rows):
        assert name.partition(" ")[0] == f"#{place + 1}"
        assert fields[place].text == ""
        assert [others[place].text for _, others in table.rows] == [field.text for field in fields]
        mine = entries[name.partition(" ")[2]].labels_sha256
        for field, (other, _) in zip(fields, table.rows, strict=True):
            theirs = entries[other.partition(" ")[2]].labels_sha256
            if theirs != mine:
                ari = known.get((mine, theirs), known.get((theirs, mine)))
                assert float(field.text) == pytest.approx(ari, abs=0.0051)
    for details in report.details:
        indices = [float(index) for _, _, index in details.alike]
        assert indices == sorted(indices, reverse=True)
        assert details.entry.anchor not in {anchor for anchor, _, _ in details.alike}
    kmeans = [details for details in report.details if details.entry.name == "kmeans"]
    other = kmeans[1].entry
    assert kmeans[0].alike[0] == (other.anchor, f"{other.rank} {other.label}", "1.000")


def test_without_details_in_the_store_there_is_nothing_to_show(mixed_report: ReportModel) -> None:
    report = one_board(mixed_report)
    details = report.details[0]
    assert (details.view, details.labels_file, details.alike) == (None, "", ())
    assert (details.clusters.rows, details.policies.rows, report.agreement.rows) == ((), (), ())
    assert (details.apart, details.profile.rows, report.columns.rows) == ((), (), ())
    assert details.k_choices  # these are of the run itself
    assert details.rank_parts.rows


def test_a_ranked_entry_without_a_score_is_marked_and_says_why(make_run: MakeRun) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        lost = (scores["algorithm"] == "kmeans") & (scores["metric"] == "davies_bouldin") & (scores["space"] == "log1p")
        scores.loc[lost & (scores["seed"] == 0), ["value", "status", "reason"]] = [math.nan, "undefined", "one\npoint"]

    report = bare(make_run(change=change))
    details = next(one for one in one_board(report).details if one.entry.name == "kmeans")
    assert "incomplete" in details.entry.badges
    assert dict(details.facts)["Missing"] == "Davies-Bouldin in log1p: one point"
    davies_bouldin = details.scores.rows[1]
    assert davies_bouldin[3] == "one point"
    assert float(davies_bouldin[2]) > 0
    assert any("2 ranked entries lack a score" in notice.text for notice in report.notices)
