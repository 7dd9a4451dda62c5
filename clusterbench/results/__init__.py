"""Results: a finished run read back from its store, as typed records and tidy tables. Imports no executor."""

from clusterbench.results.details import Details
from clusterbench.results.draw_tables import draw_tables
from clusterbench.results.manifests import LimitsRecord, Manifest, PartitionCounts, StageSeconds
from clusterbench.results.records import (
    AlgorithmRecord,
    DatasetRecord,
    DeclaredRules,
    DipRecord,
    FrameRecord,
    JobRecord,
    RunRecord,
    ShuffledTable,
    SpaceRecord,
    StructureFinding,
    VariantRecord,
)
from clusterbench.results.run_tables import alternative_scores, cells_table, scores_table
from clusterbench.results.stored_run import StoredRun, load_stored_run, read_record, read_run, row_ids, store_status
from clusterbench.results.structure_alerts import structure_alerts

__all__ = [
    "AlgorithmRecord",
    "DatasetRecord",
    "DeclaredRules",
    "Details",
    "DipRecord",
    "FrameRecord",
    "JobRecord",
    "LimitsRecord",
    "Manifest",
    "PartitionCounts",
    "RunRecord",
    "ShuffledTable",
    "SpaceRecord",
    "StageSeconds",
    "StoredRun",
    "StructureFinding",
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
    "structure_alerts",
]
