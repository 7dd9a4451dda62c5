"""What a run found besides its leaderboard: notices, refusals, failures, ranks under other rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pandas as pd

from clusterbench.naming import EntryNames
from clusterbench.ranking import Alert, AlertKind, Severity
from clusterbench.report.entry_views import ENTRY_IDENTITY, Board, Entry, dataset_title, entry_label, metric_title
from clusterbench.report.model import Notice, Table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, settings, share
from clusterbench.results import StoredRun
from clusterbench.statuses import WITHOUT_LABELS, CellStatus
from clusterbench.tables import OVERALL
from clusterbench.text import counted, printable

_MOST_VARIED = 300
_REFUSED = (CellStatus.REJECTED, CellStatus.UNDEFINED)


def notices(run: StoredRun) -> list[Notice]:
    """Return what a reader must know before reading a rank: the serious first, then by dataset."""
    alerts = [*run.board.alerts, *run.record.warnings]
    if run.record.selection:
        text = (
            f"This is a part of the benchmark ({run.record.selection}): a different leaderboard, ranked among what is"
            " shown here and not comparable with the whole."
        )
        alerts.insert(0, Alert(AlertKind.SELECTION, text))
    order = ["", *(dataset_title(place) for place in (OVERALL, *run.record.datasets))]
    notices = dict.fromkeys(map(_notice, alerts))
    return sorted(notices, key=lambda notice: (not notice.serious, order.index(notice.place)))


def _notice(alert: Alert) -> Notice:
    text = f"with the true k given, {alert.text}" if alert.oracle else alert.text
    place = dataset_title(alert.dataset) if alert.dataset else ""
    return Notice(printable(text), place, alert.severity is Severity.SERIOUS)


def outcome_counts(run: StoredRun) -> str:
    """Return how all cells ended: ``56 cells: 42 ok, 12 rejected, 2 timeout``."""
    counts = run.cells["status"].value_counts()
    parts = [f"{counts[status.value]} {status_text(status.value)}" for status in CellStatus if counts.get(status.value)]
    return f"{counted(len(run.cells), 'cell')}: {', '.join(parts) or 'none'}"


def field_of(entries: Sequence[Entry]) -> str:
    """Return who is on a board: ``45 contenders and 18 controls``."""
    controls = sum(entry.control for entry in entries)
    contenders = counted(len(entries) - controls, "contender")
    return f"{contenders} and {counted(controls, 'control')}" if controls else contenders


def rejected_table(run: StoredRun) -> Table:
    """Return the entries without a rank, each with its reason."""
    names = EntryNames.of(run.cells[["algorithm", "params"]].itertuples(index=False, name=None))
    rows = []
    for row in run.board.rejected.to_dict("records"):
        k, largest, smallest = (fixed(row[name], 0) for name in ("k", "largest", "smallest"))
        fields = (
            row["dataset"],
            names.setting(row["algorithm"], row["params"]),
            row["variant"],
            status_text(row["status"]),
            row["reason"],
            settings(row["cut"]),
            k,
            f"{largest} to {smallest}" if largest != NOTHING else NOTHING,
            share(row["noise_share"]),
            fixed(row["silhouette"], 3),
            row["cells"],
        )
        rows.append(tuple(printable(field) for field in fields))
    about_cut = ("Cut shown", "k", "Sizes", "Noise", "Silhouette")
    header = ("Dataset", "Algorithm", "Variant", "Status", "Reason", *about_cut, "All cells")
    caption = "Entries without a rank, each with its best cut; the silhouette is the mean over the reference spaces"
    return Table(caption, header, tuple(rows), numeric=(6, 7, 8, 9))


def refused_table(run: StoredRun) -> Table:
    """Return the labelings that lost their rank, grouped by where they come from."""
    names = EntryNames.of(run.cells[["algorithm", "params"]].itertuples(index=False, name=None))
    refused = run.cells[run.cells["status"].isin([status.value for status in _REFUSED])]
    key = ["dataset", "algorithm", "params", "variant", "status"]
    rows = []
    for (dataset, algorithm, params, variant, status), part in refused.groupby(key, sort=False):
        cuts = [settings(cut) for cut in dict.fromkeys(part["cut"])]
        reasons = list(dict.fromkeys(part["reason"]))
        more = f" (and {len(reasons) - 1} more like it)" if len(reasons) > 1 else ""
        name = names.setting(str(algorithm), str(params))
        fields = (
            dataset,
            name,
            variant,
            status_text(str(status)),
            str(len(part)),
            ", ".join(cuts),
            f"{reasons[0]}{more}",
        )
        rows.append(tuple(printable(field) for field in fields))
    verb = "was rejected by the gate or is" if len(refused) == 1 else "were rejected by the gate or are"
    caption = f"{len(refused)} of {counted(len(run.cells), 'labeling')} {verb} no clustering"
    header = ("Dataset", "Algorithm", "Variant", "Status", "Cells", "Cuts", "Reason")
    return Table(caption, header, tuple(rows), numeric=(4,))


def failure_table(run: StoredRun) -> Table:
    """Return the cells without a labeling, grouped by reason."""
    broken = run.cells[run.cells["status"].isin([status.value for status in WITHOUT_LABELS])]
    groups = broken.groupby(["status", "algorithm", "reason"], sort=True)
    rows = []
    for (status, algorithm, reason), part in groups:
        where = [f"{d} / {v}" for d, v in part[["dataset", "variant"]].drop_duplicates().itertuples(index=False)]
        shown = ", ".join(where[:4]) + (f" and {len(where) - 4} more" if len(where) > 4 else "")
        rows.append(
            tuple(printable(field) for field in (status_text(str(status)), algorithm, reason, str(len(part)), shown))
        )
    caption = f"{len(broken)} of {counted(len(run.cells), 'cell')} ended without a labeling"
    return Table(caption, ("Status", "Algorithm", "Reason", "Cells", "Where"), tuple(rows), numeric=(3,))


def sensitivity_table(board: Board) -> Table:
    """Return the ranks of the first entries of a board under every other rule, one column per rule."""
    frame = board.run.board.sensitivity
    frame = frame[(frame["dataset"] == board.dataset) & (frame["oracle"] == board.oracle)]
    rules = list(dict.fromkeys(zip(frame["kind"], frame["what"], strict=True)))
    published = {entry.key: entry for entry in board.entries}
    rows = []
    groups = frame.groupby(list(ENTRY_IDENTITY), sort=False)
    for key, part in itertools.islice(groups, _MOST_VARIED):
        values = tuple(map(str, key))
        ranks = {(kind, what): rank for kind, what, rank in part[["kind", "what", "rank"]].itertuples(index=False)}
        label = entry_label(
            board.names, dict(zip(ENTRY_IDENTITY, values, strict=True)), several_policies=board.several_policies
        )
        rows.append((label, str(published[values].rank), *(str(ranks.get(rule, NOTHING)) for rule in rules)))
    header = ("Entry", "Published", *(f"{kind} {metric_title(board.metrics, what)}" for kind, what in rules))
    caption = "Published rank, and the rank under another rule: without a metric, by one alone, in one space alone, by"
    caption += " another noise policy"
    if groups.ngroups > len(rows):
        caption += f"; the first {len(rows)} of {groups.ngroups} entries"
    return Table(caption, tuple(map(printable, header)), tuple(rows), numeric=tuple(range(1, len(header))))


def mean_scores(scores: pd.DataFrame) -> dict[tuple[str, str], tuple[float, str]]:
    """Return, by (metric, space), the mean over seeds, and the reason where a seed has no score."""
    values: dict[tuple[str, str], list[float]] = {}
    reasons: dict[tuple[str, str], str] = {}
    columns = (scores[name].tolist() for name in ("metric", "space", "value", "reason"))
    for metric, space, value, reason in zip(*columns, strict=True):
        values.setdefault((metric, space), []).append(value)
        if is_missing(value):
            reasons.setdefault((metric, space), printable(reason))
    return {
        key: (math.nan, reasons[key]) if key in reasons else (sum(found) / len(found), "")
        for key, found in values.items()
    }


def status_text(status: str) -> str:
    """Return a status as it is printed: ``out of memory``."""
    return status.replace("_", " ")
