"""Board table, drill-down and lists of refusals against the frames that they are made from."""

from __future__ import annotations

import itertools
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import get_metric
from clusterbench.report import html
from clusterbench.report.board_table import BoardTable, board_table, exact_text
from clusterbench.report.closeup import Closeups, labels_file, reading
from clusterbench.report.entry_details import details_of
from clusterbench.report.facts import (
    failure_table,
    mean_scores,
    notices,
    outcome_counts,
    refused_table,
    rejected_table,
    sensitivity_table,
)
from clusterbench.report.formats.html_page import citation
from clusterbench.report.formats.json_and_wide import leaderboard_json
from clusterbench.report.page_data import payload
from clusterbench.report.printed import NOTHING
from clusterbench.report.report_entries import (
    Entry,
    EntryNames,
    Groups,
    Section,
    benchmark_argument,
    command,
    sections_of,
)
from clusterbench.results import Run
from clusterbench.tables import OVERALL

RUNS = ["mixed_run", "full_run", "two_tables", "hostile_run", "rejected_run"]


@pytest.fixture(params=RUNS)
def any_run(request: pytest.FixtureRequest) -> Run:
    return request.getfixturevalue(request.param)


def boards(run: Run) -> list[BoardTable]:
    return [board_table(run, section) for section in sections_of(run)]


def test_every_row_of_a_board_has_a_field_per_heading_and_names_are_unique(any_run: Run) -> None:
    for board in boards(any_run):
        names = [heading.name for heading in board.headings]
        assert len(set(names)) == len(names)
        assert all(len(row) == len(names) for _, row in board.rows)
        assert [heading for _, part in board.groups for heading in part] == list(board.headings)
        assert all(group for group, part in board.groups if len(part) > 1)


def test_the_exact_numbers_of_a_board_are_those_of_the_frame_bit_for_bit(any_run: Run) -> None:
    table = any_run.board.table
    for board in boards(any_run):
        mine = table[(table["dataset"] == board.section.dataset) & (table["oracle"] == board.section.oracle)]
        assert len(board.rows) == len(mine)
        for position, heading in enumerate(board.headings):
            if heading.name not in mine.columns or heading.name in ("variant", "tie", "k_policy"):
                continue
            for (_, row), value in zip(board.rows, mine[heading.name].tolist(), strict=True):
                exact = row[position].exact
                assert (exact == "" and value != value) or float(exact) == float(value)


def test_printed_numbers_are_within_half_of_their_last_digit(any_run: Run) -> None:
    for board in boards(any_run):
        for _, row in board.rows:
            for printed in row:
                if printed.exact and (found := re.fullmatch(r"-?\d+(?:\.(\d+))?", printed.text)):
                    digits = len(found[1] or "")
                    assert abs(float(printed.text) - float(printed.exact)) <= 0.5000001 * 10.0**-digits


def test_scores_stand_metric_by_metric_and_space_by_space(full_run: Run) -> None:
    (board,) = boards(full_run)
    expected = [f"{m}@{s}" for m, s in itertools.product(full_run.plan["metrics"], ("standard", "log1p"))]
    assert [heading.name for heading in board.headings if heading.group] == expected
    assert [heading.full_title for heading in board.headings if heading.group][:2] == [
        "Silhouette ↑ (standard)",
        "Silhouette ↑ (log1p)",
    ]
    higher = {heading.name for heading in board.headings if heading.higher_first}
    assert higher == {
        "coverage",
        "calibrated",
        "stability",
        *(name for name in expected if not name.startswith("davies")),
    }


def test_the_mark_of_the_optimised_metric_stands_at_its_algorithm_only(full_run: Run) -> None:
    (board,) = boards(full_run)
    for entry, row in board.rows:
        marked = {h.name.partition("@")[0] for h, p in zip(board.headings, row, strict=True) if p.optimised}
        assert marked == ({"calinski_harabasz"} if entry.row["algorithm"] == "kmeans" else set())


def test_the_random_baseline_is_the_mean_of_the_bands(full_run: Run) -> None:
    (board,) = boards(full_run)
    bands = full_run.details.bands.set_index(["metric", "space", "k"])["mean"]
    position = [heading.name for heading in board.headings].index("silhouette@log1p")
    for entry, row in board.rows:
        expected = bands["silhouette", "log1p", int(entry.row["k"])] if not pd.isna(entry.row["k"]) else None
        told = [note for note in row[position].notes if note.startswith("random")]
        assert told == ([] if expected is None else [f"random {expected:.3f}"])


