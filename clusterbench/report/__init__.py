"""Reports: a ranked run as a page, Markdown, tables, figures and a table for the terminal."""

from clusterbench.report.figures.cluster_view import by_tsne
from clusterbench.report.formats.html_page import html
from clusterbench.report.formats.index_page import write_index
from clusterbench.report.formats.json_and_wide import leaderboard_json
from clusterbench.report.formats.latex_table import latex
from clusterbench.report.formats.markdown_text import markdown
from clusterbench.report.formats.terminal_table import terminal_table
from clusterbench.report.writing import check_writable, export_csv, write_report, write_table

__all__ = [
    "by_tsne",
    "check_writable",
    "export_csv",
    "html",
    "latex",
    "leaderboard_json",
    "markdown",
    "terminal_table",
    "write_index",
    "write_report",
    "write_table",
]
