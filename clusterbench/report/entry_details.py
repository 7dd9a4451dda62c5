"""The drill-down of an entry: what it is, how it came about, and how to check it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.metrics import METRICS
from clusterbench.report.board_table import BoardTable
from clusterbench.report.closeup import Closeup, Closeups
from clusterbench.report.facts import Table, mean_scores
from clusterbench.report.printed import (
    NOTHING,
    fixed,
    is_nothing,
    plain_value,
    readable,
    score_text,
    share,
    significant,
)
from clusterbench.report.printed_rules import variant_text
from clusterbench.report.report_entries import Entry, command
from clusterbench.results import Run
from clusterbench.tables import OVERALL, OWN
from clusterbench.verification import entry_target

_MOST_MESSAGES = 8
MOST_DETAILS = 300
"""Entries of a board that get a drill-down: a page of thousands could not be opened."""


@dataclass(frozen=True, slots=True, eq=False)
class DrillDown:
    """All that a page tells about one entry beyond its row.

    Attributes
    ----------
    facts : tuple of (str, str)
    seeds : Table
        One row per seed: labels, sizes, times.
    scores : Table
        Metric x space, means over seeds; the first column of values is the own space, which is not ranked.
    more : tuple of (str, str)
        Columns of the leaderboard that its table does not show.
    messages : tuple of str
        Warnings of the algorithm, and other things it told.
    commands : tuple of str
        What fits the row again with all its seeds and compares it, what runs its cells from the benchmark's file into
        folders of their own, and what gives its labels.
    closeup : Closeup
    """

    entry: Entry
    facts: tuple[tuple[str, str], ...]
    seeds: Table
    scores: Table
    more: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]
    commands: tuple[str, ...]
    closeup: Closeup
    has_policies: bool


def details_of(run: Run, table: BoardTable, closeups: Closeups) -> list[DrillDown]:
    """Return the drill-downs of the first entries of a board, in its order."""
    return [_details(run, table, entry, closeups) for entry in table.section.entries[:MOST_DETAILS]]


def _details(run: Run, table: BoardTable, entry: Entry, closeups: Closeups) -> DrillDown:
    return DrillDown(
        entry,
        facts=tuple(_facts(run, entry)),
        seeds=_seed_table(entry),
        scores=_score_table(run, entry),
        more=tuple(_more(run, table, entry)),
        messages=tuple(_messages(entry)),
        commands=tuple(_commands(run, entry)),
        closeup=closeups.at(entry, table.section),
        has_policies=bool(len(run.details.policies)),
    )


def _commands(run: Run, entry: Entry) -> Iterator[str]:
    for row in _rows_of(run, entry):
        target = entry_target(run.cells, row)
        words = ["clusterbench", "reproduce", *(["--"] if target.startswith("-") else []), target, run.name]
        yield readable(shlex.join(words))
    # In the folders of the run nothing would be computed, and a part would stand there beside the whole.
    yield f"{command(run, entry.row)} --results again --reports again"
    for sha in dict.fromkeys(sha[:12] for sha in entry.cells["labels_sha256"] if not is_nothing(sha)):
        yield f"clusterbench labels {sha}"


def _rows_of(run: Run, entry: Entry) -> Iterable[Mapping[str, Any]]:
    """Return the row of an entry, or, on the board over all datasets, its row on each of them."""
    if entry.row["dataset"] != OVERALL:
        return [entry.row]
    table = run.board.table
    same = [table[name] == entry.row[name] for name in ("algorithm", "params", "variant", "k_policy")]
    mine = table[(table["dataset"] != OVERALL) & np.logical_and.reduce(same)]
    return ({str(name): value for name, value in row.items()} for row in mine.to_dict("records"))


def _facts(run: Run, entry: Entry) -> list[tuple[str, str]]:
    row = entry.row
    declared = run.record.algorithms[row["algorithm"]]
    found = [
        ("Algorithm", f"{row['algorithm']}: {declared.summary}"),
        ("Parameters", str(row["params"])),
        ("Variant", f"{row['variant']}: {variant_text(run, row['variant'])}"),
        ("k policy", str(row["k_policy"])),
        ("Cut", NOTHING if is_nothing(row["cut"]) else str(row["cut"])),
    ]
    if declared.optimises:
        titles = [METRICS[name].title if name in METRICS else name for name in declared.optimises]
        found.append(("Optimises", f"{', '.join(titles)}: this algorithm's own objective, so it is at home there"))
    if row["flags"]:
        found.append(("Missing", str(row["flags"])))
    return [(term, readable(text)) for term, text in found]


def _seed_table(entry: Entry) -> Table:
    rows = []
    for cell in entry.cells.to_dict("records"):
        sizes = " / ".join(map(str, cell["sizes"])) if isinstance(cell["sizes"], list | tuple) else NOTHING
        sha = NOTHING if is_nothing(cell["labels_sha256"]) else str(cell["labels_sha256"])[:12]
        row = (
            str(cell["seed"]), sha, sizes, share(cell["noise_share"]), significant(cell["fit_seconds"]),
            fixed(cell["peak_mb"], 1), significant(cell["inertia"], 6),
        )  # fmt: skip
        rows.append(row)
    header = ("Seed", "Labels", "Sizes", "Noise", "Fit (s)", "Peak (MB)", "Objective")
    return Table("Seeds", header, tuple(rows), numeric=(0, 3, 4, 5, 6))


def _score_table(run: Run, entry: Entry) -> Table:
    if not len(entry.scores):
        return Table("Scores", (), ())
    found = mean_scores(entry.scores)
    references = run.record.references[entry.row["dataset"]]
    rows = []
    for name in (*run.record.ranking.metrics, *(name for name in METRICS if name not in run.record.ranking.metrics)):
        if any((name, space) in found for space in (OWN, *references)):
            fields = [found.get((name, space)) for space in (OWN, *references)]
            texts = [NOTHING if f is None else f[1] or score_text(f[0], METRICS[name].digits) for f in fields]
            rows.append((METRICS[name].title, *texts))
    header = ("Metric", "own space, not ranked", *(readable(reference) for reference in references))
    return Table("Scores, mean over seeds", header, tuple(rows), numeric=tuple(range(1, len(header))))


def _more(run: Run, table: BoardTable, entry: Entry) -> list[tuple[str, str]]:
    printed = {heading.name for heading in table.headings} | {"rank_low", "rank_high", "labels_sha256", "params", "cut"}
    identity = {"dataset", "algorithm", "k_policy", "flags", "control", "oracle", "pareto", "seeds"}
    others = [c for c in run.board.columns if c.name not in printed | identity and "@" not in c.name]
    shown = [(readable(column.title), readable(column.show(entry.row[column.name]))) for column in others]
    return [(title, text) for title, text in shown if text]


def _messages(entry: Entry) -> list[str]:
    found: dict[str, None] = {}
    for text in entry.cells["info"]:
        info = json.loads(text) if isinstance(text, str) and text else {}
        found.update(dict.fromkeys(info.pop("warnings", [])))
        if info:
            found[", ".join(f"{name} = {plain_value(value)}" for name, value in info.items())] = None
    return [readable(message)[:400] for message in list(found)[:_MOST_MESSAGES]]