def test_sizes_of_a_board_and_bars_of_the_page_add_up_to_all_rows(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    (board,) = boards(full_run)
    position = [heading.name for heading in board.headings].index("sizes")
    for _, row in board.rows:
        text, _, noise = row[position].text.partition(" + ")
        sizes = [int(size) for size in text.split(" / ")]
        assert sum(sizes) + int(noise.removesuffix(" noise") or 0) == 1000
        assert sizes == sorted(sizes, reverse=True)
    bars = re.findall(r'<span class="sizes".*?</span>', html(full_run), flags=re.DOTALL)
    assert len(bars) >= len(section.entries)
    for bar in bars:
        assert sum(map(int, re.findall(r"flex-grow:(\d+)", bar))) == 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (math.nan, ""),
        (pd.NA, ""),
        (True, ""),
        ("0.5", ""),
        (3, "3"),
        (np.int64(3), "3"),
        (0.1, "0.1"),
        (np.float64(1 / 3), "0.3333333333333333"),
        (-0.0, "-0.0"),
        (1e-300, "1e-300"),
    ],
)
def test_the_exact_text_of_a_value(value: object, text: str) -> None:
    assert exact_text(value) == text


def _names(run: Run, params: list[dict[str, object]]) -> EntryNames:
    cells = pd.DataFrame({"algorithm": "a", "params": [json.dumps(one) for one in params]})
    return EntryNames.of(Run("demo", run.plan, run.manifest, cells, run.scores, run.board))


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ([{}], ["a"]),
        ([{"x": 1}], ["a"]),
        ([{"x": 1}, {"x": 2}], ["a (x=1)", "a (x=2)"]),
        ([{"x": 1, "y": 0}, {"x": 2, "y": 0}], ["a (x=1)", "a (x=2)"]),
        ([{"x": 1}, {}], ["a (x=1)", "a"]),
        ([{"y": True, "x": 1}, {"y": False, "x": 2}], ["a (x=1, y=true)", "a (x=2, y=false)"]),
        ([{"x": [1, 2]}, {"x": None}], ["a (x=[1, 2])", "a (x=null)"]),
        ([{"x": "w\n1"}, {"x": "w\n2"}], ["a (x=w 1)", "a (x=w 2)"]),
        ([{"x": 1}, {"x": 1.5}, {"x": "ward"}], ["a (x=1)", "a (x=1.5)", "a (x=ward)"]),
    ],
)
def test_names_by_hand(mixed_run: Run, params: list[dict[str, object]], names: list[str]) -> None:
    found = _names(mixed_run, params)
    assert [found.name("a", json.dumps(one)) for one in params] == names
    assert found.name("unknown", '{"x": 1}') == "unknown"


def test_a_label_tells_the_policy_only_among_several() -> None:
    row = {"algorithm": "a", "params": "{}", "variant": "raw\n2", "k": 3, "k_policy": "fixed"}
    assert EntryNames({}, several_policies=True).label(row) == "a · raw 2 · k=3 · fixed"
    assert EntryNames({}, several_policies=False).label(row) == "a · raw 2 · k=3"


def entry(**row: object) -> Entry:
    values = {"rank": 1, "rank_low": 1, "rank_high": 2, "control": False, "oracle": False, "pareto": False, "flags": ""}
    return Entry({**values, **row}, "a", "a", "x", pd.DataFrame(), pd.DataFrame())


@pytest.mark.parametrize(
    ("row", "interval", "marks"),
    [
        ({}, "1 to 2", ""),
        ({"rank_high": 10.0, "control": True}, "1 to 10", "control"),
        ({"rank_low": math.nan, "oracle": True, "pareto": True}, NOTHING, "oracle, Pareto"),
        ({"rank_high": pd.NA, "flags": "no silhouette"}, NOTHING, "incomplete"),
        ({"rank_high": math.inf, "pareto": pd.NA}, NOTHING, ""),
    ],
)
def test_interval_and_marks_of_an_entry(row: dict[str, object], interval: str, marks: str) -> None:
    found = entry(**row)
    assert (found.interval, found.marks, found.sizes, found.n_noise) == (interval, marks, (), 0)


@pytest.mark.parametrize(
    ("dataset", "oracle", "title"),
    [("cards", False, "cards"), ("cards", True, "cards, told the true k"), (OVERALL, False, "all datasets")],
)
def test_the_title_of_a_board(dataset: str, oracle: bool, title: str) -> None:
    assert Section(dataset, oracle, ()).title == title


