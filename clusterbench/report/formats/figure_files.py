"""The figures as SVG files, and the numbers that they show as CSV."""

import csv
import io

from clusterbench.report.declared_parts import Format
from clusterbench.report.model import ReportModel


def _render(report: ReportModel) -> dict[str, str]:
    files: dict[str, str] = {}
    for figure in (figure for board in report.boards for figure in board.figures):
        files[f"figures/{figure.name}.svg"] = figure.file
        numbers = io.StringIO()
        csv.writer(numbers, lineterminator="\n").writerows([figure.header, *figure.rows])
        files[figure.numbers_file] = numbers.getvalue()
    return files


FORMAT = Format("figures", _render, {}, order=90)
