"""Results: a finished run read back from its store, as typed records and tidy tables. Imports no executor."""

from clusterbench.results.details import Details
from clusterbench.results.draw_tables import draw_tables
from clusterbench.results.manifests import LimitsRecord, Manifest, PartitionCounts, StageSeconds
from clusterbench.results.records import (
    AlgorithmRecord,
    DatasetRecord,
    DeclaredRules,
    FrameRecord,
    JobRecord,
    RunRecord,
    SpaceRecord,
    VariantRecord,
)
from clusterbench.results.run_tables import alternative_scores, cells_table, scores_table
from clusterbench.results.stored_run import StoredRun, load_stored_run, read_record, read_run, row_ids, store_status

__all__ = [
    "AlgorithmRecord",
    "DatasetRecord",
    "DeclaredRules",
    "Details",
    "FrameRecord",
    "JobRecord",
    "LimitsRecord",
    "Manifest",
    "PartitionCounts",
    "RunRecord",
    "SpaceRecord",
    "StageSeconds",
    "StoredRun",
    "VariantRecord",
    "alternative_scores",
    "cells_table",
    "draw_tables",
    "load_stored_run",
    "read_record",
    "read_run",
    "row_ids",
    "scores_table",
    "store_status",
]
