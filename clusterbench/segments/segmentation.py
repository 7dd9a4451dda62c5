"""A segmentation: the rows of a table with the segment of each, and what is known of the entry that gave them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.segments.column_source import ColumnSource, MarkedLevel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Segments of the rows of a table.

    Here segments are numbered 1..m, in the order of their `ids`; 0 is no segment (noise), which is empty wherever it is
    written. Files, pages and bundles have the ids.

    Attributes
    ----------
    title : str
        The entry in words, such as ``k-means on log1p with k = 4``, for headings.
    dataset : str
        Name of the table.
    table : DataFrame, shape (n, p)
        Numeric columns in original units, NaN where missing; the index holds the row ids as text.
    units : mapping of str to str
        Units of columns, where they are known.
    features : tuple of str
        Columns that were used for clustering; the others only describe the segments.
    space : ndarray, shape (n, d)
        The matrix in which the entry was fitted.
    space_columns : tuple of str
        Names of its columns.
    segment : ndarray, shape (n,)
        The fitted segment of each row.
    second : ndarray, shape (n,)
        The nearest other segment by the assignment program.
    distance : ndarray, shape (n,)
        Distance to the segment that the program gives, in the units of its last operation.
    margin : ndarray, shape (n,)
        How much nearer the own segment is than the second, at least 0; 0 also where the program gives another segment
        than the fit did.
    ids : tuple of int
        Ids of the segments 1..m, ascending: 1..m by descending size, unless they continue those of an earlier bundle.
    jaccard : tuple of float or None
        Mean Jaccard similarity of each segment over the draws of the run; None where nothing was drawn.
    scores : DataFrame
        Scores of the entry's labeling: space (``own`` or the name of a reference space), metric, value.
    k_curve : DataFrame
        Scores of the same setting at every k that was run: k, space, metric, value, as the leaderboard has them.
    sources : mapping of str to ColumnSource
        Of the columns of `table` that were made of categories and dates.
    """

    title: str
    dataset: str
    table: pd.DataFrame
    units: Mapping[str, str]
    features: tuple[str, ...]
    space: Floats
    space_columns: tuple[str, ...]
    segment: Ints
    second: Ints
    distance: Floats
    margin: Floats
    ids: tuple[int, ...]
    jaccard: tuple[float | None, ...]
    scores: pd.DataFrame
    k_curve: pd.DataFrame
    sources: Mapping[str, ColumnSource] = field(default_factory=dict)

    def marked(self, column: str) -> MarkedLevel | None:
        """Return the level of a category that a column of 0 and 1 marks, None of any other column."""
        return self.sources[column].marked(column) if column in self.sources else None

    @property
    def n_segments(self) -> int:
        return len(self.ids)

    @property
    def row_ids(self) -> Ints:
        """The id of the segment of each row, 0 for none, shape (n,)."""
        return np.array((0, *self.ids))[self.segment]
