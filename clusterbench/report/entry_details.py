"""The details of an entry: what it is, how its labels came about, how good they are, and how to check them."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clusterbench.metrics import MetricFacts
from clusterbench.naming import Cut, plain_value
from clusterbench.report.cluster_view import View, view_of
from clusterbench.report.entry_views import Board, Entry, Row, grouped
from clusterbench.report.methodology import variant_text
from clusterbench.report.model import BoardTable, EntryDetails, Table, Terms, text_table
from clusterbench.report.number_text import (
    NOTHING,
    fixed,
    is_missing,
    number_of,
    score_text,
    settings,
    share,
    significant,
)
from clusterbench.report.outcome_summary import MeanScores, mean_scores, status_text
from clusterbench.results import StoredRun
from clusterbench.results.sampled_fits import FITTED_ROWS
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, ENTRY_IDENTITY, ENTRY_KEY, OVERALL, OWN
from clusterbench.text import printable
from clusterbench.verification import entry_target

_MOST_MESSAGES = 8
_MOST_ALIKE = 8
_MOST_IN_MATRIX = 60
_MOST_DETAILS = 300  # entries of a board that get details: a page of thousands could not be opened
# Hennig 2007, doi:10.1016/j.csda.2006.11.025, as in the documentation of clusterboot.
_READINGS = ((0.85, "highly stable"), (0.75, "valid, stable"), (0.6, "a pattern, in doubt"), (0.0, "not to be trusted"))


@dataclass(frozen=True, slots=True, eq=False)
class DetailTables:
    """The detailed tables of a run, grouped once."""

    run: StoredRun
    silhouettes: Mapping[tuple[str, ...], pd.DataFrame]  # by dataset and labels
    policies: Mapping[tuple[str, ...], pd.DataFrame]  # by dataset and labels
    cells: Mapping[tuple[str, ...], pd.DataFrame]  # by `ENTRY_KEY`
    scores: Mapping[tuple[str, ...], pd.DataFrame]  # by `ENTRY_KEY`
    points: Mapping[tuple[str, ...], pd.DataFrame]  # by dataset
    agreement: Mapping[tuple[str, str, str], float]  # by dataset and labels of two entries
    point_labels: Mapping[tuple[str, str], str]  # by dataset and labels

    @classmethod
    def of(cls, run: StoredRun) -> DetailTables:
        """Group the tables of a run by entry."""
        details, by_labels = run.details, ["dataset", "labels_sha256"]
        pairs = details.agreement[["dataset", "one", "other", "ari"]].itertuples(index=False, name=None)
        sampled = details.point_labels[[*by_labels, "labels"]].itertuples(index=False, name=None)
        return cls(
            run,
            silhouettes=grouped(details.silhouettes, by_labels),
            policies=grouped(details.policies, by_labels),
            cells=grouped(run.cells, ENTRY_KEY),
            scores=grouped(run.scores, ENTRY_KEY),
            points=grouped(details.points, ["dataset"]),
            agreement={key: ari for d, one, other, ari in pairs for key in ((d, one, other), (d, other, one))},
            point_labels={(dataset, sha): labels for dataset, sha, labels in sampled},
        )

    def ari(self, dataset: str, one: Entry, other: Entry) -> float | None:
        """Return the adjusted Rand index of the labels of two entries, None where it was not computed."""
        if one.labels_sha256 == other.labels_sha256:
            return 1.0 if (dataset, one.labels_sha256) in self.point_labels else None
        return self.agreement.get((dataset, one.labels_sha256, other.labels_sha256))


def details_of(board: Board, table: BoardTable, tables: DetailTables) -> list[EntryDetails]:
    """Return the details of the first entries of a board, in its order."""
    return [_details(board, table, entry, tables) for entry in board.entries[:_MOST_DETAILS]]


def _details(board: Board, table: BoardTable, entry: Entry, tables: DetailTables) -> EntryDetails:
    run = board.run
    return EntryDetails(
        entry,
        facts=_facts(board, entry),
        seeds=_seed_table(entry),
        scores=_score_table(board, entry),
        more=_more(run, table, entry),
        messages=_messages(entry),
        commands=tuple(map(printable, _check_commands(run, entry))),
        view=_view(board, entry, tables),
        clusters=_cluster_table(board, entry, tables),
        policies=_policy_table(board, entry, tables),
        cuts=_cut_table(board, entry, tables),
        has_policies=bool(len(run.details.policies)),
        alike=_alike(board, entry, tables),
        labels_file=labels_file(entry.labels_sha256) if entry.labels_sha256 in run.details.labels else "",
    )


def labels_file(sha256: str) -> str:
    """Return the path of the labels of an entry, in the folder of the report."""
    return f"labels/{sha256[:12]}.csv"


def stability_reading(jaccard: float) -> str:
    """Return what a mean Jaccard similarity of a cluster says of it, "" for NaN."""
    return next((words for least, words in _READINGS if jaccard >= least), "")


def _facts(board: Board, entry: Entry) -> Terms:
    row, variant = entry.row, str(entry.row["variant"])
    declared = board.run.record.algorithms[entry.algorithm]
    facts = {
        "Algorithm": f"{entry.algorithm}: {declared.summary}",
        "Parameters": row["params"],
        "Variant": f"{variant}: {variant_text(board.run, variant)}",
        "k policy": row["k_policy"],
        "Cut": NOTHING if is_missing(row["cut"]) else row["cut"],
    }
    if declared.optimises:
        titles = ", ".join(board.metrics[name].title if name in board.metrics else name for name in declared.optimises)
        facts["Optimises"] = f"{titles}: equal to this algorithm's own objective, which favours it"
    if not is_missing(rows := row.get(FITTED_ROWS)):
        stability = (
            ""
            if is_missing(row["stability"])
            else f"; agreement with other samples: {fixed(number_of(row['stability']), 3)}"
        )
        facts["Sampled"] = f"fitted to {rows} random rows; the others assigned by: {declared.assignment}{stability}"
    if row["flags"]:
        facts["Missing"] = row["flags"]
    return tuple((term, printable(text)) for term, text in facts.items())


def _seed_table(entry: Entry) -> Table:
    rows = [
        (
            cell["seed"],
            NOTHING if is_missing(cell["labels_sha256"]) else cell["labels_sha256"][:12],
            " / ".join(map(str, cell["sizes"])) if isinstance(cell["sizes"], list | tuple) else NOTHING,
            share(cell["noise_share"]),
            significant(cell["fit_seconds"]),
            fixed(cell["peak_mb"], 1),
            significant(cell["inertia"], 6),
        )
        for cell in entry.cells.to_dict("records")
    ]
    header = ("Seed", "Labels", "Sizes", "Noise", "Fit (s)", "Peak (MB)", "Objective")
    return text_table("Seeds", header, rows, numeric=(0, 3, 4, 5, 6))


def _score_table(board: Board, entry: Entry) -> Table:
    means, spaces = mean_scores(entry.scores), (OWN, *board.spaces)
    rows = [
        (metric.title, *(_score(means, metric, space) for space in spaces))
        for metric in board.metrics.values()
        if any((metric.name, space) in means for space in spaces)
    ]
    header = ("Metric", "own space, not ranked", *board.spaces)
    return text_table("Scores, mean over seeds", header, rows, numeric=range(1, len(header)))


def _score(means: MeanScores, metric: MetricFacts, space: str) -> str:
    """Return a mean score as text: its reason where there is none, a dash where it was not computed."""
    value, reason = means.get((metric.name, space), (math.nan, ""))
    return reason or score_text(value, metric.digits)


def _policy_table(board: Board, entry: Entry, tables: DetailTables) -> Table:
    """Return the scores of an entry under every noise policy; none where no row is noise."""
    record = board.run.record
    frames = [tables.policies.get((board.dataset, str(sha))) for sha in entry.cells["labels_sha256"]]
    known = [frame for frame in frames if frame is not None]
    if not entry.n_noise or not record.policies or len(known) < len(frames):
        return Table("Noise policies")
    every = pd.concat(known, ignore_index=True)
    means = [mean_scores(every[every["policy"] == policy]) for policy in record.policies]
    rows = [
        (f"{metric.title}, {space}", *(_score(one, metric, space) for one in means))
        for metric in board.metrics.values()
        for space in board.spaces
        if any((metric.name, space) in one for one in means)
    ]
    header = ("Score", *(f"{p}, declared" if p == record.noise else p for p in record.policies))
    caption = f"Scores under every noise policy ({entry.n_noise} rows are noise), means over seeds"
    return text_table(caption, header, rows, numeric=range(1, len(header)))


def _cut_table(board: Board, entry: Entry, tables: DetailTables) -> Table:
    """Return the scores of every cut of an entry's algorithm, parameters and variant."""
    key = tuple(str(entry.row[name]) for name in ENTRY_KEY)
    if key not in tables.cells or key not in tables.scores:
        return Table("Scores against k")
    metrics = [board.metrics[name] for name in board.run.record.ranking.metrics]
    columns = [(metric, space) for metric in metrics for space in board.spaces]
    by_cut = grouped(tables.scores[key], ["cut"])
    rows = []
    for (cut,), cells in grouped(tables.cells[key], ["cut"]).items():
        means = mean_scores(by_cut[cut,]) if (cut,) in by_cut else {}
        clusters = cells["n_clusters"].dropna().astype(float)
        k = fixed(clusters.mean(), 0 if clusters.nunique() == 1 else 1)  # noqa: PD101
        statuses = ["passed" if status == CellStatus.OK else status_text(status) for status in cells["status"]]
        scores = (score_text(means.get((m.name, space), (math.nan, ""))[0], m.digits) for m, space in columns)
        chosen = " (chosen)" if cut == entry.row["cut"] else ""
        rows.append((settings(cut) + chosen, k, ", ".join(dict.fromkeys(statuses)), *scores))
    header = ("Cut", "Clusters", "Gate", *(f"{metric.title}, {space}" for metric, space in columns))
    caption = "Scores against k: every cut that was run, means over seeds"
    return text_table(caption, header, rows, numeric=(1, *range(3, len(header))))