def test_groups_keep_the_order_of_rows_and_look_keys_up_as_text() -> None:
    groups = Groups(pd.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 1], "v": [3, 2, 1]}), ["a", "b"])
    found = groups.get(("x", "1"))
    assert found is not None
    assert found["v"].tolist() == [3, 1]
    assert groups.get(("z", 1)) is None
    assert ("y", 1) in groups
    assert ("y", 2) not in groups


def test_a_command_quotes_what_a_shell_would_read(mixed_run: Run) -> None:
    row = {"dataset": "cards", "algorithm": "a b", "variant": "$(rm)", "cut": '{"k": 5}'}
    assert command(mixed_run, row).endswith("--only 'algorithm=a b' --only 'variant=$(rm)' --only k=5")
    assert benchmark_argument(mixed_run) == "demo"


def test_equal_reasons_are_grouped_and_different_ones_counted(make_run) -> None:
    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mine = cells["algorithm"] == "kmeans"
        cells.loc[mine, "status"] = "rejected"
        cells.loc[mine, "reason"] = [f"reason {number % 3}" for number in range(int(mine.sum()))]
        lost = cells["algorithm"] == "dbscan"
        cells.loc[lost, ["status", "reason"]] = ["out_of_memory", "took more than 5 MB"]

    run = make_run(datasets=("a", "b", "c"), change=change, seeds=(0,), bootstraps=0)
    rows = refused_table(run).rows
    assert [row[:5] for row in rows] == [
        (d, "kmeans", v, "rejected", "3") for d, v in itertools.product("abc", ("raw", "log1p"))
    ]
    assert {row[6] for row in rows} == {"reason 0 (and 2 more like it)"}
    (failed,) = failure_table(run).rows
    assert failed == (
        "out of memory",
        "dbscan",
        "took more than 5 MB",
        "12",
        "a / raw, a / log1p, b / raw, b / log1p and 2 more",
    )
    assert outcome_counts(run) == f"{len(run.cells)} cells: {len(run.cells) - 30} ok, 18 rejected, 12 out of memory"


def test_every_cell_is_either_ok_or_in_one_of_the_two_lists(any_run: Run) -> None:
    listed = sum(int(row[4]) for row in refused_table(any_run).rows)
    listed += sum(int(row[3]) for row in failure_table(any_run).rows)
    assert listed == int((any_run.cells["status"] != "ok").sum())


def test_lists_are_rectangular_and_hold_printable_text_only(any_run: Run) -> None:
    tables = [rejected_table(any_run), refused_table(any_run), failure_table(any_run)]
    tables += [sensitivity_table(any_run, s.dataset, oracle=s.oracle) for s in sections_of(any_run)]
    for table in tables:
        assert all(len(row) == len(table.header) for row in table.rows)
        assert all(0 <= position < len(table.header) for position in table.numeric)
        assert all(not re.search(r"[\x00-\x1f]", field) for row in table.rows for field in row)


def test_notices_come_once_and_in_their_order(make_run) -> None:
    run = make_run(seeds=(0,), bootstraps=0, warnings=["two\nlines", "again", "again"], selection="variant=raw")
    found = [notice.full_text for notice in notices(run)]
    assert found[0].startswith("This is a part of the benchmark (variant=raw)")
    assert found[-2:] == ["two lines", "again"]
    assert len(set(found)) == len(found)


def test_mean_scores_by_hand() -> None:
    rows = [("m", "s", 0.1, ""), ("m", "s", 0.2, ""), ("m", "t", math.nan, "one\ncluster"), ("m", "t", 0.3, "")]
    found = mean_scores(pd.DataFrame(rows, columns=["metric", "space", "value", "reason"]))
    assert found["m", "s"] == (pytest.approx(0.15, abs=1e-15), "")
    assert math.isnan(found["m", "t"][0])
    assert found["m", "t"][1] == "one cluster"


@pytest.mark.parametrize(
    ("jaccard", "words"),
    [
        (1.0, "highly stable"),
        (0.85, "highly stable"),
        (0.8499, "valid, stable"),
        (0.75, "valid, stable"),
        (0.7499, "a pattern, in doubt"),
        (0.6, "a pattern, in doubt"),
        (0.5999, "not to be trusted"),
        (0.0, "not to be trusted"),
        (None, ""),
        (math.nan, ""),
    ],
)
def test_the_reading_changes_exactly_at_its_limits(jaccard: float | None, words: str) -> None:
    assert reading(jaccard) == words


