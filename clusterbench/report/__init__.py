"""Reports: a ranked run as a page, Markdown, LaTeX, tables, figures and a table for the terminal.

`build_report` makes one `ReportModel` of a run; every format renders it. A new figure is one file in
``clusterbench/report/figures``, a new format one file in ``clusterbench/report/formats``. Names are imported when they
are asked for: templates and numbers as text need no pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterbench.lazy_names import lazy_names

if TYPE_CHECKING:
    from clusterbench.report.cluster_view import by_tsne
    from clusterbench.report.console_table import terminal_table
    from clusterbench.report.declared_parts import Format, all_figures, all_formats
    from clusterbench.report.entry_views import Board, Entry
    from clusterbench.report.figure import Figure, of_one_dataset
    from clusterbench.report.figure_style import house_style, look, new_figure
    from clusterbench.report.model import BoardReport, Field, Heading, Notice, ReportModel, Table
    from clusterbench.report.model_building import build_report
    from clusterbench.report.svg import Drawing, Picture
    from clusterbench.report.writing import (
        check_writable,
        export_csv,
        export_parquet,
        write_atomically,
        write_index,
        write_report,
    )

_NAMES = {
    "cluster_view": ("by_tsne",),
    "console_table": ("terminal_table",),
    "declared_parts": ("Format", "all_figures", "all_formats"),
    "entry_views": ("Board", "Entry"),
    "figure": ("Figure", "of_one_dataset"),
    "figure_style": ("house_style", "look", "new_figure"),
    "model": ("BoardReport", "Field", "Heading", "Notice", "ReportModel", "Table"),
    "model_building": ("build_report",),
    "svg": ("Drawing", "Picture"),
    "writing": ("check_writable", "export_csv", "export_parquet", "write_atomically", "write_index", "write_report"),
}

__all__ = [
    "Board",
    "BoardReport",
    "Drawing",
    "Entry",
    "Field",
    "Figure",
    "Format",
    "Heading",
    "Notice",
    "Picture",
    "ReportModel",
    "Table",
    "all_figures",
    "all_formats",
    "build_report",
    "by_tsne",
    "check_writable",
    "export_csv",
    "export_parquet",
    "house_style",
    "look",
    "new_figure",
    "of_one_dataset",
    "terminal_table",
    "write_atomically",
    "write_index",
    "write_report",
]

__getattr__ = lazy_names(__name__, _NAMES)
