"""An entry looked at closely: its clusters, its scores under other rules, who agrees with it, and where it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from clusterbench.metrics import METRICS, get_metric
from clusterbench.report.facts import Table, mean_scores
from clusterbench.report.figures.cluster_view import View, view_of
from clusterbench.report.printed import NOTHING, fixed, is_nothing, readable, score_text, settings
from clusterbench.report.report_entries import Entry, Groups, Section
from clusterbench.results import Run
from clusterbench.statuses import CellStatus

_MOST_ALIKE = 8
_MOST_IN_MATRIX = 60
# Hennig 2007, doi:10.1016/j.csda.2006.11.025, as in the documentation of clusterboot.
_READINGS = ((0.85, "highly stable"), (0.75, "valid, stable"), (0.6, "a pattern, in doubt"), (0.0, "not to be trusted"))


@dataclass(frozen=True, slots=True, eq=False)
class Closeup:
    """What stands in the drill-down of an entry beside its facts.

    Attributes
    ----------
    view : View or None
        The clusters in the plane of the first two principal components.
    clusters, policies, cuts : Table
        By cluster: rows, silhouette, stability. By metric and space: every noise policy. By cut: scores.
    alike : tuple of (str, str, str)
        Anchor, label and index of the entries whose labels agree best.
    labels_file : str
        Where the labels lie beside the page, "" where they were not written.
    """

    view: View | None
    clusters: Table
    policies: Table
    cuts: Table
    alike: tuple[tuple[str, str, str], ...]
    labels_file: str


@dataclass(frozen=True, slots=True, eq=False)
class Closeups:
    """The closer looks of a run, its tables grouped once."""

    run: Run
    silhouettes: Groups
    policies: Groups
    cells: Groups
    scores: Groups
    agreement: Mapping[tuple[str, str, str], float]
    points: Mapping[str, pd.DataFrame]
    point_labels: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, run: Run) -> Closeups:
        """Group the tables of a run by entry."""
        found, by_labels = run.details, ["dataset", "labels_sha256"]
        pairs = found.agreement[["dataset", "one", "other", "ari"]].itertuples(index=False, name=None)
        agreement = {key: ari for d, one, other, ari in pairs for key in ((d, one, other), (d, other, one))}
        seen = found.point_labels[[*by_labels, "labels"]].itertuples(index=False, name=None)
        identity = ["dataset", "algorithm", "params", "variant"]
        return cls(
            run,
            silhouettes=Groups(found.silhouettes, by_labels),
            policies=Groups(found.policies, by_labels),
            agreement=agreement,
            points={str(name): part for name, part in found.points.groupby("dataset", sort=False)},
            point_labels={(dataset, sha): text for dataset, sha, text in seen},
            cells=Groups(run.cells, identity),
            scores=Groups(run.scores, identity),
        )

    def at(self, entry: Entry, section: Section) -> Closeup:
        """Return the closer look at one entry of a board."""
        sha = entry.row["labels_sha256"]
        key = (section.dataset, str(sha))
        points, labels = self.points.get(section.dataset), self.point_labels.get(key)
        return Closeup(
            view=None if points is None or labels is None else view_of(points, json.loads(labels), entry.label),
            clusters=self._clusters(entry, key),
            policies=self._policies(entry, section.dataset),
            cuts=self._cuts(entry, section.dataset),
            alike=tuple(self._alike(entry, section)),
            labels_file=labels_file(sha) if sha in self.run.details.labels else "",
        )

    def _clusters(self, entry: Entry, key: tuple[str, str]) -> Table:
        found = self.silhouettes.get(key)
        if found is None:
            return Table("Clusters", (), ())
        spaces = list(dict.fromkeys(found["space"]))
        values = {(s, c): v for s, c, v in found[["space", "cluster", "silhouette"]].itertuples(index=False)}
        row = entry.row
        jaccard = self.run.details.jaccards.get(
            tuple(str(row[name]) for name in ("dataset", "variant", "algorithm", "params", "cut")), ()
        )
        rows = []
        for cluster, size in enumerate(entry.sizes):
            scores = [fixed(values.get((space, cluster)), 3) for space in spaces]
            held = jaccard[cluster] if cluster < len(jaccard) else None
            rows.append((str(cluster), str(size), *scores, fixed(held, 2), reading(held)))
        told = "; of a sample of rows" if found["rows"].max() < sum(entry.sizes) + entry.n_noise else ""
        header = ("Cluster", "Rows", *(f"Silhouette in {readable(space)}" for space in spaces), "Jaccard", "Reading")
        caption = f"Clusters of the first seed: mean silhouette{told}, and how well resampling finds them again"
        return Table(caption, header, tuple(rows), numeric=tuple(range(len(header) - 1)))

    def _policies(self, entry: Entry, dataset: str) -> Table:
        run = self.run
        policies = [policy for policy in run.record.policies if entry.n_noise]
        hashes = [(dataset, str(sha)) for sha in entry.cells["labels_sha256"]]
        if not policies or any(key not in self.policies for key in hashes):
            return Table("Noise policies", (), ())
        every = pd.concat([self.policies.get(key) for key in hashes], ignore_index=True)
        means = {policy: mean_scores(every[every["policy"] == policy]) for policy in policies}
        rows = []
        for name in METRICS:
            for space in run.record.references[dataset]:
                found = [means[policy].get((name, space)) for policy in policies]
                if any(one is not None for one in found):
                    texts = [NOTHING if f is None else f[1] or score_text(f[0], METRICS[name].digits) for f in found]
                    rows.append((f"{METRICS[name].title}, {readable(space)}", *texts))
        header = ("Score", *(f"{p}, declared" if p == run.record.noise else p for p in policies))
        caption = f"Scores under every noise policy ({entry.n_noise} rows are noise), means over seeds"
        return Table(caption, header, tuple(rows), numeric=tuple(range(1, len(header))))

    def _cuts(self, entry: Entry, dataset: str) -> Table:
        key = tuple(str(entry.row[name]) for name in ("dataset", "algorithm", "params", "variant"))
        cells, scores = self.cells.get(key), self.scores.get(key)
        if cells is None or scores is None:
            return Table("Scores against k", (), ())
        columns = [(m, s) for m in self.run.record.ranking.metrics for s in self.run.record.references[dataset]]
        by_cut = dict(iter(scores.groupby("cut", sort=False)))
        rows = []
        for cut, part in cells.groupby("cut", sort=False):
            means = mean_scores(by_cut[cut]) if cut in by_cut else {}
            found = [means.get(column, (None, "")) for column in columns]
            texts = [score_text(f[0], get_metric(c[0]).digits) for f, c in zip(found, columns, strict=True)]
            clusters = part["n_clusters"].dropna()
            k = fixed(float(clusters.mean()), 0 if len(set(clusters)) == 1 else 1) if len(clusters) else NOTHING
            status = ", ".join(dict.fromkeys("passed" if s == CellStatus.OK else s for s in part["status"]))
            chosen = " (chosen)" if cut == entry.row["cut"] else ""
            rows.append((settings(str(cut)) + chosen, k, status.replace("_", " "), *texts))
        titles = (f"{get_metric(metric).title}, {readable(space)}" for metric, space in columns)
        header = ("Cut", "Clusters", "Gate", *titles)
        caption = "Scores against k: every cut that was run, means over seeds"
        return Table(caption, header, tuple(rows), numeric=(1, *range(3, len(header))))

    def _alike(self, entry: Entry, section: Section) -> list[tuple[str, str, str]]:
        mine = str(entry.row["labels_sha256"])
        found: list[tuple[float, Entry]] = []
        if not self.agreement:
            return []
        for other in section.entries:
            ari = self.index(section.dataset, mine, str(other.row["labels_sha256"]))
            if other is not entry and ari is not None:
                found.append((ari, other))
        found.sort(key=lambda pair: -pair[0])
        return [(other.anchor, f"{other.rank} {other.label}", fixed(ari, 3)) for ari, other in found[:_MOST_ALIKE]]

    def index(self, dataset: str, one: str, other: str) -> float | None:
        """Return the agreement of two labelings, None where it was not computed."""
        if one == other:
            return 1.0 if (dataset, one) in self.point_labels else None
        return self.agreement.get((dataset, one, other))


def agreement_table(closeups: Closeups, section: Section) -> Table:
    """Return the agreement of the first entries of a board with one another.

    Ranks may be shared, so the columns are numbered as the rows are; each row tells its rank beside its number.
    """
    entries = section.entries[:_MOST_IN_MATRIX]
    hashes = [str(entry.row["labels_sha256"]) for entry in entries]
    rows = []
    for place, (entry, mine) in enumerate(zip(entries, hashes, strict=True)):
        found = [closeups.index(section.dataset, mine, other) for other in hashes]
        texts = ["" if other == place else fixed(ari, 2) for other, ari in enumerate(found)]
        rows.append((f"#{place + 1} (rank {entry.rank}) {entry.label}", *texts))
    if all(text in ("", NOTHING) for row in rows for text in row[1:]):
        return Table("Agreement", (), ())
    caption = "Agreement of the entries with one another: adjusted Rand index of their labels (first seed; 1 is equal);"
    caption += " column #2 is the entry of row #2"
    if len(section.entries) > len(entries):
        caption += f"; the first {len(entries)} of {len(section.entries)} entries"
    header = ("Entry", *(f"#{place + 1}" for place in range(len(entries))))
    return Table(caption, header, tuple(rows), numeric=tuple(range(1, len(header))))


def labels_file(sha: str) -> str:
    """Return where the labels of an entry lie beside the page."""
    return f"labels/{sha[:12]}.csv"


def reading(jaccard: float | None) -> str:
    """Return what the mean Jaccard similarity of a cluster under resampling says of it.

    Examples
    --------
    >>> reading(0.9), reading(0.7), reading(None)
    ('highly stable', 'a pattern, in doubt', '')
    """
    if is_nothing(jaccard):
        return ""
    return next(word for least, word in _READINGS if float(jaccard or 0.0) >= least)
