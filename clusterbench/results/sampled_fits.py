"""Entries that were fitted to a sample of the rows, marked on a finished leaderboard."""

from dataclasses import replace

import pandas as pd

from clusterbench.ranking import Alert, AlertKind, Column, Leaderboard
from clusterbench.results.records import RunRecord
from clusterbench.tables import ENTRY_KEY
from clusterbench.text import listed

FITTED_ROWS = "fitted_rows"
_COLUMN = Column(
    FITTED_ROWS,
    "Fitted rows",
    "Random rows to which the entry was fitted; its own rule assigned all others. Empty: it was fitted to all rows.",
    "d",
)


def with_sampled_fits(board: Leaderboard, record: RunRecord) -> Leaderboard:
    """Return a leaderboard with the column ``fitted_rows`` and an alert for each dataset, where a fit was sampled."""
    samples = {(job.dataset, job.algorithm): job.sample for job in record.jobs if job.sample is not None}
    if not samples:
        return board
    places = zip(*(board.table[name] for name in ENTRY_KEY[:2]), strict=True)
    fitted = [samples[place].rows if place in samples else None for place in places]
    groups: dict[tuple[str, int], list[str]] = {}
    for (dataset, algorithm), sample in samples.items():
        groups.setdefault((dataset, sample.rows), []).append(algorithm)
    again = " Each draw takes another sample: their stability is the agreement of samples." if record.resamples else ""
    alerts = [
        Alert(
            AlertKind.SAMPLED_FITS,
            f"{listed(names)}: fitted to {rows:,} random rows of {record.datasets[dataset].n_rows:,}; the others were"
            f" assigned by the rule of each algorithm.{again}",
            dataset,
        )
        for (dataset, rows), names in groups.items()
    ]
    table = board.table.assign(**{FITTED_ROWS: pd.array(fitted, dtype="Int64")})
    return replace(board, table=table, columns=(*board.columns, _COLUMN), alerts=(*board.alerts, *alerts))
