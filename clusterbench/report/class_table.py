"""The known classes of a table beside the clusters of an entry."""

from __future__ import annotations

from clusterbench.metrics import ARI
from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.model import Table, text_table
from clusterbench.tables import CLASSES
from clusterbench.text import printable


def class_table(board: Board, entry: Entry | None) -> Table:
    """Return the rows of each known class in each cluster of an entry, by the reference that fits best."""
    counts = board.run.details.class_counts
    if entry is None or ARI not in entry.row:
        return Table("Known classes")
    sha, scores = entry.row["labels_sha256"], entry.scores
    known = scores[(scores["metric"] == ARI) & (scores["labels_sha256"] == sha) & scores["value"].notna()]
    counts = counts[(counts["dataset"] == board.dataset) & (counts["labels_sha256"] == sha)]
    if known.empty or counts.empty:
        return Table("Known classes")
    space = str(known["space"].iloc[int(known["value"].argmax())])
    counts = counts[counts["space"] == space]
    clusters = sorted(counts["cluster"].unique(), key=lambda cluster: (cluster < 0, cluster))
    rows_of = {(name, cluster): n for name, cluster, n in counts[["class", "cluster", "rows"]].itertuples(index=False)}
    caption = f"Rows of each known class ({space.removeprefix(CLASSES)}) by cluster of {entry.label}"
    header = ["Class", *("noise" if cluster < 0 else f"cluster {cluster}" for cluster in clusters)]
    rows = [[name, *(rows_of.get((name, c), 0) for c in clusters)] for name in dict.fromkeys(counts["class"])]
    return text_table(printable(caption), header, rows, numeric=range(1, len(header)))
