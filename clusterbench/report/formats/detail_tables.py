"""What the page shows of entries beyond the leaderboard, as CSV."""

from clusterbench.report.declared_parts import Format
from clusterbench.report.model import ReportModel
from clusterbench.tables import csv_text

_FILES = {
    "contributions.csv": "what each metric in each space adds to the score or mean rank of an entry",
    "k_choice.csv": "the number by which k was chosen, for every cut",
    "sensitivity.csv": "ranks under other rules",
    "agreement.csv": "adjusted Rand index of every pair of labelings",
    "clusters.csv": "medians of the clusters by column, and what sets them apart",
    "medoids.csv": "the row nearest to the mean of each cluster",
    "columns.csv": "range, missing values and zeros of each column",
}


def _render(report: ReportModel) -> dict[str, str]:
    run, details = report.run, report.run.details
    frames = (
        *(run.board.contributions, run.criteria, run.board.sensitivity),
        *(details.agreement, details.profiles, details.medoids, details.columns),
    )
    return {name: csv_text(frame) for name, frame in zip(_FILES, frames, strict=True)}


FORMAT = Format("details", _render, _FILES, order=22)