def test_scores_of_the_drill_down_are_means_over_seeds(full_run: Run) -> None:
    (board,) = boards(full_run)
    means = full_run.scores.groupby(["algorithm", "params", "variant", "cut", "metric", "space"])["value"].mean()
    for details in details_of(full_run, board, Closeups.of(full_run)):
        key = tuple(details.entry.row[name] for name in ("algorithm", "params", "variant", "cut"))
        for metric, row in zip(full_run.plan["metrics"], details.scores.rows, strict=True):
            decimals = 1 if metric == "calinski_harabasz" else 4
            for space, text in zip(("own", "standard", "log1p"), row[1:], strict=True):
                assert float(text) == pytest.approx(means[(*key, metric, space)], abs=0.51 * 10.0**-decimals)
        assert [row[0] for row in details.seeds.rows] == ["0", "1"]
        assert all(len(row) == len(details.seeds.header) for row in details.seeds.rows)


def test_cuts_are_all_told_and_exactly_one_is_chosen(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    closeups = Closeups.of(full_run)
    for one in section.entries:
        rows = closeups.at(one, section).cuts.rows
        assert [row[0].endswith(" (chosen)") for row in rows].count(True) == 1
        assert len(rows) == (2 if one.row["algorithm"] == "dbscan" else 3)
        assert labels_file(one.row["labels_sha256"]) == f"labels/{one.row['labels_sha256'][:12]}.csv"


def test_agreement_reads_the_same_from_both_sides(full_run: Run) -> None:
    closeups = Closeups.of(full_run)
    hashes = list(dict.fromkeys(full_run.board.table["labels_sha256"]))
    for one, other in itertools.combinations(hashes, 2):
        assert closeups.index("cards", one, other) == closeups.index("cards", other, one)
    assert closeups.index("cards", hashes[0], hashes[0]) == 1.0
    assert closeups.index("nowhere", hashes[0], hashes[0]) is None


def test_the_numbers_for_the_page_have_the_shape_that_they_promise(any_run: Run) -> None:
    sections = sections_of(any_run)
    for board, section in zip(payload(any_run, sections)["boards"], sections, strict=True):
        width = len(board["datasets"]) * len(board["metrics"]) * len(board["spaces"])
        assert len(board["entries"]) == len(board["values"]) == len(board["stability"]) == len(section.entries)
        assert all(len(row) == width for row in board["values"])
        assert all(len(row) == len(board["datasets"]) for row in board["stability"])
        assert all(len(row) == width for rows in board["other"].values() for row in rows.values())
        assert all(entry["dup"] <= place for place, entry in enumerate(board["entries"]))
        assert [entry["control"] for entry in board["entries"]] == [one.control for one in section.entries]


def test_the_numbers_for_the_board_over_all_tables_are_those_of_its_tables(two_tables: Run) -> None:
    sections = sections_of(two_tables)
    found = payload(two_tables, sections)["boards"][0]
    assert found["datasets"] == ["cards", "wine"]
    key = ["dataset", "algorithm", "params", "variant", "k_policy"]
    rows = {tuple(row[name] for name in key): row for row in two_tables.board.table.to_dict("records")}
    places = list(itertools.product(found["datasets"], [m["name"] for m in found["metrics"]], found["spaces"]))
    compared = 0
    for entry, values in zip(sections[0].entries, found["values"], strict=True):
        for (dataset, metric, space), value in zip(places, values, strict=True):
            row = rows.get((dataset, *(entry.row[name] for name in key[1:])))
            assert (row is None) == (value is None)
            if row is not None:
                assert value == pytest.approx(row[f"{metric}@{space}"], abs=10.0 ** -get_metric(metric).digits)
                compared += 1
    assert compared > len(places)


def test_the_document_counts_every_cell_and_every_entry(any_run: Run) -> None:
    document = json.loads(leaderboard_json(any_run))
    assert sum(document["cells"].values()) == len(any_run.cells)
    assert sum(len(board["entries"]) for board in document["boards"]) == len(any_run.board.table)
    assert len(document["rejected"]) == len(any_run.board.rejected)
    for board in document["boards"]:
        assert [e["rank"] for e in board["entries"]] == sorted(e["rank"] for e in board["entries"])


def test_a_citation_names_version_benchmark_and_data_on_one_line(mixed_run: Run) -> None:
    text = citation(mixed_run)
    assert text.startswith(
        "clusterbench 0.1.0 (commit 0123456789ab, with changes), benchmark demo (SHA-256 abababababab), data cards"
        " (SHA-256 "
    )
    bare = Run("demo", mixed_run.plan, {}, mixed_run.cells, mixed_run.scores, mixed_run.board)
    assert citation(bare).startswith("clusterbench unknown, benchmark demo (SHA-256 unknown)")
    assert "\n" not in text
