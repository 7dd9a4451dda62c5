"""Running: plan, fit, score and compute the statistics of a benchmark; everything goes into the store."""

from clusterbench.running.cluster_profiles import profile_clusters
from clusterbench.running.detail_stage import agreement, random_bands, sampled_view
from clusterbench.running.draw_stage import compare_labels, draw_rows
from clusterbench.running.fitting import estimate, unfinished_jobs
from clusterbench.running.planning import Plan, PlannedJob, job_key, make_plan, versions_of
from clusterbench.running.progress import LogProgress, Progress, Silent
from clusterbench.running.run_stages import prepare, run_plan
from clusterbench.running.selection import Selection
from clusterbench.running.settings import Settings, limits_of

__all__ = [
    "LogProgress",
    "Plan",
    "PlannedJob",
    "Progress",
    "Selection",
    "Settings",
    "Silent",
    "agreement",
    "compare_labels",
    "draw_rows",
    "estimate",
    "job_key",
    "limits_of",
    "make_plan",
    "prepare",
    "profile_clusters",
    "random_bands",
    "run_plan",
    "sampled_view",
    "unfinished_jobs",
    "versions_of",
]
