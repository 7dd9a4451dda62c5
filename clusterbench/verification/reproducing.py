"""A row of a run, done again from its recorded declaration, and held against what was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from clusterbench.benchmark import parse_benchmark
from clusterbench.credentials import MASK, mask_credentials
from clusterbench.errors import RequestError
from clusterbench.execution import CutDone, Limits, TaskDone, execute, scratch_folder
from clusterbench.metrics import METRICS, score_labelings
from clusterbench.plugins import Registry, load_registry
from clusterbench.results import Manifest, RunRecord
from clusterbench.running.fitting import OpenTask, open_task, save_space
from clusterbench.running.planning import Plan, PlannedJob, make_plan
from clusterbench.running.progress import LogProgress, Progress
from clusterbench.running.selection import Selection
from clusterbench.running.settings import Settings
from clusterbench.store import Store
from clusterbench.verification.refit_differences import (
    input_differences,
    refitted_row,
    surrounding_differences,
    unexplained_differences,
)
from clusterbench.verification.reproduction import Reproduction
from clusterbench.verification.stored_rows import Record, Scores, records_of, scores_of
from clusterbench.verification.targets import Target, find_target


def reproduce(
    target: str,
    *,
    results: Path | str = "results",
    benchmark: str | None = None,
    workspace: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Fit and score rows of a stored run again and say what differs from the record.

    Nothing is taken from the store but the declaration (the benchmark's text as it was when it ran, and the part of it
    that was run) and the record to compare with; nothing is written to it. Relative paths of data are found from the
    folder in which the benchmark file was.

    Parameters
    ----------
    target : str
        A rank, the start of a labels hash, or ``algorithm/variant/k``; see `find_target`.
    results : Path or str
        Folder of the store.
    benchmark : str, optional
        Name in the store.
    workspace : Path, optional
        Whose ``algorithms/`` are used; default: the current folder.
    settings : Settings, optional
        Default: worker processes with the threads and limits of the run.
    progress : Progress, optional

    Raises
    ------
    RequestError
        If there is no such row, or its declaration cannot be carried out here (its data or plug-in is gone).
    """
    progress = progress or LogProgress()
    with Store.reader(Path(results)) as store:
        found = find_target(store, target, benchmark)
        records = list(records_of(store, found))
    plan, registry = _plan_again(found, workspace or Path.cwd())
    settings = settings or _settings(found.manifest, len(records))
    outcomes = _refit(plan, registry, records, settings, progress)
    scores = _score_again(plan, found.record, records, outcomes, progress)
    rows = tuple(refitted_row(record, outcomes[record.key, record.cut], scores[i]) for i, record in enumerate(records))
    differences = [*input_differences(plan, found.record, records), *surrounding_differences(found.manifest, settings)]
    differences += unexplained_differences(plan, records, differences)
    return Reproduction(found.benchmark, target, rows, tuple(differences))


def _plan_again(found: Target, workspace: Path) -> tuple[Plan, Registry]:
    """Make the plan of the recorded declaration anew, of no more datasets and variants than the rows need."""
    recorded = found.record
    only = dict(recorded.only)
    only |= {name: tuple(found.cells[name].unique()) for name in ("dataset", "variant", "algorithm")}
    registry = load_registry(workspace)
    try:
        benchmark = parse_benchmark(_declaration(recorded), registry, path=Path(recorded.path))
        return make_plan(benchmark, Selection(recorded.quick, only)), registry
    except RequestError as error:
        raise error.within(f"the recorded declaration of {found.benchmark}") from error


def _declaration(recorded: RunRecord) -> str:
    """Return the recorded TOML; where credentials are masked in it, its original in the benchmark file."""
    if not any(mark + MASK in recorded.toml for mark in ":=/"):
        return recorded.toml
    try:
        original = Path(recorded.path).read_text(encoding="utf-8-sig")
    except OSError:
        original = ""
    if mask_credentials(original) != recorded.toml:
        raise RequestError(
            f"credentials are not recorded, and {recorded.path} does not hold this declaration any more",
            allowed="the benchmark file as it was in the run",
        )
    return original


def _settings(manifest: Manifest, n_tasks: int) -> Settings:
    """Return worker processes like those of the run."""
    workers = max(1, min(n_tasks, Settings(threads=manifest.threads).n_workers))
    return Settings(workers, manifest.threads, Limits(manifest.limits.seconds, manifest.limits.memory_mb))


def _refit(
    plan: Plan, registry: Registry, records: Sequence[Record], settings: Settings, progress: Progress
) -> dict[tuple[str, str], CutDone]:
    """Fit every row under the key of its record, which is all that a plug-in's global generators are seeded with."""
    progress.stage("fitting", len(records))
    outcomes: dict[tuple[str, str], CutDone] = {}
    with scratch_folder() as folder:
        states = _works(plan, registry, records, folder)
        tasks = [state.task for state in states.values()]
        events = execute(tasks, workers=settings.n_workers, threads=settings.threads, limits=settings.limits)
        with closing(events):
            for event in events:
                if isinstance(event, CutDone):
                    outcomes[event.key, event.cut] = event
                    progress.advance(1, states[event.key].note)
                elif isinstance(event, TaskDone):
                    for cut in states[event.key].open:
                        undone = CutDone(event.key, cut, event.status, event.reason)
                        outcomes.setdefault((event.key, cut), undone)
    return outcomes


def _works(plan: Plan, registry: Registry, records: Sequence[Record], folder: Path) -> dict[str, OpenTask]:
    """Return one state per job; rows that differ in the cut alone share its build."""
    states: dict[str, OpenTask] = {}
    paths: dict[tuple[str, str], str] = {}
    for record in records:
        job = record.job
        place = (job.dataset, job.variant)
        if place not in paths:
            paths[place] = save_space(plan.spaces[place].values, folder)
        cuts = dict.fromkeys(r.cut for r in records if r.key == record.key)
        planned = PlannedJob(replace(job, cuts=tuple(cuts)), record.key, record.space_hash, None)
        states.setdefault(record.key, open_task(plan, planned, planned.job.cuts, registry, paths[place]))
    return states


def _score_again(
    plan: Plan,
    recorded: RunRecord,
    records: Sequence[Record],
    outcomes: Mapping[tuple[str, str], CutDone],
    progress: Progress,
) -> list[Scores]:
    """Return the scores of every row's new labels in its own and the reference spaces, one pass per space."""
    wanted: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for i, record in enumerate(records):
        if outcomes[record.key, record.cut].labeling is not None:
            job = record.job
            for space in ("own", *recorded.references[job.dataset]):
                place = (job.dataset, job.variant if space == "own" else space)
                if place in plan.spaces:
                    wanted.setdefault(place, []).append((i, space))
    scores: list[Scores] = [{} for _ in records]
    progress.stage("scoring", len(wanted))
    for place, rows in wanted.items():
        labelings = [outcomes[records[i].key, records[i].cut].labeling for i, _ in rows]
        frame = score_labelings(
            plan.spaces[place].values,
            [labeling.labels for labeling in labelings if labeling is not None],
            metrics=list(METRICS),
            noise=list(recorded.policies),
        )
        for number, mine in frame.groupby("labeling"):
            i, space = rows[int(str(number))]
            scores[i] |= scores_of(space, mine)
        progress.advance(1, " / ".join(place))
    return scores
