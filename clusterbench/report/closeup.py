"""The labels of an entry in detail: clusters, scores under other rules, similar entries, a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from clusterbench.report.cluster_view import View, view_of
from clusterbench.report.entry_views import Board, Entry, Groups
from clusterbench.report.model import Table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, score_text, settings
from clusterbench.report.outcome_summary import mean_scores, status_text
from clusterbench.results import StoredRun
from clusterbench.statuses import CellStatus
from clusterbench.tables import ENTRY_KEY
from clusterbench.text import printable

_MOST_ALIKE = 8
_MOST_IN_MATRIX = 60
# Hennig 2007, doi:10.1016/j.csda.2006.11.025, as in the documentation of clusterboot.
_READINGS = ((0.85, "highly stable"), (0.75, "valid, stable"), (0.6, "a pattern, in doubt"), (0.0, "not to be trusted"))


@dataclass(frozen=True, slots=True, eq=False)
class Closeups:
    """The detailed tables of a run, grouped once."""

    run: StoredRun
    silhouettes: Groups
    policies: Groups
    cells: Groups
    scores: Groups
    agreement: Mapping[tuple[str, str, str], float]
    points: Mapping[str, pd.DataFrame]
    point_labels: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, run: StoredRun) -> Closeups:
        """Group the tables of a run by entry."""
        details, by_labels = run.details, ["dataset", "labels_sha256"]
        pairs = details.agreement[["dataset", "one", "other", "ari"]].itertuples(index=False, name=None)
        sampled = details.point_labels[[*by_labels, "labels"]].itertuples(index=False, name=None)
        return cls(
            run,
            silhouettes=Groups(details.silhouettes, by_labels),
            policies=Groups(details.policies, by_labels),
            agreement={key: ari for d, one, other, ari in pairs for key in ((d, one, other), (d, other, one))},
            points={str(name): part for name, part in details.points.groupby("dataset", sort=False)},
            point_labels={(dataset, sha): text for dataset, sha, text in sampled},
            cells=Groups(run.cells, ENTRY_KEY),
            scores=Groups(run.scores, ENTRY_KEY),
        )

    def view(self, entry: Entry, board: Board) -> View | None:
        """Return the picture of the clusters of an entry, None without a sample of rows."""
        points = self.points.get(board.dataset)
        labels = self.point_labels.get((board.dataset, str(entry.row["labels_sha256"])))
        return None if points is None or labels is None else view_of(points, json.loads(labels), entry.label)

    def clusters(self, entry: Entry, board: Board) -> Table:
        """Return rows, silhouette and stability of each cluster."""
        rows_of = self.silhouettes.get((board.dataset, str(entry.row["labels_sha256"])))
        if rows_of is None:
            return Table("Clusters")
        spaces = list(dict.fromkeys(rows_of["space"]))
        values = {(s, c): v for s, c, v in rows_of[["space", "cluster", "silhouette"]].itertuples(index=False)}
        key = tuple(str(entry.row[name]) for name in ("dataset", "variant", "algorithm", "params", "cut"))
        jaccards = self.run.details.jaccards.get(key, ())
        rows = []
        for cluster, size in enumerate(entry.sizes):
            scores = [fixed(values.get((space, cluster)), 3) for space in spaces]
            jaccard = jaccards[cluster] if cluster < len(jaccards) else None
            rows.append((str(cluster), str(size), *scores, fixed(jaccard, 2), reading(jaccard)))
        sampled = "; of a sample of rows" if rows_of["rows"].max() < sum(entry.sizes) + entry.n_noise else ""
        header = ("Cluster", "Rows", *(f"Silhouette in {printable(space)}" for space in spaces), "Jaccard", "Reading")
        caption = f"Clusters of the first seed: mean silhouette{sampled}, and Jaccard similarity under resampling"
        return Table(caption, header, tuple(rows), numeric=tuple(range(len(header) - 1)))

    def noise_policies(self, entry: Entry, board: Board) -> Table:
        """Return the scores of an entry under every noise policy; none where no row is noise."""
        policies = [policy for policy in self.run.record.policies if entry.n_noise]
        frames = [self.policies.get((board.dataset, str(sha))) for sha in entry.cells["labels_sha256"]]
        known = [frame for frame in frames if frame is not None]
        if not policies or len(known) < len(frames):
            return Table("Noise policies")
        every = pd.concat(known, ignore_index=True)
        means = {policy: mean_scores(every[every["policy"] == policy]) for policy in policies}
        rows = []
        for name, metric in board.metrics.items():
            for space in board.spaces:
                scores = [means[policy].get((name, space)) for policy in policies]
                if any(score is not None for score in scores):
                    texts = [NOTHING if s is None else s[1] or score_text(s[0], metric.digits) for s in scores]
                    rows.append((f"{metric.title}, {printable(space)}", *texts))
        header = ("Score", *(f"{p}, declared" if p == self.run.record.noise else p for p in policies))
        caption = f"Scores under every noise policy ({entry.n_noise} rows are noise), means over seeds"
        return Table(caption, header, tuple(rows), numeric=tuple(range(1, len(header))))

    def cuts(self, entry: Entry, board: Board) -> Table:
        """Return the scores of every cut of an entry's algorithm, parameters and variant."""
        key = tuple(str(entry.row[name]) for name in ENTRY_KEY)
        cells, scores = self.cells.get(key), self.scores.get(key)
        if cells is None or scores is None:
            return Table("Scores against k")
        metrics = [board.metrics[name] for name in self.run.record.ranking.metrics]
        columns = [(metric, space) for metric in metrics for space in board.spaces]
        by_cut = dict(iter(scores.groupby("cut", sort=False)))
        rows = []
        for cut, part in cells.groupby("cut", sort=False):
            means = mean_scores(by_cut[cut]) if cut in by_cut else {}
            found = [means.get((metric.name, space), (None, "")) for metric, space in columns]
            texts = [score_text(f[0], metric.digits) for f, (metric, _) in zip(found, columns, strict=True)]
            clusters = part["n_clusters"].dropna()
            k = fixed(float(clusters.mean()), 0 if len(set(clusters)) == 1 else 1) if len(clusters) else NOTHING
            statuses = ("passed" if status == CellStatus.OK else status_text(status) for status in part["status"])
            chosen = " (chosen)" if cut == entry.row["cut"] else ""
            rows.append((settings(str(cut)) + chosen, k, ", ".join(dict.fromkeys(statuses)), *texts))
        titles = (f"{metric.title}, {printable(space)}" for metric, space in columns)
        header = ("Cut", "Clusters", "Gate", *titles)
        caption = "Scores against k: every cut that was run, means over seeds"
        return Table(caption, header, tuple(rows), numeric=(1, *range(3, len(header))))

    def alike(self, entry: Entry, board: Board) -> list[tuple[str, str, str]]:
        """Return anchor, label and index of the entries whose labels agree best with those of an entry."""
        if not self.agreement:
            return []
        others = [other for other in board.entries if other is not entry]
        indices = [(self.index(board.dataset, entry, other), other) for other in others]
        known = sorted(((ari, other) for ari, other in indices if ari is not None), key=lambda pair: -pair[0])
        return [(other.anchor, f"{other.rank} {other.label}", fixed(ari, 3)) for ari, other in known[:_MOST_ALIKE]]

    def index(self, dataset: str, one: Entry, other: Entry) -> float | None:
        """Return the agreement of the labels of two entries, None where it was not computed."""
        first, second = (str(entry.row["labels_sha256"]) for entry in (one, other))
        if first == second:
            return 1.0 if (dataset, first) in self.point_labels else None
        return self.agreement.get((dataset, first, second))


