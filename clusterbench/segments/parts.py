"""What `clusterbench segment` writes on the segments of an entry: one entry of `PARTS` per file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import util
from itertools import combinations
from pathlib import Path

import pandas as pd

from clusterbench.naming import path_inside
from clusterbench.report.writing import write_atomically
from clusterbench.segments.dashboard import dashboard_html
from clusterbench.segments.description import SegmentDescription
from clusterbench.segments.profile import compare_segments, profile_frame
from clusterbench.segments.row_labels import MOST_ON_SHEET, customer_labels, labels_csv, labels_parquet, labels_xlsx
from clusterbench.segments.summary import summary_html, summary_markdown
from clusterbench.tables import csv_text


@dataclass(frozen=True, slots=True)
class Part:
    """A file on the segments."""

    file: str
    content: str  # what it is, in words
    render: Callable[[SegmentDescription], str | bytes]
    of_rows: bool = False  # whether it consists of single rows: not written where rows are left out
    requires: str = ""  # a package that is not always installed
    most_rows: int | None = None  # rows above which it cannot be written

    def applies(self, description: SegmentDescription) -> bool:
        """Return whether the file can be written of a description."""
        n_rows = len(description.segmentation.segment)
        return (
            (description.with_rows or not self.of_rows)
            and (not self.requires or util.find_spec(self.requires) is not None)
            and (self.most_rows is None or n_rows <= self.most_rows)
        )


def _profile(description: SegmentDescription) -> str:
    return csv_text(profile_frame(description.profiles, description.called))


def _comparisons(description: SegmentDescription) -> str:
    pairs = combinations(range(1, len(description.names) + 1), 2)
    compared = [one for pair in pairs for one in compare_segments(description.segmentation, *pair)]
    return csv_text(
        pd.DataFrame(
            {
                "segment": description.segmentation.ids[one.one - 1],
                "against": description.segmentation.ids[one.other - 1],
                "column": one.column,
                "role": "clustering" if one.used else "profile only",
                "mean": one.mean,
                "against_mean": one.other_mean,
                "cliffs_delta": one.effect.value,
                "delta_low": one.effect.low,
                "delta_high": one.effect.high,
            }
            for one in compared
        )
    )


def _labels(form: Callable[[pd.DataFrame], bytes]) -> Callable[[SegmentDescription], bytes]:
    return lambda description: form(customer_labels(description.segmentation, description.called))


PARTS = (
    Part("summary.html", "one page for a manager, to print", summary_html),
    Part("summary.md", "the same as Markdown", summary_markdown),
    Part("dashboard.html", "views and tables of the segments", dashboard_html),
    Part("names.toml", "names of the segments, to edit and to merge segments", lambda one: one.names_file),
    Part("profile.csv", "every column in every segment", _profile),
    Part("comparisons.csv", "every column in every pair of segments", _comparisons),
    Part("labels.csv", "the segment of every row, with reasons", _labels(labels_csv), of_rows=True),
    Part("labels.parquet", "the same as Parquet", _labels(labels_parquet), of_rows=True),
    Part(
        "labels.xlsx",
        "the same as a workbook",
        _labels(labels_xlsx),
        of_rows=True,
        requires="xlsxwriter",
        most_rows=MOST_ON_SHEET,
    ),
)


def write_parts(description: SegmentDescription, folder: Path) -> list[Path]:
    """Write the files on the segments and return their paths.

    Files of rows are left out where the description is without rows; a workbook where its package is not installed or
    the rows do not fit a sheet. What an earlier description left of these in the folder is removed.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    """
    contents = {path_inside(folder, part.file): part.render(description) for part in PARTS if part.applies(description)}
    for part in PARTS:
        if not part.applies(description):
            (folder / part.file).unlink(missing_ok=True)
    return [write_atomically(path, content) for path, content in contents.items()]
