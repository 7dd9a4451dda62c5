"""The figures as SVG files."""

from clusterbench.report.declared_parts import Format
from clusterbench.report.model import ReportModel


def _render(report: ReportModel) -> dict[str, str]:
    return {f"figures/{figure.name}.svg": figure.file for board in report.boards for figure in board.figures}


FORMAT = Format("figures", _render, {}, order=90)