def agreement_table(closeups: Closeups, board: Board) -> Table:
    """Return the agreement of the first entries of a board with one another.

    Ranks may be shared, so the columns are numbered as the rows are; each row has its rank beside its number.
    """
    entries = board.entries[:_MOST_IN_MATRIX]
    rows = []
    for place, entry in enumerate(entries):
        indices = [closeups.index(board.dataset, entry, other) for other in entries]
        texts = ["" if other == place else fixed(ari, 2) for other, ari in enumerate(indices)]
        rows.append((f"#{place + 1} (rank {entry.rank}) {entry.label}", *texts))
    if all(text in ("", NOTHING) for row in rows for text in row[1:]):
        return Table("Agreement")
    caption = "Agreement of the entries with one another: adjusted Rand index of their labels (first seed; 1 is equal);"
    caption += " column #2 is the entry of row #2"
    if len(board.entries) > len(entries):
        caption += f"; the first {len(entries)} of {len(board.entries)} entries"
    header = ("Entry", *(f"#{place + 1}" for place in range(len(entries))))
    return Table(caption, header, tuple(rows), numeric=tuple(range(1, len(header))))


def labels_file(sha: str) -> str:
    """Return the path of the labels of an entry, in the folder of the report."""
    return f"labels/{sha[:12]}.csv"


def reading(jaccard: float | None) -> str:
    """Return what the mean Jaccard similarity of a cluster under resampling means.

    Examples
    --------
    >>> reading(0.9), reading(0.7), reading(None)
    ('highly stable', 'a pattern, in doubt', '')
    """
    if jaccard is None or is_missing(jaccard):
        return ""
    return next(words for least, words in _READINGS if jaccard >= least)
