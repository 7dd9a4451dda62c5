"""What a run has besides its leaderboard: notices, refusals, failures, ranks under other rules."""

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from clusterbench.ranking import Alert, AlertKind, Severity
from clusterbench.report.entry_views import (
    Board,
    Entry,
    dataset_title,
    entries_by_dataset,
    entry_names,
)
from clusterbench.report.model import Notice, Table, text_table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, settings, share
from clusterbench.report.plain_rows import LabelScore
from clusterbench.results import StoredRun
from clusterbench.statuses import WITHOUT_LABELS, CellStatus
from clusterbench.structure import StructureVerdict
from clusterbench.tables import ENTRY_KEY, OVERALL
from clusterbench.text import counted, printable

_MOST_BY_DATASET = 300


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


def verdicts(run: StoredRun) -> list[str]:
    """Return whether there is structure in each dataset, except where a notice says that there is none."""
    several = len(run.record.datasets) > 1
    return [
        printable(f"{finding.dataset}: {finding.text}" if several else finding.text)
        for finding in run.record.structure
        if finding.verdict is not StructureVerdict.NOT_FOUND
    ]


def _notice(alert: Alert) -> Notice:
    text = f"with the true k given, {alert.text}" if alert.oracle else alert.text
    place = dataset_title(alert.dataset) if alert.dataset else ""
    return Notice(printable(text), place, alert.severity is Severity.SERIOUS, alert.kind)


def outcome_counts(run: StoredRun) -> str:
    """Return how all cells ended: ``56 partitions: 42 ok, 12 rejected, 2 timeout``."""
    counts = run.cells["status"].value_counts()
    parts = [f"{counts[status.value]:,} {status_text(status)}" for status in CellStatus if counts.get(status.value)]
    return f"{counted(len(run.cells), 'partition')}: {', '.join(parts) or 'none'}"


def competitors(entries: Sequence[Entry]) -> str:
    """Return who is on a board: ``45 contenders and 18 controls``."""
    controls = sum(entry.control for entry in entries)
    contenders = counted(len(entries) - controls, "contender")
    return f"{contenders} and {counted(controls, 'control')}" if controls else contenders


def rejected_table(run: StoredRun) -> Table:
    """Return the entries without a rank, each with its reason."""
    names = entry_names(run)
    rows = [
        (
            *(row["dataset"], names.setting(row["algorithm"], row["params"]), row["variant"]),
            *(status_text(row["status"]), row["reason"], settings(row["cut"]), fixed(row["k"], 0)),
            NOTHING if is_missing(row["largest"]) else f"{fixed(row['largest'], 0)} to {fixed(row['smallest'], 0)}",
            *(share(row["noise_share"]), fixed(row["silhouette"], 3), row["cells"]),
        )
        for row in run.board.rejected.to_dict("records")
    ]
    about_cut = ("Cut shown", "k", "Sizes", "Noise", "Silhouette")
    header = ("Dataset", "Algorithm", "Variant", "Status", "Reason", *about_cut, "All partitions")
    caption = "Entries without a rank, each with its best cut; the silhouette is the mean over the reference spaces"
    return text_table(caption, header, rows, numeric=(6, 7, 8, 9))


def refused_table(run: StoredRun) -> Table:
    """Return the labelings that lost their rank, grouped by where they come from."""
    names = entry_names(run)
    refused = run.cells[run.cells["status"].isin([CellStatus.REJECTED.value, CellStatus.UNDEFINED.value])]
    rows = []
    for (dataset, algorithm, params, variant, status), part in _grouped(refused, [*ENTRY_KEY, "status"]).items():
        reasons = part["reason"].unique()
        reason = f"{reasons[0]} (and {len(reasons) - 1} more like it)" if len(reasons) > 1 else reasons[0]
        cuts = ", ".join(map(settings, part["cut"].unique()))
        rows.append((dataset, names.setting(algorithm, params), variant, status_text(status), len(part), cuts, reason))
    verb = "was rejected by the gate or is" if len(refused) == 1 else "were rejected by the gate or are"
    caption = f"{len(refused):,} of {counted(len(run.cells), 'partition')} {verb} no clustering"
    header = ("Dataset", "Algorithm", "Variant", "Status", "Partitions", "Cuts", "Reason")
    return text_table(caption, header, rows, numeric=(4,))


def failure_table(run: StoredRun) -> Table:
    """Return the cells without a labeling, grouped by reason."""
    failed = run.cells[run.cells["status"].isin([status.value for status in WITHOUT_LABELS])]
    rows = []
    for (status, algorithm, reason), part in sorted(_grouped(failed, ["status", "algorithm", "reason"]).items()):
        places = (part["dataset"] + " / " + part["variant"]).unique()
        where = ", ".join(places[:4]) + (f" and {len(places) - 4} more" if len(places) > 4 else "")
        rows.append((status_text(status), algorithm, reason, len(part), where))
    caption = f"{len(failed):,} of {counted(len(run.cells), 'partition')} asked for could not be made"
    return text_table(caption, ("Status", "Algorithm", "Reason", "Partitions", "Where"), rows, numeric=(3,))


def _grouped(frame: pd.DataFrame, by: Sequence[str]) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return the rows of a frame by the values of some columns as text, in their order."""
    return {tuple(map(str, key)): part for key, part in frame.groupby(list(by), sort=False)}


def dataset_table(board: Board, boards: Sequence[Board]) -> Table:
    """Return the ranks of the entries of the board over all datasets on each of them; nothing for another board."""
    if not board.overall:
        return Table("Ranks by dataset")
    places = entries_by_dataset(board, boards)
    rows = [
        (entry.label, entry.rank, *(NOTHING if one is None else one.rank for one in place))
        for entry, place in zip(board.entries[:_MOST_BY_DATASET], places, strict=False)
    ]
    header = ("Entry", "All", *board.datasets)
    return text_table("Rank of each entry on each dataset", header, rows, numeric=range(1, len(header)))


MeanScores = Mapping[tuple[str, str], tuple[float, str]]
"""(metric, space) to the mean over seeds and, where that is NaN because a seed has no score, the reason."""


def mean_scores(scores: Iterable[LabelScore]) -> MeanScores:
    """Return the means of the scores of one entry over its seeds."""
    values: dict[tuple[str, str], list[float]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for one in scores:
        values.setdefault((one.metric, one.space), []).append(one.value)
        if is_missing(one.value):
            reasons.setdefault((one.metric, one.space), printable(one.reason))
    return {
        key: (math.nan, reasons[key]) if key in reasons else (sum(of_seeds) / len(of_seeds), "")
        for key, of_seeds in values.items()
    }


def status_text(status: str) -> str:
    """Return a status as it is printed: ``out of memory``."""
    return status.replace("_", " ")
