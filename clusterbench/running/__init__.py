"""Running: plan, fit, score and compute the statistics of a benchmark; everything goes into the store."""

from clusterbench.running.fitting import estimate, open_tasks
from clusterbench.running.planning import Plan, PlannedJob, make_plan
from clusterbench.running.progress import LogProgress, Progress, Silent
from clusterbench.running.runs import prepare, run, run_plan
from clusterbench.running.selection import Selection
from clusterbench.running.settings import Settings

__all__ = [
    "LogProgress",
    "Plan",
    "PlannedJob",
    "Progress",
    "Selection",
    "Settings",
    "Silent",
    "estimate",
    "make_plan",
    "open_tasks",
    "prepare",
    "run",
    "run_plan",
]
