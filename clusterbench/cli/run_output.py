"""`run` and its dry run: do the work, and print the outcome."""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.table import Table

from clusterbench.cli.console import console, name_files, open_in_browser, say, show
from clusterbench.cli.progress_bar import progress_for
from clusterbench.cli.signals import exit_status, stoppable, summary
from clusterbench.naming import Cut, EntryNames, folder_name, path_inside
from clusterbench.plugins import Registry
from clusterbench.ranking import AlertKind
from clusterbench.report import ReportModel, build_report, check_writable, terminal_table, write_index, write_report
from clusterbench.running import Plan, PlannedJob, Settings, Silent, estimate, run_plan, unfinished_jobs
from clusterbench.statuses import CellStatus
from clusterbench.store import STORE_NAME, Store
from clusterbench.text import counted, listed, printable, spanned

_MOST_FAILURES = 3


def run_and_report(
    prepared: Callable[[], tuple[Plan, Registry]],
    settings: Settings,
    results: Path,
    reports: Path,
    *,
    quiet: bool = False,
    open_page: bool = False,
) -> int:
    """Run the plan of a benchmark, write its report and print the result; return the exit status."""
    check_writable(reports)
    planned: str | None = None
    try:
        shown = nullcontext(Silent()) if quiet else progress_for(console(stderr=True))
        with shown as output, stoppable(output) as progress:
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
    if not quiet:
        _show_run(report, written, results)
    _show_failures(report, folder)
    if open_page:
        open_in_browser(written[0])
    return 1 if done.n_failed or done.board.table.empty else 0


def _show_run(report: ReportModel, written: Sequence[Path], results: Path) -> None:
    done = report.run
    show(terminal_table(report))
    say("\n" + "\n".join((done.board.headline, *report.basis)))
    for notice in report.notices:
        if notice.kind is AlertKind.SELECTION:
            say(notice.text)
    for finding in done.record.structure:
        say(printable(f"{finding.dataset}: {finding.text}"))
    counts = done.manifest.partitions
    now = f"{done.computed:,} of them now" if done.computed else "none of them now: all were in the store"
    again = " (--retry tries them again)" if done.n_failed and not done.computed else ""
    say(
        f"{counts.asked:,} partitions asked for: {counts.fitted:,} fitted, {now}; {counts.shared:,} shared with another"
        f" seed or variant; {done.n_failed:,} failed{again}."
    )
    sources = [printable(dataset.source) for dataset in done.record.datasets.values()]
    facts = dict(report.facts)
    columns = f"\ncolumns  {facts['Columns']}" if "Columns" in facts else ""
    say(f"\ntable    {listed(sources, most=3)}{columns}\nstore    {results / STORE_NAME}")
    name_files(written)


def _show_failures(report: ReportModel, folder: Path) -> None:
    """Name the first failures with their reasons and the table of all, and why nothing was ranked."""
    failures = [row for row in report.failures.rows if row[0] != CellStatus.SKIPPED]
    for status, algorithm, reason, cells, where in failures[:_MOST_FAILURES]:
        say(f"{status:8} {algorithm}: {reason} ({counted(int(cells), 'partition')}: {where})", style="red")
    if failures:
        others = len(failures) - _MOST_FAILURES
        more = f"{counted(others, 'more reason')} and " if others > 0 else ""
        say(f"{more}all {report.run.n_failed} failed partitions: {folder / 'cells.csv'}, column reason")
    if report.run.board.table.empty:
        most_often = report.run.cells["reason"].value_counts().index[0]
        say(f"Nothing was ranked: {report.outcomes}. Most often: {most_often}", style="red")


def show_plan(plan: Plan, settings: Settings, results: Path) -> None:
    """Print what a run fits, what is in the store already, and how long the rest may take."""
    if (results / STORE_NAME).exists():
        with Store.reader(results) as store:
            todo = unfinished_jobs(plan, store, retry=settings.retry)
            seconds, unknown = estimate(plan, store, todo)
    else:
        todo = [(planned, planned.job.cuts) for planned in plan.jobs if planned.obstacle is None]
        seconds, unknown = estimate(plan, None, todo)
    remaining = {planned.key: len(cuts) for planned, cuts in todo}
    every = dict.fromkeys(planned.job.variant for planned in plan.jobs)
    table = Table(title=f"{plan.name}: {plan.n_cells} partitions by {len(plan.jobs)} fit jobs")
    for column in ("dataset", "algorithm", "cuts", "variants", "seeds", "to do"):
        table.add_column(column, justify="right" if column == "to do" else "left")
    for (dataset, algorithm, cuts, obstacle), jobs in _grouped(plan).items():
        used = dict.fromkeys(planned.job.variant for planned in jobs)
        variants = f"all {len(used)}" if len(used) == len(every) > 1 else ", ".join(used)
        seeds = dict.fromkeys(str(seed) for planned in jobs for seed in planned.job.seeds)
        open_cells = sum(remaining.get(planned.key, 0) * len(planned.job.seeds) for planned in jobs)
        table.add_row(dataset, algorithm, cuts, variants, spanned(list(seeds)), obstacle or str(open_cells))
    show(table)
    say(f"Variants: {', '.join(every)}.")
    todo_cells = sum(len(cuts) * len(planned.job.seeds) for planned, cuts in todo)
    say(f"{plan.n_cells - todo_cells} partitions need no work, {todo_cells} are to do.")
    workers = max(settings.n_workers, 1)
    if todo and not unknown:
        say(f"Estimate: {seconds / workers:.0f} s of fitting on {workers} workers.")
    elif todo:
        known = f"{seconds / workers:.0f} s and " if seconds else ""
        say(f"Estimate: {known}unknown for {', '.join(unknown)}, never timed here.")


def _grouped(plan: Plan) -> dict[tuple[str, str, str, str], list[PlannedJob]]:
    """Return the jobs of a plan by dataset, setting, cuts and what keeps them from running."""
    names = EntryNames.of((planned.job.algorithm, planned.job.params) for planned in plan.jobs)
    groups: dict[tuple[str, str, str, str], list[PlannedJob]] = {}
    for planned in plan.jobs:
        job = planned.job
        setting = names.setting(job.algorithm, job.params)
        groups.setdefault((job.dataset, setting, _cuts(job.cuts), planned.obstacle or ""), []).append(planned)
    return groups


def _cuts(texts: Sequence[str]) -> str:
    """Return cuts in words: ``k = 2 to 10``."""
    cuts = [Cut.parse(text) for text in texts]
    return f"{cuts[0].name} = {spanned([str(cut.value) for cut in cuts])}"
