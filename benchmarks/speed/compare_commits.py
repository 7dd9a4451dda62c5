"""Two commits on the default matrix: seconds and processor seconds of each stage, and whether the results are equal.

``python benchmarks/speed/compare_commits.py OLD NEW`` clones this checkout once for each commit into a temporary
folder, runs the benchmark there, one commit after the other, and prints a table. A quick run beforehand compiles what
is compiled once on a machine. ``--rows 2000`` makes the table of the benchmark shorter, ``--keep FOLDER`` keeps clones,
stores and reports.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from stage_clock import StageClock

FITS, SCORES = ("planning", "fitting"), ("scoring",)
BEFORE_STATISTICS = {*FITS, *SCORES}  # the stages between these and the report are the statistics
KEY = ["variant", "algorithm", "params", "cut", "seed", "space", "metric"]
Seconds = dict[str, tuple[float, float]]  # by stage: of the clock, of the processor


def measure(benchmark: str, folder: Path) -> None:
    """Run a benchmark with the clusterbench that is imported here, write its report, and the seconds of each stage."""
    from clusterbench.report import build_report, write_report
    from clusterbench.running import prepare, run_plan

    plan, registry = prepare(benchmark, workspace=Path.cwd(), quick=True)
    with tempfile.TemporaryDirectory() as scratch:
        run_plan(plan, registry, results=scratch)
    clock = StageClock()
    plan, registry = prepare(benchmark, workspace=Path.cwd())
    run = run_plan(plan, registry, results=folder / "results", progress=clock)
    clock.stage("report", 1)
    write_report(build_report(run), folder / "report")
    clock.stage("end", 1)
    verdicts = {found.dataset: found.text for found in run.record.structure}
    seconds = {name: (used.clock, used.processor) for name, used in clock.usage.items()}
    facts = {"seconds": seconds, "verdicts": verdicts, "headline": run.board.headline}
    (folder / "facts.json").write_text(json.dumps(facts))


def run_commit(commit: str, benchmark: str, rows: int | None, folder: Path) -> None:
    """Clone a commit into `folder` and measure it there in a process of its own."""
    here, clone = Path(__file__).parents[2], folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(here), str(clone)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=clone, check=True)
    if rows is not None:
        declared = clone / "benchmarks" / f"{benchmark}.toml"
        used = f'use = "{benchmark}"'
        declared.write_text(declared.read_text().replace(used, f"{used}\nn_rows = {rows}", 1))
    command = [sys.executable, __file__, "--measure", str(folder), "--benchmark", benchmark]
    subprocess.run(command, cwd=clone, check=True, env={**os.environ, "PYTHONPATH": str(clone)})


def stage_table(old: Seconds, new: Seconds) -> Iterator[tuple[str, Seconds]]:
    """Yield every stage, then the sums of some, with the seconds of both commits."""
    names = list(dict.fromkeys([*old, *new]))
    groups = {name: [name] for name in names}
    groups["statistics"] = [name for name in names if name not in BEFORE_STATISTICS and name != "report"]
    groups["whole run"] = names
    for name, parts in groups.items():
        sums = [tuple(sum(which.get(part, (0.0, 0.0))[i] for part in parts) for i in (0, 1)) for which in (old, new)]
        yield name, dict(zip(("old", "new"), sums, strict=True))


def print_seconds(old: Seconds, new: Seconds) -> None:
    """Print the table of stages."""
    titles = f"{'old':>9}{'new':>9}{'times':>7}"
    print(f"\n{'seconds of':16}{'the clock':>25}{'the processor':>25}\n{'stage':16}{titles}{titles}")
    for name, both in stage_table(old, new):
        pairs = zip(both["old"], both["new"], strict=True)
        print(f"{name:16}" + "".join(f"{before:9.1f}{after:9.1f}{ratio(before, after):>7}" for before, after in pairs))


def ratio(old: float, new: float) -> str:
    """Return how many times less `new` is than `old`."""
    return f"{old / new:.1f}" if new > 0.05 else ""


def compare_scores(old: Path, new: Path) -> None:
    """Print which algorithms have other scores."""
    tables = [pd.read_csv(folder / "report" / "scores.csv", dtype=str).set_index(KEY) for folder in (old, new)]
    for algorithm in tables[0].index.unique("algorithm"):
        before, after = (table.xs(algorithm, level="algorithm").sort_index() for table in tables)
        columns = ["labels_sha256", "value", "status"]
        equal = before.index.equals(after.index) and before[columns].equals(after[columns])
        print(f"{algorithm:20} {len(before):6} scores {'equal' if equal else 'DIFFERENT'}")


def compare_boards(old: Path, new: Path) -> None:
    """Print the rows of the leaderboard whose k, rank or letters differ."""
    boards = [pd.read_csv(folder / "report" / "leaderboard.csv", dtype=str) for folder in (old, new)]
    shown = [name for name in ("rank", "variant", "algorithm", "params", "cut", "letters") if name in boards[0]]
    both = boards[0][shown].merge(boards[1][shown], how="outer", indicator=True)
    other = both[both["_merge"] != "both"]
    print("ranks, cuts and letters: equal" if other.empty else other.to_string(index=False))


def main() -> None:
    """Compare two commits, or measure the one that is imported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="*", metavar="COMMIT")
    parser.add_argument("--benchmark", default="credit-card")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        measure(given.benchmark, given.measure)
        return
    if len(given.commits) != 2:
        parser.error("two commits are needed")
    with tempfile.TemporaryDirectory() as scratch:
        folders = [(given.keep or Path(scratch)).absolute() / name for name in ("old", "new")]
        for folder, commit in zip(folders, given.commits, strict=True):
            folder.mkdir(parents=True)
            run_commit(commit, given.benchmark, given.rows, folder)
        old, new = (json.loads((folder / "facts.json").read_text()) for folder in folders)
        print_seconds(old["seconds"], new["seconds"])
        compare_scores(*folders)
        compare_boards(*folders)
        for name in ("headline", "verdicts"):
            print(f"{name}: " + ("equal" if old[name] == new[name] else f"\n  old: {old[name]}\n  new: {new[name]}"))


if __name__ == "__main__":
    main()
