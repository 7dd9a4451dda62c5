"""Results: a finished run read back from its store, as typed records and tidy tables. Imports no executor."""

from clusterbench.results.details import Details
from clusterbench.results.manifests import declared_rules
from clusterbench.results.run_tables import cells_table, scores_table
from clusterbench.results.runs import Run, assemble, load_run, row_ids, store_status

__all__ = [
    "Details",
    "Run",
    "assemble",
    "cells_table",
    "declared_rules",
    "load_run",
    "row_ids",
    "scores_table",
    "store_status",
]
