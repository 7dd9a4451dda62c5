"""Five million rows of a CSV file to their segments, beside DuckDB in the same run. Run with ``tox -e speed``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusterbench.running import Settings, Silent, prepare, run_plan
from clusterbench.segments import segment_entry, write_bundle

ROWS = 5_000_000
MOST_MB = 600

TOML = """
title = "Customers"
seeds = [0]
k = [4]
reference_spaces = ["log1p"]
datasets = [{ use = "credit-card" }]
algorithms = [{ use = "kmeans" }]
ranking = { k_policies = ["silhouette"], random_partitions = 0, bootstraps = 0 }
stability = { resamples = 0 }
structure = { permutations = 0 }
[variants]
log1p = [{ step = "impute" }, { step = "log1p" }, { step = "standardize" }]
"""
ASSIGN = """
import resource, sys
from pathlib import Path
from clusterbench.segments import assign_file, load_bundle
folder = Path(sys.argv[1])
print(assign_file(load_bundle(folder / "bundle"), folder / "rows.csv", folder / "assigned.csv").n_rows)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
DUCKDB = """
import sys
from pathlib import Path
import duckdb
from clusterbench.segments import Dialect, load_bundle, program_sql
folder = Path(sys.argv[1])
query = program_sql(load_bundle(folder / "bundle"), Dialect.DUCKDB, row_id="CUST_ID")
with duckdb.connect() as database:
    database.execute("SET memory_limit = '2GB'")
    database.execute(f"CREATE VIEW customers AS SELECT * FROM read_csv('{folder / 'rows.csv'}')")
    database.execute(f"COPY ({query}) TO '{folder / 'queried.csv'}' (HEADER)")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a bundle and a file of five million rows."""
    place = tmp_path_factory.mktemp("assignment")
    (place / "cards.toml").write_text(TOML)
    results, settings = place / "results", Settings(workers=0)
    run_plan(*prepare(str(place / "cards.toml")), results=results, settings=settings, progress=Silent())
    made = segment_entry(results)
    names = [f"segment {number}" for number in range(1, made.segmentation.n_segments + 1)]
    write_bundle(made.segmentation, made.fit, names, made.provenance, place / "bundle")
    frame = made.segmentation.table.rename_axis("CUST_ID").reset_index()
    head, body = frame.to_csv(index=False).split("\n", 1)
    with (place / "rows.csv").open("w") as file:
        file.write(f"{head}\n")
        for _ in range(-(-ROWS // len(frame))):
            file.write(body)
    return place


def run_script(code: str, folder: Path) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    return ran.stdout.split()


def test_rows_are_assigned_in_bounded_memory(benchmark, folder):
    n_rows, peak_mb = benchmark.pedantic(run_script, args=(ASSIGN, folder), rounds=1)
    seconds = benchmark.stats.stats.min
    print(f"\n{int(n_rows) / seconds:,.0f} rows/s, peak {float(peak_mb):.0f} MB")
    assert int(n_rows) >= ROWS
    assert float(peak_mb) < MOST_MB


def test_duckdb_runs_the_exported_query(benchmark, folder):
    benchmark.pedantic(run_script, args=(DUCKDB, folder), rounds=1)
    print(f"\n{ROWS / benchmark.stats.stats.min:,.0f} rows/s")
