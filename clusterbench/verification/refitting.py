"""Reproduce rows of a run: fit and score them again as declared, and compare with the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from clusterbench.benchmark import FitJob, parse_benchmark
from clusterbench.credentials import MASK, mask_credentials
from clusterbench.errors import RequestError
from clusterbench.execution import CutDone, Limits, TaskDone, execute, scratch_folder
from clusterbench.metrics import score_labelings
from clusterbench.naming import EntryNames
from clusterbench.plugins import Registry, load_registry
from clusterbench.ranking import RankingSpec
from clusterbench.results import Manifest, RunRecord
from clusterbench.running import LogProgress, Plan, PlannedJob, Progress, Selection, Settings, make_plan
from clusterbench.running.fitting import OpenTask, job_environment, open_task, save_space
from clusterbench.running.planning import score_key
from clusterbench.statuses import ScoreStatus
from clusterbench.store import Store
from clusterbench.verification.differences import Difference, Judgement, Kind, fact_differences, same_score
from clusterbench.verification.reproduction import RefittedRow, Reproduction
from clusterbench.verification.sides import conditions
from clusterbench.verification.stored_rows import Scores, StoredRow, scores_of, stored_rows
from clusterbench.verification.targets import Target, find_target

Outcomes = Mapping[tuple[str, str], CutDone]
"""(job key, cut) to the outcome of the fit."""


def reproduce(
    target: str,
    *,
    results: Path | str = "results",
    benchmark: str | None = None,
    workspace: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Fit and score rows of a stored run again and return what differs from the record.

    The store gives the declaration (the text of the benchmark file at the time of the run, and the part of it that was
    run) and the record to compare with; nothing is written to it. Relative paths of data are resolved from the folder
    of the benchmark file.

    Parameters
    ----------
    target : str
        A rank, the start of a labels hash, or ``algorithm/variant/k``; see `find_target`.
    results : Path or str
        Folder of the store.
    benchmark : str, optional
        Name in the store.
    workspace : Path, optional
        Folder whose plug-ins are used; default: the current folder.
    settings : Settings, optional
        Default: worker processes with the threads of the rows and the limits of the run.
    progress : Progress, optional

    Raises
    ------
    RequestError
        If there is no such row, or its data or plug-in is missing here.
    """
    progress = progress or LogProgress()
    with Store.reader(Path(results)) as store:
        found = find_target(store, target, benchmark)
        rows = list(stored_rows(store, found))
    record = found.record
    plan, registry = _plan(found, workspace or Path.cwd())
    settings = settings or _settings(found.manifest, rows)
    outcomes = _refit(plan, registry, rows, settings, progress)
    scores = _score(plan, record, rows, outcomes, progress)
    refitted = [_refitted(row, outcomes[row.id], new, record.ranking) for row, new in zip(rows, scores, strict=True)]
    shared = [*_input_differences(plan, record, rows), *_environment_differences(plan, found.manifest, rows, settings)]
    names = EntryNames.of((job.algorithm, job.params) for job in record.jobs)
    return Reproduction(found.benchmark, target, tuple(refitted), tuple(dict.fromkeys(shared)), names)


# --- fit and score again ---------------------------------------------------------------------------


def _plan(found: Target, workspace: Path) -> tuple[Plan, Registry]:
    """Return the plan of the recorded declaration, restricted to the datasets and variants of the rows."""
    record = found.record
    only = {**record.only, **{name: tuple(found.cells[name].unique()) for name in ("dataset", "variant", "algorithm")}}
    registry = load_registry(workspace)
    try:
        benchmark = parse_benchmark(_declaration(record), registry, path=Path(record.path))
        return make_plan(benchmark, Selection(record.quick, only)), registry
    except RequestError as error:
        raise error.within(f"the recorded declaration of {found.benchmark}") from error


