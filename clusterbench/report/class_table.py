"""The known classes of a table beside the clusters of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clusterbench.metrics import ARI
from clusterbench.report.entry_views import Entry
from clusterbench.report.model import Table, text_table
from clusterbench.report.number_text import is_missing
from clusterbench.tables import CLASSES
from clusterbench.text import printable


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Rows of a known class in a cluster: a row of `Details.class_counts`, its ``class`` called ``name``."""

    space: str
    name: str
    cluster: int
    rows: int


def class_table(entry: Entry, counts: Sequence[ClassCount]) -> Table:
    """Return the rows of each known class in each cluster of an entry, by the reference that fits best."""
    sha = entry.labels_sha256
    known = [s for s in entry.scores if s.metric == ARI and s.labels_sha256 == sha and not is_missing(s.value)]
    if not known or not counts:
        return Table("Known classes")
    space = max(known, key=lambda score: score.value).space
    counts = [one for one in counts if one.space == space]
    clusters = sorted({one.cluster for one in counts}, key=lambda cluster: (cluster < 0, cluster))
    rows_of = {(one.name, one.cluster): one.rows for one in counts}
    caption = f"Rows of each known class ({space.removeprefix(CLASSES)}) by cluster of {entry.label}"
    header = ["Class", *("noise" if cluster < 0 else f"cluster {cluster}" for cluster in clusters)]
    rows = [
        [name, *(rows_of.get((name, c), 0) for c in clusters)] for name in dict.fromkeys(one.name for one in counts)
    ]
    return text_table(printable(caption), header, rows, numeric=range(1, len(header)))