def _cluster_table(board: Board, entry: Entry, tables: DetailTables) -> Table:
    """Return rows, silhouette and stability of each cluster."""
    silhouettes = tables.silhouettes.get((board.dataset, entry.labels_sha256))
    if silhouettes is None:
        return Table("Clusters")
    spaces = list(dict.fromkeys(silhouettes["space"]))
    values = silhouettes.set_index(["space", "cluster"])["silhouette"].to_dict()
    key = tuple(str(entry.row[name]) for name in ("dataset", "variant", "algorithm", "params", "cut"))
    jaccards = board.run.details.jaccards.get(key, ())
    rows = []
    for cluster, size in enumerate(entry.sizes):
        scores = [fixed(values.get((space, cluster)), 3) for space in spaces]
        jaccard = jaccards[cluster] if cluster < len(jaccards) else math.nan
        rows.append((cluster, size, *scores, fixed(jaccard, 2), stability_reading(jaccard)))
    sampled = "; of a sample of rows" if silhouettes["rows"].max() < sum(entry.sizes) + entry.n_noise else ""
    header = ("Cluster", "Rows", *(f"Silhouette in {space}" for space in spaces), "Jaccard", "Reading")
    caption = f"Clusters of the first seed: mean silhouette{sampled}, and Jaccard similarity under resampling"
    return text_table(caption, header, rows, numeric=range(len(header) - 1))


