"""The details of an entry: what it is, how its labels came about, and how to check them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clusterbench.naming import plain_value
from clusterbench.report.closeup import Closeups, labels_file
from clusterbench.report.entry_views import ENTRY_IDENTITY, Board, Entry, run_command
from clusterbench.report.methodology import variant_text
from clusterbench.report.model import BoardTable, EntryDetails, Table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, score_text, share, significant
from clusterbench.report.outcome_summary import mean_scores
from clusterbench.results import StoredRun
from clusterbench.tables import OVERALL, OWN
from clusterbench.text import printable
from clusterbench.verification import entry_target

_MOST_MESSAGES = 8
MOST_DETAILS = 300
"""Entries of a board that get details: a page of thousands could not be opened."""


def details_of(board: Board, table: BoardTable, closeups: Closeups) -> list[EntryDetails]:
    """Return the details of the first entries of a board, in its order."""
    return [_details(board, table, entry, closeups) for entry in board.entries[:MOST_DETAILS]]


def _details(board: Board, table: BoardTable, entry: Entry, closeups: Closeups) -> EntryDetails:
    run, sha = board.run, entry.row["labels_sha256"]
    return EntryDetails(
        entry,
        facts=tuple(_facts(board, entry)),
        seeds=_seed_table(entry),
        scores=_score_table(board, entry),
        more=tuple(_more(run, table, entry)),
        messages=tuple(_messages(entry)),
        commands=tuple(check_commands(run, entry)),
        view=closeups.view(entry, board),
        clusters=closeups.clusters(entry, board),
        policies=closeups.noise_policies(entry, board),
        cuts=closeups.cuts(entry, board),
        has_policies=bool(len(run.details.policies)),
        alike=tuple(closeups.alike(entry, board)),
        labels_file=labels_file(sha) if sha in run.details.labels else "",
    )


def check_commands(run: StoredRun, entry: Entry) -> Iterator[str]:
    """Yield the commands that check an entry; on the board over all datasets, those of its row on each dataset."""
    for row in _rows_of(run, entry):
        target = entry_target(run.cells, row)
        words = ["clusterbench", "reproduce", *(["--"] if target.startswith("-") else []), target, run.name]
        yield printable(shlex.join(words))
    # Into other folders: in those of the run nothing would be computed, and a part would replace the whole.
    yield f"{run_command(run, entry.row)} --results again --reports again"
    for sha in dict.fromkeys(sha[:12] for sha in entry.cells["labels_sha256"] if not is_missing(sha)):
        yield f"clusterbench labels {sha}"


def _rows_of(run: StoredRun, entry: Entry) -> Iterable[Mapping[str, Any]]:
    if entry.row["dataset"] != OVERALL:
        return [entry.row]
    table = run.board.table[run.board.table["dataset"] != OVERALL]
    mine = (table[list(ENTRY_IDENTITY)].astype(str) == list(entry.key)).all(axis=1)
    return ({str(name): value for name, value in row.items()} for row in table[mine].to_dict("records"))


def _facts(board: Board, entry: Entry) -> list[tuple[str, str]]:
    row = entry.row
    declared = board.run.record.algorithms[row["algorithm"]]
    facts = [
        ("Algorithm", f"{row['algorithm']}: {declared.summary}"),
        ("Parameters", str(row["params"])),
        ("Variant", f"{row['variant']}: {variant_text(board.run, row['variant'])}"),
        ("k policy", str(row["k_policy"])),
        ("Cut", NOTHING if is_missing(row["cut"]) else str(row["cut"])),
    ]
    if declared.optimises:
        titles = [board.metrics[name].title if name in board.metrics else name for name in declared.optimises]
        facts.append(("Optimises", f"{', '.join(titles)}: equal to this algorithm's own objective, which favours it"))
    if row["flags"]:
        facts.append(("Missing", str(row["flags"])))
    return [(term, printable(text)) for term, text in facts]


def _seed_table(entry: Entry) -> Table:
    rows = []
    for cell in entry.cells.to_dict("records"):
        sizes = " / ".join(map(str, cell["sizes"])) if isinstance(cell["sizes"], list | tuple) else NOTHING
        sha = NOTHING if is_missing(cell["labels_sha256"]) else str(cell["labels_sha256"])[:12]
        row = (
            str(cell["seed"]), sha, sizes, share(cell["noise_share"]), significant(cell["fit_seconds"]),
            fixed(cell["peak_mb"], 1), significant(cell["inertia"], 6),
        )  # fmt: skip
        rows.append(row)
    header = ("Seed", "Labels", "Sizes", "Noise", "Fit (s)", "Peak (MB)", "Objective")
    return Table("Seeds", header, tuple(rows), numeric=(0, 3, 4, 5, 6))


def _score_table(board: Board, entry: Entry) -> Table:
    if not len(entry.scores):
        return Table("Scores")
    means = mean_scores(entry.scores)
    rows = []
    for name, metric in board.metrics.items():
        scores = [means.get((name, space)) for space in (OWN, *board.spaces)]
        if any(score is not None for score in scores):
            texts = [NOTHING if s is None else s[1] or score_text(s[0], metric.digits) for s in scores]
            rows.append((metric.title, *texts))
    header = ("Metric", "own space, not ranked", *map(printable, board.spaces))
    return Table("Scores, mean over seeds", header, tuple(rows), numeric=tuple(range(1, len(header))))


def _more(run: StoredRun, table: BoardTable, entry: Entry) -> list[tuple[str, str]]:
    printed = {heading.name for heading in table.headings} | {"rank_low", "rank_high", "labels_sha256", "params", "cut"}
    identity = {"dataset", "algorithm", "k_policy", "flags", "control", "oracle", "pareto", "seeds"}
    others = [c for c in run.board.columns if c.name not in printed | identity and "@" not in c.name]
    shown = [(printable(column.title), printable(column.show(entry.row[column.name]))) for column in others]
    return [(title, text) for title, text in shown if text]


def _messages(entry: Entry) -> list[str]:
    messages: dict[str, None] = {}
    for text in entry.cells["info"]:
        info = json.loads(text) if isinstance(text, str) and text else {}
        messages.update(dict.fromkeys(info.pop("warnings", [])))
        if info:
            messages[", ".join(f"{name} = {plain_value(value)}" for name, value in info.items())] = None
    return [printable(message)[:400] for message in list(messages)[:_MOST_MESSAGES]]
