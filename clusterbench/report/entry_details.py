"""The details of an entry: what it is, how its labels came about, how good they are, and how to check them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from clusterbench.metrics import MetricFacts
from clusterbench.naming import plain_value
from clusterbench.report.class_table import ClassCount, class_table
from clusterbench.report.cluster_profile import Contrast, cluster_sentences, profile_table
from clusterbench.report.cluster_view import View, view_of
from clusterbench.report.entry_commands import check_commands
from clusterbench.report.entry_reasons import Contributions, k_choices, k_sentence, rank_sentence, rank_table
from clusterbench.report.entry_views import Board, Entry, column_in_words
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
from clusterbench.report.outcome_summary import MeanScores, mean_scores
from clusterbench.report.plain_rows import (
    ClusterMedoid,
    ClusterSilhouette,
    Contribution,
    CutCriterion,
    LabelScore,
    rows_by,
)
from clusterbench.results import StoredRun
from clusterbench.results.sampled_fits import FITTED_ROWS
from clusterbench.tables import BOARD_KEY, ENTRY_IDENTITY, OWN
from clusterbench.text import printable

_PLANE = ["x", "y", "share_x", "share_y"]
_MOST_MESSAGES = 8
_MOST_ALIKE = 5
_OF_NOISE = ("rank_by_noise_low", "rank_by_noise_high")  # ranks under other noise policies
_MOST_DETAILS = 300  # entries of a board that get details: a page of thousands could not be opened
# Hennig 2007, doi:10.1016/j.csda.2006.11.025, as in the documentation of clusterboot.
_READINGS = ((0.85, "highly stable"), (0.75, "valid, stable"), (0.6, "a pattern, in doubt"), (0.0, "not to be trusted"))


@dataclass(frozen=True, slots=True, eq=False)
class DetailTables:
    """The detailed tables of a run, grouped once."""

    run: StoredRun
    settings: pd.DataFrame  # every algorithm and params
    silhouettes: Mapping[tuple[str, ...], Sequence[ClusterSilhouette]]  # by dataset and labels
    policies: Mapping[tuple[str, ...], Sequence[LabelScore]]  # by dataset, labels and policy
    criteria: Mapping[tuple[str, ...], Sequence[CutCriterion]]  # by `BOARD_KEY`
    contributions: Mapping[tuple[str, ...], Sequence[Contribution]]  # by dataset, oracle and `ENTRY_IDENTITY`
    profiles: Mapping[tuple[str, ...], Sequence[Contrast]]  # by dataset and labels
    medoids: Mapping[tuple[str, ...], Sequence[ClusterMedoid]]  # by dataset and labels
    class_counts: Mapping[tuple[str, ...], Sequence[ClassCount]]  # by dataset and labels
    points: Mapping[str, pd.DataFrame]  # by dataset
    agreement: Mapping[tuple[str, str, str], float]  # by dataset and labels of two entries
    point_labels: Mapping[tuple[str, str], Sequence[int]]  # by dataset and labels

    @classmethod
    def of(cls, run: StoredRun) -> DetailTables:
        """Group the tables of a run by entry."""
        details, by_labels = run.details, ["dataset", "labels_sha256"]
        pairs = details.agreement[["dataset", "one", "other", "ari"]].itertuples(index=False, name=None)
        sampled = details.point_labels[[*by_labels, "labels"]].itertuples(index=False, name=None)
        return cls(
            run,
            settings=run.cells[["algorithm", "params"]].drop_duplicates().astype(object),  # quick to search
            silhouettes=rows_by(ClusterSilhouette, details.silhouettes, by_labels),
            policies=rows_by(LabelScore, details.policies, [*by_labels, "policy"]),
            criteria=rows_by(CutCriterion, run.criteria, BOARD_KEY),
            contributions=rows_by(Contribution, run.board.contributions, ["dataset", "oracle", *ENTRY_IDENTITY]),
            profiles=rows_by(Contrast, details.profiles, by_labels),
            medoids=rows_by(ClusterMedoid, details.medoids, by_labels),
            class_counts=rows_by(ClassCount, details.class_counts.rename(columns={"class": "name"}), by_labels),
            points={str(name): part[_PLANE] for name, part in details.points.groupby("dataset", sort=False)},
            agreement={key: ari for d, one, other, ari in pairs for key in ((d, one, other), (d, other, one))},
            point_labels={(dataset, sha): json.loads(labels) for dataset, sha, labels in sampled},
        )

    def classes_of(self, board: Board, entry: Entry) -> Sequence[ClassCount]:
        """Return the rows of known classes in the clusters of an entry."""
        return self.class_counts.get((board.dataset, entry.labels_sha256), ())

    def ari(self, dataset: str, one: Entry, other: Entry) -> float | None:
        """Return the adjusted Rand index of the labels of two entries, None where it was not computed."""
        if one.labels_sha256 == other.labels_sha256:
            return 1.0 if (dataset, one.labels_sha256) in self.point_labels else None
        return self.agreement.get((dataset, one.labels_sha256, other.labels_sha256))


def details_of(board: Board, table: BoardTable, tables: DetailTables) -> list[EntryDetails]:
    """Return the details of the first entries of a board, in its order."""
    of_board = (board.dataset, str(board.oracle))
    added = {one.anchor: parts for one in board.entries if (parts := tables.contributions.get((*of_board, *one.key)))}
    return [_details(board, table, entry, tables, added) for entry in board.entries[:_MOST_DETAILS]]


def _details(board: Board, table: BoardTable, entry: Entry, tables: DetailTables, added: Contributions) -> EntryDetails:
    run, labels = board.run, (board.dataset, entry.labels_sha256)
    cuts = tables.criteria.get(tuple(str(entry.row[name]) for name in BOARD_KEY), ())
    profiles = tables.profiles.get(labels, ())
    typical = {one.cluster: one.row_id for one in tables.medoids.get(labels, ())}
    return EntryDetails(
        entry,
        facts=_facts(board, entry),
        seeds=_seed_table(entry),
        scores=_score_table(board, entry),
        more=_more(run, table, entry),
        messages=_messages(entry),
        commands=tuple(map(printable, check_commands(run, entry, tables.settings))),
        view=_view(board, entry, tables),
        clusters=_cluster_table(board, entry, tables),
        policies=_policy_table(board, entry, tables),
        rank_reason=rank_sentence(board, entry, added),
        rank_parts=rank_table(board, entry, added),
        k_reason=k_sentence(entry, cuts),
        k_choices=k_choices(cuts),
        apart=cluster_sentences(entry, profiles, typical) if profiles else (),
        profile=profile_table(profiles, len(entry.sizes)),
        classes=class_table(entry, tables.classes_of(board, entry)),
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
    facts: dict[str, object] = {
        "Algorithm": f"{entry.algorithm}, {settings(str(row['params'])) or 'no parameters'}",
        "Variant": f"{variant}: {variant_text(board.run, variant)}",
        "k policy": f"{row['k_policy']}, {NOTHING if is_missing(row['cut']) else settings(str(row['cut']))}",
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
        missing = (part.partition(": ") for part in str(row["flags"]).split("; "))
        named = (f"{column_in_words(board.metrics, column)}{colon}{reason}" for column, colon, reason in missing)
        facts["Missing"] = "; ".join(named)
    return tuple((term, printable(text)) for term, text in facts.items())


def _seed_table(entry: Entry) -> Table:
    seeds: dict[tuple[str, ...], list[int]] = {}  # equal rows are one
    for cell in entry.cells:
        facts = (
            NOTHING if is_missing(cell.labels_sha256) else cell.labels_sha256[:12],
            " / ".join(map(str, cell.sizes)),
            share(cell.noise_share),
            significant(cell.fit_seconds),
            fixed(cell.peak_mb, 1),
            significant(cell.inertia, 6),
        )
        seeds.setdefault(facts, []).append(cell.seed)
    rows = [(", ".join(map(str, equal)), *facts) for facts, equal in seeds.items()]
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
    keys = [(board.dataset, cell.labels_sha256) for cell in entry.cells]
    if not entry.n_noise or not all(any((*key, str(p)) in tables.policies for p in record.policies) for key in keys):
        return Table("Noise policies")
    means = [
        mean_scores(score for key in keys for score in tables.policies.get((*key, str(policy)), ()))
        for policy in record.policies
    ]
    rows = [
        (f"{metric.title}, {space}", *(_score(one, metric, space) for one in means))
        for metric in board.metrics.values()
        for space in board.spaces
        if any((metric.name, space) in one for one in means)
    ]
    header = ("Score", *(f"{p}, declared" if p == record.noise else p for p in record.policies))
    caption = f"Scores under every noise policy ({entry.n_noise} rows are noise), means over seeds"
    return text_table(caption, header, rows, numeric=range(1, len(header)))


def _cluster_table(board: Board, entry: Entry, tables: DetailTables) -> Table:
    """Return rows, silhouette and stability of each cluster."""
    silhouettes = tables.silhouettes.get((board.dataset, entry.labels_sha256))
    if silhouettes is None:
        return Table("Clusters")
    spaces = list(dict.fromkeys(one.space for one in silhouettes))
    values = {(one.space, one.cluster): one.silhouette for one in silhouettes}
    key = tuple(str(entry.row[name]) for name in ("dataset", "variant", "algorithm", "params", "cut"))
    jaccards = board.run.details.jaccards.get(key, ())
    rows = []
    for cluster, size in enumerate(entry.sizes):
        scores = [fixed(values.get((space, cluster)), 3) for space in spaces]
        jaccard = jaccards[cluster] if cluster < len(jaccards) else math.nan
        rows.append((cluster, size, *scores, fixed(jaccard, 2), stability_reading(jaccard)))
    most = max(one.rows for one in silhouettes)
    sampled = "; of a sample of rows" if most < sum(entry.sizes) + entry.n_noise else ""
    header = ("Cluster", "Rows", *(f"Silhouette in {space}" for space in spaces), "Jaccard", "Reading")
    caption = f"Clusters of the first seed: mean silhouette{sampled}, and Jaccard similarity under resampling"
    return text_table(caption, header, rows, numeric=range(1, len(header) - 1))


def _view(board: Board, entry: Entry, tables: DetailTables) -> View | None:
    """Return the picture of the clusters of an entry, None without a sample of rows."""
    points, labels = tables.points.get(board.dataset), tables.point_labels.get((board.dataset, entry.labels_sha256))
    if points is None or labels is None:
        return None
    first = next(iter(board.contenders), entry)
    like = tables.point_labels.get((board.dataset, first.labels_sha256), labels)
    return view_of(points, labels, entry.label, like=like)


def _alike(board: Board, entry: Entry, tables: DetailTables) -> tuple[tuple[str, str, str], ...]:
    """Return anchor, label and index of the entries whose labels agree best with those of an entry."""
    others = [(tables.ari(board.dataset, entry, other), other) for other in board.entries if other is not entry]
    known = sorted(((ari, other) for ari, other in others if ari is not None), key=lambda pair: -pair[0])
    return tuple((other.anchor, f"{other.rank} {other.label}", fixed(ari, 3)) for ari, other in known[:_MOST_ALIKE])


def _more(run: StoredRun, table: BoardTable, entry: Entry) -> Terms:
    """Return the columns of the leaderboard that are neither in its table nor in the other details."""
    elsewhere = {heading.name for heading in table.headings} | {"rank_low", "rank_high", "labels_sha256", "params"}
    elsewhere |= {"cut", "dataset", "algorithm", "k_policy", "flags", "control", "oracle", "pareto", "seeds"}
    elsewhere |= {"smallest", "largest", *(() if entry.n_noise else _OF_NOISE)}
    others = [c for c in run.board.columns if c.name not in elsewhere and "@" not in c.name]
    shown = [(printable(column.title), printable(column.show(entry.row[column.name]))) for column in others]
    return tuple((title, text) for title, text in shown if text)


def _messages(entry: Entry) -> tuple[str, ...]:
    """Return warnings and other diagnostics of the algorithm, each once."""
    messages: list[str] = []
    for text in dict.fromkeys(cell.info for cell in entry.cells):
        info = json.loads(text) if isinstance(text, str) and text else {}
        messages += info.pop("warnings", [])
        messages += [", ".join(f"{name} = {plain_value(value)}" for name, value in info.items())] if info else []
    return tuple(printable(message)[:400] for message in list(dict.fromkeys(messages))[:_MOST_MESSAGES])
