"""What became of a run beside its leaderboard: notices, refusals, failures, other rules, in printed form."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from clusterbench.metrics import METRICS
from clusterbench.ranking import Alert, AlertKind, Severity
from clusterbench.report.printed import NOTHING, fixed, is_nothing, readable, settings, share
from clusterbench.report.report_entries import Entry, EntryNames
from clusterbench.results import Run
from clusterbench.statuses import CellStatus
from clusterbench.tables import OVERALL

_MOST_VARIED = 300
_REFUSED = (CellStatus.REJECTED, CellStatus.UNDEFINED)
_TROUBLE = (CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY, CellStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of text. `numeric` are the positions of columns of numbers."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before reading a rank: of which dataset ("" for the run), and how grave it is."""

    text: str
    place: str = ""
    serious: bool = False

    @property
    def full_text(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


def notices(run: Run) -> list[Notice]:
    """Return what a reader must know before reading a rank: the serious first, then by dataset."""
    alerts = [*run.board.alerts, *run.record.warnings]
    if run.record.selection:
        text = (
            f"This is a part of the benchmark ({run.record.selection}): a different leaderboard, ranked among what is"
            " shown here and not comparable with the whole."
        )
        alerts.insert(0, Alert(AlertKind.SELECTION, text))
    order = ["", *(place_title(place) for place in (OVERALL, *run.record.datasets))]
    notices = dict.fromkeys(map(_notice, alerts))
    return sorted(notices, key=lambda notice: (not notice.serious, order.index(notice.place)))


def notice_groups(found: Sequence[Notice]) -> list[tuple[str, list[str]]]:
    """Return notices by their dataset, as (dataset, texts)."""
    groups: dict[str, list[str]] = {}
    for notice in found:
        groups.setdefault(notice.place, []).append(notice.text)
    return list(groups.items())


def _notice(alert: Alert) -> Notice:
    text = f"with the true k given, {alert.text}" if alert.oracle else alert.text
    place = place_title(alert.dataset) if alert.dataset else ""
    return Notice(readable(text), place, alert.severity is Severity.SERIOUS)


def place_title(dataset: str) -> str:
    """Return the name of a dataset as it is printed; of all together, in words."""
    return "all datasets" if dataset == OVERALL else readable(dataset)


def outcome_counts(run: Run) -> str:
    """Return how all cells ended, in words: ``56 cells: 42 ok, 12 rejected, 2 timeout``."""
    counts = run.cells["status"].value_counts()
    parts = [f"{counts[status.value]} {_words(status.value)}" for status in CellStatus if counts.get(status.value)]
    return f"{counted(len(run.cells), 'cell')}: {', '.join(parts) or 'none'}"


def counted(number: int, word: str) -> str:
    """Return a number with its word: ``1 cell``, ``2 cells``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def field_of(entries: Sequence[Entry]) -> str:
    """Return who is on a board, in words: ``45 contenders and 18 controls``."""
    controls = sum(entry.control for entry in entries)
    contenders = counted(len(entries) - controls, "contender")
    return f"{contenders} and {counted(controls, 'control')}" if controls else contenders


def rejected_table(run: Run) -> Table:
    """Return the entries without a rank, each with its reason."""
    names = EntryNames.of(run)
    rows = []
    for row in run.board.rejected.to_dict("records"):
        k, largest, smallest = (fixed(row[name], 0) for name in ("k", "largest", "smallest"))
        fields = (
            row["dataset"],
            names.name(row["algorithm"], row["params"]),
            row["variant"],
            _words(row["status"]),
            row["reason"],
            settings(row["cut"]),
            k,
            f"{largest} to {smallest}" if largest != NOTHING else NOTHING,
            share(row["noise_share"]),
            fixed(row["silhouette"], 3),
            row["cells"],
        )
        rows.append(tuple(readable(field) for field in fields))
    about_cut = ("Cut shown", "k", "Sizes", "Noise", "Silhouette")
    header = ("Dataset", "Algorithm", "Variant", "Status", "Reason", *about_cut, "All cells")
    caption = "Entries without a rank; the cut shown is the most telling, its silhouette that of the reference spaces"
    return Table(caption, header, tuple(rows), numeric=(6, 7, 8, 9))


def refused_table(run: Run) -> Table:
    """Return the labelings that lost their rank, grouped by where they come from."""
    names = EntryNames.of(run)
    refused = run.cells[run.cells["status"].isin([status.value for status in _REFUSED])]
    key = ["dataset", "algorithm", "params", "variant", "status"]
    rows = []
    for (dataset, algorithm, params, variant, status), part in refused.groupby(key, sort=False):
        cuts = [settings(cut) for cut in dict.fromkeys(part["cut"])]
        reasons = list(dict.fromkeys(part["reason"]))
        more = f" (and {len(reasons) - 1} more like it)" if len(reasons) > 1 else ""
        name = names.name(str(algorithm), str(params))
        fields = (dataset, name, variant, _words(str(status)), str(len(part)), ", ".join(cuts), f"{reasons[0]}{more}")
        rows.append(tuple(readable(field) for field in fields))
    verb = "was rejected by the gate or is" if len(refused) == 1 else "were rejected by the gate or are"
    caption = f"{len(refused)} of {counted(len(run.cells), 'labeling')} {verb} no clustering"
    header = ("Dataset", "Algorithm", "Variant", "Status", "Cells", "Cuts", "Reason")
    return Table(caption, header, tuple(rows), numeric=(4,))


def failure_table(run: Run) -> Table:
    """Return the cells without a labeling, grouped by reason."""
    broken = run.cells[run.cells["status"].isin([status.value for status in _TROUBLE])]
    groups = broken.groupby(["status", "algorithm", "reason"], sort=True)
    rows = []
    for (status, algorithm, reason), part in groups:
        where = [f"{d} / {v}" for d, v in part[["dataset", "variant"]].drop_duplicates().itertuples(index=False)]
        shown = ", ".join(where[:4]) + (f" and {len(where) - 4} more" if len(where) > 4 else "")
        rows.append(tuple(readable(field) for field in (_words(str(status)), algorithm, reason, str(len(part)), shown)))
    caption = f"{len(broken)} of {counted(len(run.cells), 'cell')} ended without a labeling"
    return Table(caption, ("Status", "Algorithm", "Reason", "Cells", "Where"), tuple(rows), numeric=(3,))


def sensitivity_table(run: Run, dataset: str, *, oracle: bool) -> Table:
    """Return the ranks of the first entries of a board under every other rule, one column per rule."""
    names = EntryNames.of(run)
    frame = run.board.sensitivity
    frame = frame[(frame["dataset"] == dataset) & (frame["oracle"] == oracle)]
    others = list(dict.fromkeys(zip(frame["kind"], frame["what"], strict=True)))
    key = ["algorithm", "params", "variant", "k_policy"]
    table = run.board.table
    table = table[(table["dataset"] == dataset) & (table["oracle"] == oracle)]
    published = dict(zip(table[key].itertuples(index=False, name=None), table["rank"], strict=True))
    rows = []
    groups = frame.groupby(key, sort=False)
    for values, part in itertools.islice(groups, _MOST_VARIED):
        row = dict(zip(key, values, strict=True))
        ranks = {(kind, what): rank for kind, what, rank in part[["kind", "what", "rank"]].itertuples(index=False)}
        label = names.label({**row, "k": None})
        rows.append(
            (label, str(published[values]), *(str(ranks[rule]) if rule in ranks else NOTHING for rule in others))
        )
    titles = {name: metric.title for name, metric in METRICS.items()}
    header = ("Entry", "Published", *(readable(f"{kind} {titles.get(what, what)}") for kind, what in others))
    caption = "Published rank, and the rank under another rule: without a metric, by one alone, in one space alone, by"
    caption += " another noise policy"
    if groups.ngroups > len(rows):
        caption += f"; the first {len(rows)} of {groups.ngroups} entries"
    return Table(caption, header, tuple(rows), numeric=tuple(range(1, len(header))))


def mean_scores(scores: pd.DataFrame) -> dict[tuple[str, str], tuple[float, str]]:
    """Return, by (metric, space), the mean over seeds, and the reason where a seed has no score."""
    values: dict[tuple[str, str], list[float]] = {}
    reasons: dict[tuple[str, str], str] = {}
    columns = (scores[name].tolist() for name in ("metric", "space", "value", "reason"))
    for metric, space, value, reason in zip(*columns, strict=True):
        values.setdefault((metric, space), []).append(value)
        if is_nothing(value):
            reasons.setdefault((metric, space), readable(reason))
    return {
        key: (math.nan, reasons[key]) if key in reasons else (math.fsum(found) / len(found), "")
        for key, found in values.items()
    }


def _words(status: str) -> str:
    return status.replace("_", " ")
