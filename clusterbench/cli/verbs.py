"""What the verbs do: call a room, print what it gives."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clusterbench.benchmark import list_benchmarks
from clusterbench.cli.progress_bar import progress_for
from clusterbench.cli.signals import exit_status, stoppable, summary
from clusterbench.execution import Limits
from clusterbench.results import Run, load_run, row_ids, store_status
from clusterbench.running import Settings, estimate, open_tasks, prepare, run_plan
from clusterbench.store import STORE_NAME, Store

_FACTS = {
    "column": "column",
    "unit": "unit",
    "missing_percent": "missing %",
    "zero_percent": "zero %",
    "distinct": "distinct",
    "q0": "min",
    "q50": "median",
    "q100": "max",
    "mean": "mean",
    "skew": "skew",
}
"""What `inspect` shows of each column, and its title."""


def settings(
    jobs: int | None,
    threads: int,
    time_limit: float | None,
    memory_limit: float | None,
    *,
    retry: bool,
    scheduler: str | None = None,
) -> Settings:
    """Return run settings from the options of the command line."""
    return Settings(jobs, threads, Limits(time_limit, memory_limit), retry, scheduler)


def run(benchmark: str, *, quick: bool, only: Sequence[str], settings: Settings, results: Path, reports: Path) -> int:
    """Run, report, print; return the number of failed cells."""
    from clusterbench.report import check_writable, write_index, write_report

    check_writable(reports)
    name: str | None = None
    try:
        with progress_for(Console(stderr=True)) as shown, stoppable(shown) as progress:
            plan, registry = prepare(benchmark, quick=quick, only=only)
            name = plan.name
            done = run_plan(plan, registry, results=results, settings=settings, progress=progress)
            progress.stage("report", 1)
            written = [*write_report(done, reports / done.name), write_index(reports)]
            progress.advance(1, str(reports / done.name))
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"\n{summary(results, name)}\n")
        sys.exit(exit_status(stop))
    _show(done, written, results)
    return done.n_failed


def _show(done: Run, written: Sequence[Path], results: Path) -> None:
    from clusterbench.report import terminal_table

    console = _console()
    console.print(terminal_table(done))
    console.print(f"\n{done.board.headline}", highlight=False, markup=False)
    counts = done.manifest.partitions
    now = f"{done.computed} of them now" if done.computed else "none of them now: all were in the store"
    again = " (--retry tries them again)" if done.n_failed and not done.computed else ""
    console.print(
        f"{counts.asked} partitions asked for: {counts.fitted} fits, {now}; {counts.shared} shared with another seed or"
        f" variant; {done.n_failed} failed{again}.",
        highlight=False,
    )
    console.print(f"\nstore    {results / STORE_NAME}", highlight=False)
    _tell_files(console, written)


def _tell_files(console: Console, written: Sequence[Path]) -> None:
    """Name the files that were written; of figures and labels, of which there are many, only the folder."""
    for path in written:
        if path.parent.name not in ("figures", "labels"):
            console.print(f"wrote    {path}", highlight=False)
    for folder in dict.fromkeys(path.parent for path in written if path.parent.name in ("figures", "labels")):
        console.print(f"wrote    {folder}", highlight=False)


def dry_run(benchmark: str, *, quick: bool, only: Sequence[str], settings: Settings, results: Path) -> None:
    """Print the cells of a run, what is in the store already, and how long the rest may take."""
    plan, _ = prepare(benchmark, quick=quick, only=only)
    console = _console()
    if (results / STORE_NAME).exists():
        with Store.reader(results) as store:
            todo = open_tasks(plan, store, retry=settings.retry)
            seconds, unknown = estimate(plan, store, todo)
    else:
        todo = [(planned, planned.job.cuts) for planned in plan.jobs if planned.obstacle is None]
        seconds, unknown = estimate(plan, None, todo)
    remaining = {planned.key: len(cuts) for planned, cuts in todo}
    table = Table(title=f"{plan.name}: {plan.n_cells} cells in {len(plan.jobs)} fit jobs")
    for column in ("dataset", "variant", "algorithm", "params", "seeds", "cuts", "to do"):
        table.add_column(column)
    for planned in plan.jobs:
        job = planned.job
        open_cuts = planned.obstacle or str(remaining.get(planned.key, 0))
        seeds = ", ".join(map(str, job.seeds))
        table.add_row(job.dataset, job.variant, job.algorithm, job.params, seeds, str(len(job.cuts)), open_cuts)
    console.print(table)
    todo_cells = sum(len(cuts) * len(planned.job.seeds) for planned, cuts in todo)
    console.print(f"{plan.n_cells - todo_cells} cells need no work, {todo_cells} are to do.", highlight=False)
    workers = max(settings.n_workers, 1)
    if todo and not unknown:
        console.print(f"Estimate: {seconds / workers:.0f} s of fitting on {workers} workers.", highlight=False)
    elif todo:
        known = f"{seconds / workers:.0f} s and " if seconds else ""
        console.print(f"Estimate: {known}unknown for {', '.join(unknown)}, never timed here.", highlight=False)


def status(results: Path) -> None:
    """Print the cells of every benchmark in the store by status."""
    console = _console()
    with Store.reader(results) as store:
        for name, counts in store_status(store).items():
            done = ", ".join(f"{count} {state}" for state, count in counts.items())
            console.print(f"{name}: {done}", highlight=False)


def report(benchmark: str | None, view: str, *, results: Path, reports: Path) -> None:
    """Write the report of a stored run."""
    from clusterbench.report import by_tsne, write_index, write_report

    done = load_run(results, benchmark)
    if view == "tsne":
        done = by_tsne(done)
    _tell_files(_console(), [*write_report(done, reports / done.name), write_index(reports)])


def export(benchmark: str | None, format_: str, *, results: Path, out: Path) -> None:
    """Write the tables of a stored run in `format_`."""
    from clusterbench.report import export_csv

    writers = {"csv": export_csv}
    for path in writers[format_](load_run(results, benchmark), out):
        _console().print(f"wrote    {path}", highlight=False)


def labels(sha256: str, dataset: str | None, *, results: Path, out: Path | None) -> None:
    """Write row id and cluster of a labeling as CSV."""
    import pandas as pd

    from clusterbench.labeling import labels_sha256
    from clusterbench.report import write_table

    with Store.reader(results) as store:
        found = store.labels(sha256)
        ids = row_ids(store, labels_sha256(found), dataset)
    frame = pd.DataFrame({"row_id": ids if ids is not None else range(len(found)), "cluster": found})
    write_table(frame, out if out is not None else sys.stdout)


def list_everything() -> None:
    """Print what can stand in a benchmark file."""
    from clusterbench.datasets import list_datasets
    from clusterbench.metrics import METRICS
    from clusterbench.plugins import load_registry, missing_packages
    from clusterbench.preprocessing import DEFAULT_VARIANTS, describe, parse_steps

    console = _console()
    registry = load_registry(Path.cwd())
    rows: dict[str, list[tuple[str, str]]] = {
        "benchmarks": [(name, str(path)) for name, path in list_benchmarks(Path.cwd()).items()],
        "datasets": [(entry.name, entry.summary) for entry in list_datasets()],
        "algorithms": [
            (name, f"{algorithm.summary} [{missing_packages(algorithm) or algorithm.family}]")
            for name, algorithm in registry.algorithms.items()
        ],
        "broken plug-ins": [(plugin.name, plugin.reason) for plugin in registry.broken],
        "variants": [(name, describe(parse_steps(steps, where=name))) for name, steps in DEFAULT_VARIANTS.items()],
        "steps": [(name, (step.__doc__ or "").partition("\n")[0]) for name, step in registry.steps.items()],
        "metrics": [(m.name, f"{m.formula} ({m.direction} is better)") for m in METRICS.values()],
    }
    for title, entries in rows.items():
        if entries:
            console.print(f"\n{title}", style="bold")
            for name, text in entries:
                console.print(f"  {name:22} {text}", highlight=False, markup=False)


def inspect(dataset: str, drop: Sequence[str]) -> None:
    """Print facts of a dataset and of its columns."""
    from pydantic import ValidationError

    from clusterbench.benchmark import explain
    from clusterbench.datasets import DatasetSpec, inspect_dataset, list_datasets, load_dataset

    known = {entry.name for entry in list_datasets()}
    is_path = dataset not in known and ("." in dataset or "/" in dataset)
    try:
        spec = DatasetSpec.model_validate({"path" if is_path else "use": dataset, "drop": tuple(drop)})
    except ValidationError as error:
        raise explain(error, DatasetSpec, "inspect") from error
    loaded = load_dataset(spec, base=Path.cwd())
    console = _console()
    console.print(f"{loaded.name}: {loaded.n_rows} rows x {len(loaded.columns)} columns", style="bold", highlight=False)
    console.print(f"source: {loaded.source}", highlight=False)
    console.print(f"hash: {loaded.content_hash}", highlight=False)
    if loaded.truth is not None:
        console.print(f"truth: {len(set(loaded.truth.tolist()))} classes", highlight=False)
    for name, columns in loaded.groups.items():
        console.print(f"group {name}: {', '.join(columns)}", highlight=False)
    for warning in loaded.warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False)
    facts = inspect_dataset(loaded).reset_index()
    table = Table()
    for name, title in _FACTS.items():
        words = name in ("column", "unit")
        table.add_column(title, justify="left" if words else "right", no_wrap=True)
    for row in facts[list(_FACTS)].itertuples(index=False):
        table.add_row(*map(_short, row))
    console.print(table)


def _short(value: object) -> str:
    """Return a number with about four digits, anything else as it is."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def reproduce(target: str, benchmark: str | None, *, results: Path) -> bool:
    """Do a row again and print what differs; return whether it is the same."""
    from clusterbench.verification import reproduce as do_again
    from clusterbench.verification import reproduction_text

    with progress_for(Console(stderr=True)) as progress:
        done = do_again(target, results=results, benchmark=benchmark, progress=progress)
    _console().print(reproduction_text(done), highlight=False, markup=False, soft_wrap=True)
    return done.same


def compare(a: str, b: str) -> bool:
    """Print the comparison of two runs or exports; return whether B is worse."""
    from clusterbench.verification import compare as hold_against
    from clusterbench.verification import comparison_text

    found = hold_against(a, b)
    _console().print(comparison_text(found), highlight=False, markup=False, soft_wrap=True)
    return bool(found.worse)


def _console() -> Console:
    console = Console()
    # A pipe has no width; tables in a log should not be folded at 80.
    return console if console.is_terminal else Console(width=max(console.width, 140))