def _view(board: Board, entry: Entry, tables: DetailTables) -> View | None:
    """Return the picture of the clusters of an entry, None without a sample of rows."""
    points, labels = tables.points.get((board.dataset,)), tables.point_labels.get((board.dataset, entry.labels_sha256))
    return None if points is None or labels is None else view_of(points, json.loads(labels), entry.label)


def _alike(board: Board, entry: Entry, tables: DetailTables) -> tuple[tuple[str, str, str], ...]:
    """Return anchor, label and index of the entries whose labels agree best with those of an entry."""
    others = [(tables.ari(board.dataset, entry, other), other) for other in board.entries if other is not entry]
    known = sorted(((ari, other) for ari, other in others if ari is not None), key=lambda pair: -pair[0])
    return tuple((other.anchor, f"{other.rank} {other.label}", fixed(ari, 3)) for ari, other in known[:_MOST_ALIKE])


def agreement_table(board: Board, tables: DetailTables) -> Table:
    """Return the agreement of the first entries of a board with one another.

    Ranks may be shared, so the columns are numbered as the rows are; each row has its rank beside its number.
    """
    entries = board.entries[:_MOST_IN_MATRIX]
    numbers = [f"#{place + 1}" for place in range(len(entries))]
    known = [[tables.ari(board.dataset, entry, other) for other in entries if other is not entry] for entry in entries]
    if all(ari is None for line in known for ari in line):
        return Table("Agreement")
    rows = []
    for place, (entry, line) in enumerate(zip(entries, known, strict=True)):
        texts = [fixed(ari, 2) for ari in line]
        rows.append((f"{numbers[place]} (rank {entry.rank}) {entry.label}", *texts[:place], "", *texts[place:]))
    caption = "Agreement of the entries with one another: adjusted Rand index of their labels (first seed; 1 is equal);"
    caption += " column #2 is the entry of row #2"
    if len(board.entries) > len(entries):
        caption += f"; the first {len(entries)} of {len(board.entries)} entries"
    return text_table(caption, ("Entry", *numbers), rows, numeric=range(1, len(numbers) + 1))


