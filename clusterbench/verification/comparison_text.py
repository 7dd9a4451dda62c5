"""A comparison as plain text for a terminal, a log or a pull request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from clusterbench.naming import EntryNames, plain_value
from clusterbench.verification.comparison import (
    CellKey,
    Comparison,
    EntryKey,
    FailureChange,
    LabelChange,
    ManifestChange,
    Move,
    ScoreChange,
    counted,
)
from clusterbench.verification.equality import printable

_SHOWN = 20
_HASH_DIGITS = 16
_T = TypeVar("_T")


def comparison_text(comparison: Comparison, *, shown: int = _SHOWN) -> str:
    """Return a comparison as plain text, at most `shown` lines a section; a section without content is left out."""
    names = _Names(comparison)
    found = comparison
    lines = [f"A  {found.a}", f"B  {found.b}", "", *_summary(found)]
    sections: list[tuple[str, list[str]]] = [
        ("Declared otherwise", _listed(found.rules, _change, shown)),
        ("Entries that moved", _listed(found.moves, names.move, shown)),
        ("Ranked in A only", _listed(found.only_a, names.entry, shown)),
        ("Ranked in B only", _listed(found.only_b, names.entry, shown)),
        ("Scores that differ for equal labels", _listed(found.scores, _score, shown)),
        ("Labels that differ for the same declaration", _listed(found.labels, names.label, shown)),
        ("Cells with labels on one side only", _listed(found.failures, names.failure, shown)),
        ("Made on", _listed(found.manifest, _change, shown)),
        (
            "Fit time of B over A (median over cells)",
            [f"{time.algorithm}: {time.ratio:.2f} ({time.n_cells})" for time in found.fit_times],
        ),
    ]
    for title, rows in sections:
        if rows:
            lines += ["", title, *(f"  {row}" for row in rows)]
    lines += ["", _verdict(found)]
    return "\n".join(printable(line) for line in lines)


def _summary(found: Comparison) -> list[str]:
    lines = [
        f"{counted(found.n_entries, 'entry', 'entries')} on both boards, {len(found.moves)} with another rank;"
        f" {counted(found.n_cells, 'cell', 'cells')} on both sides, {len(found.labels)} with other labels;"
        f" {counted(found.n_scores, 'score', 'scores')} of equal labels, {len(found.scores)} with another value."
    ]
    if found.cells_only_a or found.cells_only_b:
        lines.append(f"{found.cells_only_a} cells are in A only, {found.cells_only_b} in B only.")
    if found.n_by_other_rule:
        scores = counted(found.n_by_other_rule, "score", "scores")
        lines.append(f"{scores} of labelings with noise not compared: the sides declare other noise policies.")
    if found.moves and (found.only_a or found.only_b):
        lines.append("The boards have other entries: some may have moved because of who joined or left.")
    return lines


def _verdict(found: Comparison) -> str:
    unknown = sum(move.by > 0 and move.beyond is None and not move.control for move in found.moves)
    told = f" No rank interval is known for {counted(unknown, 'entry', 'entries')} that fell." if unknown else ""
    if found.gone:
        entries = counted(len(found.gone), "entry", "entries")
        told += f" Not judged: {entries} of A that B did not run, or not by that k policy."
    if found.worse:
        return f"B is worse: {'; '.join(found.worse)}.{told}"
    return f"B is not worse: nothing fell beyond its interval, failed, or scores otherwise for equal labels.{told}"


class _Names:
    """Names of entries and cells, with those parameters alone that tell the settings of both sides apart."""

    def __init__(self, found: Comparison) -> None:
        keys: list[EntryKey | CellKey] = [move.entry for move in found.moves]
        keys += [*found.only_a, *found.only_b]
        keys += [change.cell for change in found.labels]
        keys += [change.cell for change in found.failures]
        self._names = EntryNames.of([*found.settings, *((key.algorithm, key.params) for key in keys)])

    def entry(self, key: EntryKey) -> str:
        return f"{key.dataset}: {self._names.setting(key.algorithm, key.params)}, {key.variant}, k {key.k_policy}"

    def cell(self, key: CellKey) -> str:
        name = self._names.setting(key.algorithm, key.params)
        return f"{key.dataset}: {name}, {key.variant}, {_cut(key.cut)}, seed {key.seed}"

    def move(self, move: Move) -> str:
        way = "fell" if move.by > 0 else "rose"
        how = {True: "beyond its interval", False: "within its interval", None: "no interval known"}[move.beyond]
        cut = f"; {_cut(move.cut_a)} -> {_cut(move.cut_b)}" if move.cut_a != move.cut_b else ""
        control = " [control]" if move.control else ""
        ranks = f"{move.rank_a}{_range(move.interval_a)} -> {move.rank_b}{_range(move.interval_b)}"
        return f"{way} by {abs(move.by)}: {ranks}, {how}{cut}; {self.entry(move.entry)}{control}"

    def label(self, change: LabelChange) -> str:
        hashes = f"{change.sha256_a[:_HASH_DIGITS]} -> {change.sha256_b[:_HASH_DIGITS]}"
        cause = _data(change.same_data)
        if change.unexplained:
            cause = ", though data, declaration and versions are the same"
        elif change.same_data:
            cause = ", the data are the same, versions or declaration not or not known to be"
        return f"{self.cell(change.cell)}: {hashes}{cause}"

    def failure(self, change: FailureChange) -> str:
        reason = f" ({change.reason})" if change.reason else ""
        return f"{self.cell(change.cell)}: {change.status_a} -> {change.status_b}{reason}"


def _score(change: ScoreChange) -> str:
    space = change.space if change.variant is None else f"{change.space} ({change.variant})"
    rule = "" if change.same_rule else ", the noise policy may differ"
    values = f"{change.a} -> {change.b}{_data(change.same_data)}{rule}"
    return f"{change.dataset}: {change.metric} in {space} of {change.labels_sha256[:_HASH_DIGITS]}: {values}"


def _change(change: ManifestChange) -> str:
    return f"{change.what}: {change.a} -> {change.b}"


def _data(same: bool | None) -> str:
    return {True: "", False: ", the data differ", None: ", the data may differ"}[same]


def _range(interval: tuple[int, int] | None) -> str:
    return "" if interval is None else f" [{interval[0]}-{interval[1]}]"


def _cut(text: str | None) -> str:
    return "no cut" if text is None else ", ".join(f"{k}={plain_value(v)}" for k, v in json.loads(text).items())


def _listed(rows: Sequence[_T], words: Callable[[_T], str], shown: int) -> list[str]:
    lines = [words(row) for row in rows[:shown]]
    return [*lines, f"... and {len(rows) - shown} more"] if len(rows) > shown else lines
