"""Benchmarks: declared in TOML, validated, expanded to fit jobs."""

from clusterbench.benchmark.complaints import explain
from clusterbench.benchmark.declaration import (
    DEFAULT_REFERENCE_SPACES,
    AlgorithmRun,
    Benchmark,
    FitJob,
    load_benchmark,
    parse_benchmark,
)
from clusterbench.benchmark.discovery import benchmark_places, find_benchmark, find_claim, list_benchmarks
from clusterbench.benchmark.from_python import python_benchmark
from clusterbench.benchmark.submissions import enter_labels
from clusterbench.benchmark.table_drafts import DEFAULT_ALGORITHMS, declared_spec, draft_toml, table_source
from clusterbench.benchmark.toml_tables import BenchmarkFile, RankingTable, expand_range
from clusterbench.toml_writing import TomlValue

__all__ = [
    "DEFAULT_ALGORITHMS",
    "DEFAULT_REFERENCE_SPACES",
    "AlgorithmRun",
    "Benchmark",
    "BenchmarkFile",
    "FitJob",
    "RankingTable",
    "TomlValue",
    "benchmark_places",
    "declared_spec",
    "draft_toml",
    "enter_labels",
    "expand_range",
    "explain",
    "find_benchmark",
    "find_claim",
    "list_benchmarks",
    "load_benchmark",
    "parse_benchmark",
    "python_benchmark",
    "table_source",
]
