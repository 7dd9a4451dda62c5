"""Reports: a ranked run as a page, Markdown, tables, figures and a table for the terminal."""

from clusterbench.report._exports import leaderboard_json
from clusterbench.report._html import html
from clusterbench.report._index import write_index
from clusterbench.report._latex import latex
from clusterbench.report._markdown import markdown
from clusterbench.report._schema import CELL_SCHEMA, SCORE_SCHEMA, SchemaError
from clusterbench.report._terminal import terminal_table
from clusterbench.report._view import by_tsne
from clusterbench.report._write import check_writable, export_csv, write_report, write_table

__all__ = [
    "CELL_SCHEMA",
    "SCORE_SCHEMA",
    "SchemaError",
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
