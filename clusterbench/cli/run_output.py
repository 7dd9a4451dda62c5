"""`run` and its dry run: do the work, and print the outcome."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from clusterbench.cli.console import console, name_files, say, show
from clusterbench.cli.progress_bar import progress_for
from clusterbench.cli.signals import exit_status, stoppable, summary
from clusterbench.naming import folder_name, path_inside
from clusterbench.plugins import Registry
from clusterbench.report import ReportModel, build_report, check_writable, terminal_table, write_index, write_report
from clusterbench.running import Plan, Settings, estimate, run_plan, unfinished_jobs
from clusterbench.store import STORE_NAME, Store
from clusterbench.text import listed, printable


def run_and_report(
    prepared: Callable[[], tuple[Plan, Registry]], settings: Settings, results: Path, reports: Path
) -> int:
    """Run the plan of a benchmark, write its report and print the result; return the number of failed cells."""
    check_writable(reports)
    planned: str | None = None
    try:
        with progress_for(console(stderr=True)) as shown, stoppable(shown) as progress:
            plan, registry = prepared()
            planned = folder_name(plan.name)
            done = run_plan(plan, registry, results=results, settings=settings, progress=progress)
            progress.stage("report", 1)
            folder = path_inside(reports, f"{planned}/index.html").parent
            report = build_report(done)
            written = [*write_report(report, folder), write_index(reports)]
            progress.advance(1, str(folder))
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"\n{summary(results, planned)}\n")
        sys.exit(exit_status(stop))
    _show_run(report, written, results)
    return done.n_failed


def _show_run(report: ReportModel, written: Sequence[Path], results: Path) -> None:
    done = report.run
    show(terminal_table(report))
    say("\n" + "\n".join((done.board.headline, *report.basis)))
    for finding in done.record.structure:
        say(printable(f"{finding.dataset}: {finding.text}"))
    counts = done.manifest.partitions
    now = f"{done.computed} of them now" if done.computed else "none of them now: all were in the store"
    again = " (--retry tries them again)" if done.n_failed and not done.computed else ""
    say(
        f"{counts.asked} partitions asked for: {counts.fitted} fits, {now}; {counts.shared} shared with another seed or"
        f" variant; {done.n_failed} failed{again}."
    )
    sources = [printable(dataset.source) for dataset in done.record.datasets.values()]
    say(f"\ntable    {listed(sources, most=3)}\nstore    {results / STORE_NAME}")
    name_files(written)


def show_plan(plan: Plan, settings: Settings, results: Path) -> None:
    """Print the fit jobs of a run, what is in the store already, and how long the rest may take."""
    if (results / STORE_NAME).exists():
        with Store.reader(results) as store:
            todo = unfinished_jobs(plan, store, retry=settings.retry)
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
    show(table)
    todo_cells = sum(len(cuts) * len(planned.job.seeds) for planned, cuts in todo)
    say(f"{plan.n_cells - todo_cells} cells need no work, {todo_cells} are to do.")
    workers = max(settings.n_workers, 1)
    if todo and not unknown:
        say(f"Estimate: {seconds / workers:.0f} s of fitting on {workers} workers.")
    elif todo:
        known = f"{seconds / workers:.0f} s and " if seconds else ""
        say(f"Estimate: {known}unknown for {', '.join(unknown)}, never timed here.")