def _more(run: StoredRun, table: BoardTable, entry: Entry) -> Terms:
    """Return the columns of the leaderboard that are neither in its table nor in the other details."""
    elsewhere = {heading.name for heading in table.headings} | {"rank_low", "rank_high", "labels_sha256", "params"}
    elsewhere |= {"cut", "dataset", "algorithm", "k_policy", "flags", "control", "oracle", "pareto", "seeds"}
    others = [c for c in run.board.columns if c.name not in elsewhere and "@" not in c.name]
    shown = [(printable(column.title), printable(column.show(entry.row[column.name]))) for column in others]
    return tuple((title, text) for title, text in shown if text)


def _messages(entry: Entry) -> tuple[str, ...]:
    """Return warnings and other diagnostics of the algorithm, each once."""
    messages: list[str] = []
    for text in entry.cells["info"]:
        info = json.loads(text) if isinstance(text, str) and text else {}
        messages += info.pop("warnings", [])
        messages += [", ".join(f"{name} = {plain_value(value)}" for name, value in info.items())] if info else []
    return tuple(printable(message)[:400] for message in list(dict.fromkeys(messages))[:_MOST_MESSAGES])


def _check_commands(run: StoredRun, entry: Entry) -> Iterator[str]:
    """Yield the commands that check an entry; on the board over all datasets, those of its row on each dataset."""
    rows: list[Row] = [entry.row]
    if entry.row["dataset"] == OVERALL:
        table = run.board.table[run.board.table["dataset"] != OVERALL]
        same = (table[ENTRY_IDENTITY].astype(str) == list(entry.key)).all(axis=1)
        rows = [{str(name): value for name, value in row.items()} for row in table[same].to_dict("records")]
    for row in rows:
        target = entry_target(run.cells, {name: str(row[name]) for name in CUT_KEY})
        yield shlex.join(["clusterbench", "reproduce", *(["--"] if target.startswith("-") else []), target, run.name])
    # Into other folders: in those of the run nothing would be computed, and a part would replace the whole.
    yield f"{_run_command(run, entry)} --results again --reports again"
    for sha in dict.fromkeys(sha[:12] for sha in entry.cells["labels_sha256"] if not is_missing(sha)):
        yield f"clusterbench labels {sha}"


def _run_command(run: StoredRun, entry: Entry) -> str:
    """Return the command that fits and scores an entry (and the other settings of its algorithm) again."""
    words = ["clusterbench", "run", Path(run.record.path).stem, *(["--quick"] if run.record.quick else [])]
    conditions = {name: entry.row[name] for name in ("dataset", "algorithm", "variant")}
    if entry.row["dataset"] == OVERALL or len(run.record.datasets) == 1:
        del conditions["dataset"]
    if not is_missing(entry.row["cut"]) and (k := Cut.parse(str(entry.row["cut"])).k) is not None:
        conditions["k"] = k
    return shlex.join([*words, *(word for name, value in conditions.items() for word in ("--only", f"{name}={value}"))])
