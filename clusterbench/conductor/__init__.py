"""The conductor and the Python API."""

from clusterbench.conductor._agreement import NOT_RECORDED, manifest_differences, printable, same_score
from clusterbench.conductor._conduct import Settings, estimate, open_tasks
from clusterbench.conductor._details import Details
from clusterbench.conductor._manifest import declared_rules
from clusterbench.conductor._plan import Plan, PlannedJob, make_plan
from clusterbench.conductor._progress import LogProgress, Progress, Silent
from clusterbench.conductor._reproduce import reproduce
from clusterbench.conductor._reproduction import Difference, Matter, RefittedRow, Reproduction, reproduction_text
from clusterbench.conductor._run import Run, assemble, load_run, prepare, row_ids, run, run_plan, store_status
from clusterbench.conductor._selection import Selection
from clusterbench.conductor._tables import CELL_COLUMNS, SCORE_COLUMNS, cells_table, scores_table
from clusterbench.conductor._target import entry_target

__all__ = [
    "CELL_COLUMNS",
    "NOT_RECORDED",
    "SCORE_COLUMNS",
    "Details",
    "Difference",
    "LogProgress",
    "Matter",
    "Plan",
    "PlannedJob",
    "Progress",
    "RefittedRow",
    "Reproduction",
    "Run",
    "Selection",
    "Settings",
    "Silent",
    "assemble",
    "cells_table",
    "declared_rules",
    "entry_target",
    "estimate",
    "load_run",
    "make_plan",
    "manifest_differences",
    "open_tasks",
    "prepare",
    "printable",
    "reproduce",
    "reproduction_text",
    "row_ids",
    "run",
    "run_plan",
    "same_score",
    "scores_table",
    "store_status",
]
