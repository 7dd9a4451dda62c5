"""The segment of every row with what an analyst asks of it: how sure, how typical, why."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.segments.column_source import MarkedLevel
from clusterbench.segments.profile import distances_to_means
from clusterbench.segments.segmentation import Segmentation
from clusterbench.tables import csv_text

MOST_ON_SHEET = 1_048_575
_MOST_REASONS = 3
_CREATED = datetime(2000, 1, 1)  # the same bytes for the same labels


def customer_labels(segmentation: Segmentation, names: Sequence[str]) -> pd.DataFrame:
    """Return one row per row of the table, in its order.

    Parameters
    ----------
    segmentation : Segmentation
    names : sequence of str
        Names of the segments 1..m.

    Returns
    -------
    DataFrame
        ``id``; ``segment``, ``name``, ``second_segment``, ``second_name``: missing where a row has none; ``margin``;
        ``atypical_percentile``: share of the rows of the segment, in percent, that are at most as far from its mean;
        ``imputed``: columns without a value; ``out_of_range``: columns whose value the unit does not allow (shares
        outside 0 to 1); ``reasons``: at most three columns that speak most for the segment against the second one, by
        squared distances to the two means in the space of the clustering, or on standardised columns where that space
        has other columns.
    """
    table, segment, second = segmentation.table, segmentation.segment, segmentation.second
    called = np.array([None, *names], dtype=object)
    missing = table.isna().to_numpy()
    return pd.DataFrame(
        {
            "id": table.index.astype(str),
            "segment": _ids(segmentation, segment),
            "name": called[segment],
            "second_segment": _ids(segmentation, second),
            "second_name": called[second],
            "margin": np.where(segment > 0, segmentation.margin, np.nan),
            "atypical_percentile": _percentiles(segmentation),
            "imputed": _listed(missing, table.columns),
            "out_of_range": _listed(_out_of_range(segmentation), table.columns),
            "reasons": _reasons(segmentation),
        }
    )


def labels_csv(labels: pd.DataFrame) -> bytes:
    """Return the labels as CSV."""
    return csv_text(labels).encode()


def labels_parquet(labels: pd.DataFrame) -> bytes:
    """Return the labels as Parquet."""
    return bytes(labels.to_parquet(index=False))


def labels_xlsx(labels: pd.DataFrame) -> bytes:
    """Return the labels as a workbook with one sheet, a fixed head and a filter; needs XlsxWriter.

    A sheet has room for `MOST_ON_SHEET` rows below its head.
    """
    buffer, as_text = (
        io.BytesIO(),
        {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs={"options": as_text}) as writer:
        labels.to_excel(writer, sheet_name="segments", index=False, freeze_panes=(1, 1))
        writer.book.set_properties({"created": _CREATED})
        sheet = writer.sheets["segments"]
        sheet.autofilter(0, 0, len(labels), labels.shape[1] - 1)
        for place, column in enumerate(labels.columns):
            texts = [column, *map(str, labels[column].head(50))]
            sheet.set_column(place, place, max(map(len, texts)) + 2)
    return buffer.getvalue()


def _ids(segmentation: Segmentation, segment: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(np.array((0, *segmentation.ids))[segment], segment == 0)


def _percentiles(segmentation: Segmentation) -> pd.Series:
    segment, distances = segmentation.segment, distances_to_means(segmentation)
    own = pd.Series(distances[np.arange(len(segment)), np.maximum(segment - 1, 0)])
    return (100.0 * own.groupby(segment).rank(method="max", pct=True)).where(segment > 0).round(1)


def _listed(marked: NDArray[np.bool_], columns: pd.Index) -> list[str]:
    texts = [""] * len(marked)
    for row in np.flatnonzero(marked.any(axis=1)):
        texts[row] = ", ".join(map(str, columns[marked[row]]))
    return texts


def _out_of_range(segmentation: Segmentation) -> NDArray[np.bool_]:
    shares = [segmentation.units.get(str(name), "").startswith("share") for name in segmentation.table.columns]
    values = segmentation.table.to_numpy(dtype=np.float64)
    return np.asarray(((values < 0.0) | (values > 1.0)) & np.array(shares), dtype=np.bool_)


def _reasons(segmentation: Segmentation) -> list[str]:
    matrix, columns = _explained(segmentation)
    marked = [segmentation.marked(column) for column in columns]
    segment, second = segmentation.segment, segmentation.second
    ids = range(1, segmentation.n_segments + 1)
    means = np.stack([np.zeros(matrix.shape[1]), *(matrix[segment == one].mean(axis=0) for one in ids)])
    texts = [""] * len(segment)
    known = np.flatnonzero((segment > 0) & (second > 0))
    away = matrix[known] - means[second[known]]
    gains = away**2 - (matrix[known] - means[segment[known]]) ** 2
    order = np.argsort(-gains, axis=1, kind="stable")[:, :_MOST_REASONS]
    for place, row in enumerate(known):
        texts[row] = ", ".join(
            _reason(columns[at], marked[at], above=bool(away[place, at] > 0))
            for at in order[place]
            if gains[place, at] > 0
        )
    return texts


def _reason(column: str, marked: MarkedLevel | None, *, above: bool) -> str:
    if marked is not None:
        return f"{'' if above else 'not '}{marked.text}"
    return f"{'higher' if above else 'lower'} {column}"


def _explained(segmentation: Segmentation) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the space of the clustering if its columns are those of the table, else the standardised table."""
    if set(segmentation.space_columns) <= set(map(str, segmentation.table.columns)):
        return segmentation.space, segmentation.space_columns
    used = segmentation.table[list(segmentation.features)].to_numpy(dtype=np.float64)
    spread = np.nanstd(used, axis=0)
    standardised = (used - np.nanmean(used, axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.nan_to_num(standardised), segmentation.features
