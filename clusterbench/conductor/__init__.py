"""The conductor and the Python API."""

from clusterbench.conductor._conduct import Settings, estimate, open_tasks
from clusterbench.conductor._plan import Plan, PlannedJob, make_plan
from clusterbench.conductor._progress import LogProgress, Progress, Silent
from clusterbench.conductor._run import Run, assemble, load_run, prepare, row_ids, run, store_status
from clusterbench.conductor._selection import Selection
from clusterbench.conductor._tables import CELL_COLUMNS, SCORE_COLUMNS, cells_table, scores_table

__all__ = [
    "CELL_COLUMNS",
    "SCORE_COLUMNS",
    "LogProgress",
    "Plan",
    "PlannedJob",
    "Progress",
    "Run",
    "Selection",
    "Settings",
    "Silent",
    "assemble",
    "cells_table",
    "estimate",
    "load_run",
    "make_plan",
    "open_tasks",
    "prepare",
    "row_ids",
    "run",
    "scores_table",
    "store_status",
]
