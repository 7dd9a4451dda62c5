"""Segments in use: a partition of the leaderboard as an assignment program, a bundle, and descriptions of its segments.

Loading a bundle and assigning rows needs numpy and pydantic alone, so names are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterbench.lazy_names import lazy_names

if TYPE_CHECKING:
    from clusterbench.segments.bundle import Bundle, BundleManifest, load_bundle
    from clusterbench.segments.bundle_writing import write_bundle
    from clusterbench.segments.column_source import ColumnSource
    from clusterbench.segments.description import SegmentDescription, describe
    from clusterbench.segments.drift_index import chance_limit, stability_index
    from clusterbench.segments.effect_sizes import Effect, cliffs_delta
    from clusterbench.segments.encoded_columns import without_encoders
    from clusterbench.segments.entry_segmentation import Provenance, SegmentedEntry, segment_entry
    from clusterbench.segments.explanation import (
        Change,
        Explanation,
        LevelChange,
        Reason,
        explain_row,
        explanation_text,
    )
    from clusterbench.segments.file_assignment import FileOutcome, assign_file, read_row
    from clusterbench.segments.finer_segments import KStep, k_step
    from clusterbench.segments.monitoring import Monitoring, Verdict, monitor_file
    from clusterbench.segments.monitoring_report import monitoring_summary, monitoring_table, write_monitoring
    from clusterbench.segments.names_file import NamesFile
    from clusterbench.segments.parts import PARTS, Part, write_parts
    from clusterbench.segments.profile import SegmentProfile, compare_segments, profile_frame, profile_segments
    from clusterbench.segments.program import Assigned, Program, RowError, make_program, parse_program
    from clusterbench.segments.program_building import Fit, build_program
    from clusterbench.segments.refresh_report import change_lines
    from clusterbench.segments.refreshing import ChangeKind, ChangeLog, change_log, continued_ids
    from clusterbench.segments.row_labels import customer_labels
    from clusterbench.segments.segment_files import WrittenSegments, write_segments
    from clusterbench.segments.segment_names import SegmentName, suggest_names
    from clusterbench.segments.segment_rules import SegmentRules, find_rules
    from clusterbench.segments.segmentation import Segmentation
    from clusterbench.segments.sql_export import Dialect, program_sql
    from clusterbench.segments.unknown_levels import UnknownLevels

_NAMES = {
    "bundle": ("Bundle", "BundleManifest", "load_bundle"),
    "bundle_writing": ("write_bundle",),
    "column_source": ("ColumnSource",),
    "description": ("SegmentDescription", "describe"),
    "drift_index": ("chance_limit", "stability_index"),
    "effect_sizes": ("Effect", "cliffs_delta"),
    "encoded_columns": ("without_encoders",),
    "entry_segmentation": ("Provenance", "SegmentedEntry", "segment_entry"),
    "explanation": ("Change", "Explanation", "LevelChange", "Reason", "explain_row", "explanation_text"),
    "file_assignment": ("FileOutcome", "assign_file", "read_row"),
    "finer_segments": ("KStep", "k_step"),
    "monitoring": ("Monitoring", "Verdict", "monitor_file"),
    "monitoring_report": ("monitoring_summary", "monitoring_table", "write_monitoring"),
    "names_file": ("NamesFile",),
    "parts": ("PARTS", "Part", "write_parts"),
    "profile": ("SegmentProfile", "compare_segments", "profile_frame", "profile_segments"),
    "program": ("Assigned", "Program", "RowError", "make_program", "parse_program"),
    "program_building": ("Fit", "build_program"),
    "refresh_report": ("change_lines",),
    "refreshing": ("ChangeKind", "ChangeLog", "continued_ids", "change_log"),
    "row_labels": ("customer_labels",),
    "segment_files": ("WrittenSegments", "write_segments"),
    "segment_names": ("SegmentName", "suggest_names"),
    "segment_rules": ("SegmentRules", "find_rules"),
    "segmentation": ("Segmentation",),
    "sql_export": ("Dialect", "program_sql"),
    "unknown_levels": ("UnknownLevels",),
}

__all__ = [
    "PARTS",
    "Assigned",
    "Bundle",
    "BundleManifest",
    "Change",
    "ChangeKind",
    "ChangeLog",
    "ColumnSource",
    "Dialect",
    "Effect",
    "Explanation",
    "FileOutcome",
    "Fit",
    "KStep",
    "LevelChange",
    "Monitoring",
    "NamesFile",
    "Part",
    "Program",
    "Provenance",
    "Reason",
    "RowError",
    "SegmentDescription",
    "SegmentName",
    "SegmentProfile",
    "SegmentRules",
    "Segmentation",
    "SegmentedEntry",
    "UnknownLevels",
    "Verdict",
    "WrittenSegments",
    "assign_file",
    "build_program",
    "chance_limit",
    "change_lines",
    "change_log",
    "cliffs_delta",
    "compare_segments",
    "continued_ids",
    "customer_labels",
    "describe",
    "explain_row",
    "explanation_text",
    "find_rules",
    "k_step",
    "load_bundle",
    "make_program",
    "monitor_file",
    "monitoring_summary",
    "monitoring_table",
    "parse_program",
    "profile_frame",
    "profile_segments",
    "program_sql",
    "read_row",
    "segment_entry",
    "stability_index",
    "suggest_names",
    "without_encoders",
    "write_bundle",
    "write_monitoring",
    "write_parts",
    "write_segments",
]

__getattr__ = lazy_names(__name__, _NAMES)