def _declaration(record: RunRecord) -> str:
    """Return the recorded TOML; where credentials are masked in it, its original in the benchmark file."""
    if not any(mark + MASK in record.toml for mark in ":=/"):
        return record.toml
    try:
        original = Path(record.path).read_text(encoding="utf-8-sig")
    except OSError:
        original = ""
    if mask_credentials(original) != record.toml:
        raise RequestError(
            f"credentials are not recorded, and {record.path} does not hold this declaration any more",
            allowed="the benchmark file as it was in the run",
        )
    return original


def _settings(manifest: Manifest, rows: Sequence[StoredRow]) -> Settings:
    """Return worker processes with the limits of the run and the threads of the first row."""
    threads = int(json.loads(rows[0].environment).get("threads", manifest.threads))
    workers = max(1, min(len(rows), Settings(threads=threads).n_workers))
    return Settings(workers, threads, Limits(manifest.limits.seconds, manifest.limits.memory_mb))


def _refit(
    plan: Plan, registry: Registry, rows: Sequence[StoredRow], settings: Settings, progress: Progress
) -> Outcomes:
    """Fit every row under the recorded key of its job, which seeds the global random generators of a plug-in."""
    progress.stage("fitting", len(rows))
    outcomes: dict[tuple[str, str], CutDone] = {}
    with scratch_folder() as folder:
        states = _open_tasks(plan, registry, rows, folder)
        tasks = [state.task for state in states.values()]
        events = execute(tasks, workers=settings.n_workers, threads=settings.threads, limits=settings.limits)
        with closing(events):
            for event in events:
                if isinstance(event, CutDone):
                    outcomes[event.key, event.cut] = event
                    progress.advance(1, states[event.key].note)
                elif isinstance(event, TaskDone):
                    for cut in states[event.key].open:
                        unfinished = CutDone(event.key, cut, event.status, event.reason)
                        outcomes.setdefault((event.key, cut), unfinished)
    return outcomes


def _open_tasks(plan: Plan, registry: Registry, rows: Sequence[StoredRow], folder: Path) -> dict[str, OpenTask]:
    """Return one task per job; rows that differ only in the cut share its build."""
    states: dict[str, OpenTask] = {}
    paths: dict[tuple[str, str], str] = {}
    for job in {row.job.key: row.job for row in rows}.values():
        place = (job.dataset, job.variant)
        if place not in paths:
            paths[place] = save_space(plan.spaces[place].values, folder)
        cuts = tuple(dict.fromkeys(cut for key, cut in (row.id for row in rows) if key == job.key))
        fit_job = FitJob(*place, job.algorithm, job.params, job.seeds, cuts)
        planned = PlannedJob(fit_job, job.key, job.space_hash, None)
        states[job.key] = open_task(plan, planned, cuts, registry, paths[place])
    return states


def _score(
    plan: Plan, record: RunRecord, rows: Sequence[StoredRow], outcomes: Outcomes, progress: Progress
) -> list[Scores]:
    """Return the scores of each row's new labels in its own and the reference spaces, one pass per space."""
    labelings = {i: done for i, row in enumerate(rows) if (done := outcomes[row.id].labeling) is not None}
    scores: list[Scores] = [{} for _ in rows]
    progress.stage("scoring", len(plan.spaces))
    for (dataset, variant), space in plan.spaces.items():
        members = [
            (i, name)
            for i in labelings
            for name, of_space in rows[i].spaces.items()
            if (rows[i].job.dataset, of_space) == (dataset, variant)
        ]
        if members:
            labels = [labelings[i].labels for i, _ in members]
            frame = score_labelings(
                space.values, labels, metrics=plan.benchmark.scored_metrics, noise=list(record.policies)
            )
            for number, part in frame.groupby("labeling"):
                i, name = members[int(str(number))]
                scores[i] |= scores_of(name, part)
        progress.advance(1, f"{dataset} / {variant}")
    return scores


# --- compare with the record -----------------------------------------------------------------------


