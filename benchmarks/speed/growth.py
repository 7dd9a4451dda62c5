"""How a run grows with its rows: processor seconds and peak memory of each stage, the eight algorithms of the default.

``python benchmarks/speed/growth.py ROWS --keep FOLDER`` makes a table of ROWS x 20 (six clusters of different size and
spread), runs it with k = 2 to 6 and the default statistics, writes the report, and prints a line for each stage. A run
that was interrupted continues. ``--write`` puts the lines into docs/growth.csv, in place of those of the same ROWS;
``docs/make_growth.py`` draws them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from stage_clock import StageClock

MEASURED = Path(__file__).parents[2] / "docs" / "growth.csv"
BENCHMARK = """
title = "Six clusters"
seeds = [0]
k = { from = 2, to = 6 }
reference_spaces = ["standard"]
datasets = [{ path = "rows.parquet" }]
variants = { standard = [{ step = "impute", strategy = "median" }, { step = "standardize" }] }
algorithms = [
    { use = "kmeans" },
    { use = "gmm" },
    { use = "agglomerative", linkage = ["ward", "average"] },
    { use = "kmedoids" },
    { use = "clara" },
    { use = "dbscan" },
    { use = "hdbscan" },
    { use = "autoencoder_kmeans" },
    { use = "random_labels" },
    { use = "random_voronoi" },
    { use = "quantile_split" },
]
"""


def six_clusters(n_rows: int) -> pd.DataFrame:
    """Return rows of 20 columns from six normal distributions of different weight and spread; five columns skewed."""
    rng = np.random.default_rng(7)
    centres, spreads = rng.normal(size=(6, 20)) * 2.0, rng.uniform(0.6, 1.4, size=6)
    cluster = rng.choice(6, n_rows, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    rows = centres[cluster] + rng.normal(size=(n_rows, 20)) * spreads[cluster, np.newaxis]
    rows[:, :5] = np.exp(rows[:, :5] * 0.4)
    return pd.DataFrame(rows.round(4), columns=[f"x{column}" for column in range(20)])


def measure(n_rows: int, folder: Path, workers: int) -> pd.DataFrame:
    """Run the benchmark on a table of `n_rows` rows in `folder`; return processor seconds and peak MB by stage."""
    from clusterbench.report import build_report, write_report
    from clusterbench.running import Settings, prepare, run_plan

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "growth.toml").write_text(BENCHMARK)
    if not (folder / "rows.parquet").exists():
        six_clusters(n_rows).to_parquet(folder / "rows.parquet")
    clock = StageClock()
    plan, registry = prepare(folder / "growth.toml", workspace=Path(__file__).parents[2])
    run = run_plan(plan, registry, results=folder / "results", settings=Settings(workers=workers), progress=clock)
    clock.stage("report", 1)
    write_report(build_report(run), folder / "report")
    clock.stage("end", 1)
    rows = [(n_rows, stage, round(used.processor, 1), round(used.peak_mb)) for stage, used in clock.usage.items()]
    return pd.DataFrame(rows, columns=["rows", "stage", "cpu_seconds", "peak_mb"])


def main() -> None:
    """Measure one number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        lines = measure(given.rows, given.keep or Path(scratch), given.workers)
    lines.to_csv(sys.stdout, index=False)
    if given.write:
        known = pd.read_csv(MEASURED)
        every = pd.concat([known[known["rows"] != given.rows], lines])
        every.sort_values("rows", kind="stable").to_csv(MEASURED, index=False)


if __name__ == "__main__":
    main()