def _refitted(row: StoredRow, outcome: CutDone, scores: Scores, ranking: RankingSpec) -> RefittedRow:
    """Return a row with the differences of its labels, sizes and scores."""
    labeling = outcome.labeling
    before, after = row.labels or row.status, labeling.sha256 if labeling is not None else outcome.status.value
    found = []
    if before != after:
        found.append(_failure(Kind.LABELS, "labels", before, after, outcome.reason))
    if row.labels is not None and row.labels != row.actual_labels:
        stored = row.actual_labels or "no labels"
        found.append(_failure(Kind.LABELS, "hash of the labels in the store", row.labels, stored))
    if row.labels is not None and labeling is not None:
        if row.sizes != labeling.sizes:
            sizes = (str(list(row.sizes)), str(list(labeling.sizes)))
            found.append(_failure(Kind.LABELS, "sizes of the clusters", *sizes))
        found += _score_differences(row.scores, scores, ranking)
    return RefittedRow(row.key, before, after, len(row.scores.keys() & scores.keys()), tuple(found))


def _score_differences(recorded: Scores, now: Scores, ranking: RankingSpec) -> Iterator[Difference]:
    """Yield every score that differs; one of a metric that was not scored in the run is none."""
    known = {metric for _, _, metric in recorded}
    for place in dict.fromkeys([*recorded, *(place for place in now if place[2] in known or not known)]):
        space, noise, metric = place
        subject = f"{metric} in {space} (noise: {noise})"
        (before, was), (after, status) = (scores.get(place, (0.0, "no score")) for scores in (recorded, now))
        is_ok = was == status == ScoreStatus.OK
        if was != status or (is_ok and not same_score(before, after, digits=ranking.metric(metric).digits)):
            values = (before if was == ScoreStatus.OK else was, after if status == ScoreStatus.OK else status)
            yield _failure(Kind.SCORE, subject, *values)
        elif is_ok and before != after:
            yield Difference(Kind.DIGITS, subject, before, after)


def _input_differences(plan: Plan, record: RunRecord, rows: Sequence[StoredRow]) -> list[Difference]:
    """Return the inputs of the rows that are not as recorded."""
    inputs: dict[str, tuple[object, object]] = {}
    score_keys = record.score_keys()
    for row in rows:
        job, name = row.job, row.job.dataset
        inputs[f"data of {name}"] = (record.datasets[name].content_hash, plan.datasets[name].content_hash)
        own = plan.spaces[name, job.variant].content_hash
        inputs[f"space {job.variant} of {name}"] = (job.space_hash, own)
        for reference in record.references[name]:
            space = plan.spaces.get((name, reference))
            now = "not computed" if space is None else score_key(space)
            inputs[f"reference space {reference} of {name}"] = (score_keys[name, reference], now)
        versions = (record.algorithms[job.algorithm].version, plan.benchmark.algorithm(job.algorithm).version)
        inputs[f"version of plug-in {job.algorithm}"] = versions
        declared = {planned.job.params for planned in plan.jobs if planned.job.algorithm == job.algorithm}
        if job.params not in declared:
            inputs[f"parameters of {job.algorithm}, defaults filled in"] = (job.params, " or ".join(sorted(declared)))
    return [_failure(Kind.INPUT, subject, str(a), str(b)) for subject, (a, b) in inputs.items() if a != b]


def _environment_differences(
    plan: Plan, manifest: Manifest, rows: Sequence[StoredRow], settings: Settings
) -> Iterator[Difference]:
    """Yield versions, machine and threads that are not those of the jobs."""
    for algorithm, environment in {(row.job.algorithm, row.environment): None for row in rows}:
        now = {**job_environment(plan.benchmark.algorithm(algorithm)), "threads": settings.threads}
        recorded = {**conditions(manifest), **json.loads(environment)}
        yield from fact_differences(Kind.ENVIRONMENT, {name: recorded[name] for name in now}, now)


def _failure(kind: Kind, subject: str, before: str | float, after: str | float, note: str = "") -> Difference:
    return Difference(kind, subject, before, after, note, Judgement.FAILS)
