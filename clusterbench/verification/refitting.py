"""Reproduce rows of a run: fit and score them again as declared, and compare with the record."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clusterbench.benchmark import FitJob, parse_benchmark
from clusterbench.credentials import MASK, mask_credentials
from clusterbench.errors import RequestError
from clusterbench.execution import Limits, scratch_folder
from clusterbench.naming import EntryNames
from clusterbench.plugins import Registry, load_registry
from clusterbench.results import JobRecord, Manifest, RunRecord
from clusterbench.running import LogProgress, Plan, PlannedJob, Progress, Selection, Settings, make_plan
from clusterbench.running.fitting import fit
from clusterbench.running.planning import score_key
from clusterbench.running.score_stage import score
from clusterbench.store import Store
from clusterbench.tables import OWN
from clusterbench.verification.differences import Difference, Judgement, Kind, RowKey, fact_differences, same_score
from clusterbench.verification.reproduction import RefittedRow, Reproduction
from clusterbench.verification.sides import conditions
from clusterbench.verification.targets import Target, find_target

StoredScores = dict[tuple[str, str, str], float | str]
"""(space, noise policy, metric) to the value, or to the status where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredRow:
    """One cut of a job with its outcome, for all the seeds that share it."""

    key: RowKey
    status: str
    reason: str
    labels: str | None  # their SHA-256
    sizes: str
    environment: str  # JSON: the recorded facts of the environment of the job
    scores: StoredScores


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

    The declaration is that of the run, whatever the benchmark file holds now. Nothing is written to the store. Relative
    paths of data are resolved from the folder of the benchmark file.

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
        resolved = find_target(store, target, benchmark)
        rows = list(_stored_rows(store, resolved.jobs, resolved.record))
    record = resolved.record
    plan, registry = planned_again(resolved, workspace or Path.cwd())
    settings = settings or _settings(resolved.manifest, rows)
    with scratch_folder() as folder, Store.writer(folder) as scratch, settings.new_executor() as executor:
        fit([plan], scratch, registry, settings, executor, progress)
        score(plan, scratch, progress)
        again = list(_stored_rows(scratch, resolved.jobs, plan.record()))
    refitted = tuple(_refitted(row, new, record) for row, new in zip(rows, again, strict=True))
    shared = list(_input_differences(plan, record, resolved.jobs))
    shared += _environment_differences(resolved.manifest, rows, again)
    names = EntryNames.of((job.algorithm, job.params) for job in record.jobs)
    return Reproduction(resolved.benchmark, target, refitted, tuple(dict.fromkeys(shared)), names)


def _stored_rows(store: Store, jobs: Sequence[JobRecord], record: RunRecord) -> Iterator[StoredRow]:
    """Yield a row for each cut of some jobs, with its scores in the spaces and by the metrics of `record`."""
    score_keys, keys = record.score_keys(), [job.key for job in jobs]
    scores = record.own_metrics(store.scores(list(dict.fromkeys(score_keys.values()))))
    by_place = dict(iter(scores.groupby(["labels_sha256", "space_hash"])))
    environments = store.environments(keys)
    cells = {(row["job_key"], row["cut"]): row for row in store.cells(keys).to_dict("records")}
    for job in jobs:
        spaces = {OWN: job.variant, **{name: name for name in record.references[job.dataset]}}
        for cut in job.cuts:
            cell = cells[job.key, cut]
            labels = cell["labels_sha256"] if isinstance(cell["labels_sha256"], str) else None
            store.labelings([labels] if labels else [])  # refuses changed labels
            of_row: StoredScores = {}
            for space, variant in spaces.items():
                frame = by_place.get((labels, score_keys[job.dataset, variant]), scores.iloc[:0])
                columns = ["noise", "metric", "value", "status"]
                for noise, metric, value, status in frame[columns].itertuples(index=False, name=None):
                    of_row[space, noise, metric] = float(value) if status == "ok" else str(status)
            yield StoredRow(
                key=RowKey(job.dataset, job.algorithm, job.params, job.variant, cut=cut, seeds=job.seeds),
                status=str(cell["status"]),
                reason=str(cell["reason"]),
                labels=labels,
                sizes=json.dumps(json.loads(cell["sizes"])) if labels else "",
                environment=environments.get(job.key, "{}"),
                scores=of_row,
            )


def planned_again(target: Target, workspace: Path) -> tuple[Plan, Registry]:
    """Return the plan of the recorded declaration with the jobs of the target alone, its tables and spaces made again.

    They keep their recorded keys, which seed the global random generators of a plug-in.

    Raises
    ------
    RequestError
        If a table, a step or a plug-in of `workspace` cannot be used.
    """
    record, jobs = target.record, target.jobs
    rows = {(job.dataset, job.variant, job.algorithm) for job in jobs}
    only = dict(zip(("dataset", "variant", "algorithm"), map(tuple, zip(*sorted(rows), strict=True)), strict=True))
    registry = load_registry(workspace)
    try:
        benchmark = parse_benchmark(_declaration(record), registry, path=Path(record.path))
        plan = make_plan(benchmark, Selection(record.quick, {**record.only, **only}))
    except RequestError as error:
        raise error.within(f"the recorded declaration of {target.benchmark}") from error
    fit_jobs = [FitJob(j.dataset, j.variant, j.algorithm, j.params, j.seeds, j.cuts) for j in jobs]
    planned = (
        PlannedJob(fit_job, j.key, j.space_hash, None, j.sample) for fit_job, j in zip(fit_jobs, jobs, strict=True)
    )
    return replace(plan, jobs=tuple(planned)), registry


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


def _refitted(row: StoredRow, now: StoredRow, record: RunRecord) -> RefittedRow:
    """Return a row with the differences of its labels, sizes and scores."""
    before, after = row.labels or row.status, now.labels or now.status
    differences = []
    if before != after:
        differences.append(_failure(Kind.LABELS, "labels", before, after, now.reason))
    if row.labels and now.labels:
        if row.sizes != now.sizes:
            differences.append(_failure(Kind.LABELS, "sizes of the clusters", row.sizes, now.sizes))
        differences += _score_differences(row.scores, now.scores, record)
    return RefittedRow(row.key, before, after, len(row.scores.keys() & now.scores.keys()), tuple(differences))


def _score_differences(recorded: StoredScores, now: StoredScores, record: RunRecord) -> Iterator[Difference]:
    """Yield every score that differs; one of a metric that was not scored in the run is none."""
    known = {metric for _, _, metric in recorded}
    for place in dict.fromkeys([*recorded, *(place for place in now if place[2] in known or not known)]):
        space, noise, metric = place
        before, after = (scores.get(place, "no score") for scores in (recorded, now))
        if before != after:
            digits = record.ranking.metric(metric).digits
            close = isinstance(before, float) and isinstance(after, float) and same_score(before, after, digits=digits)
            kind, judgement = (Kind.DIGITS, Judgement.ALLOWED) if close else (Kind.SCORE, Judgement.FAILS)
            yield Difference(kind, f"{metric} in {space} (noise: {noise})", before, after, "", judgement)


def _input_differences(plan: Plan, record: RunRecord, jobs: Sequence[JobRecord]) -> list[Difference]:
    """Return the inputs of the rows that are not as recorded."""
    inputs: dict[str, tuple[object, object]] = {}
    score_keys = record.score_keys()
    for job in jobs:
        name = job.dataset
        inputs[f"data of {name}"] = (record.datasets[name].content_hash, plan.datasets[name].content_hash)
        own = plan.spaces[name, job.variant].content_hash
        inputs[f"space {job.variant} of {name}"] = (job.space_hash, own)
        for reference in record.references[name]:
            space = plan.spaces.get((name, reference))
            now = "not computed" if space is None else score_key(space)
            inputs[f"reference space {reference} of {name}"] = (score_keys[name, reference], now)
        versions = (record.algorithms[job.algorithm].version, plan.benchmark.algorithm(job.algorithm).version)
        inputs[f"version of plug-in {job.algorithm}"] = versions
        declared = {fit_job.params for fit_job in plan.benchmark.jobs() if fit_job.algorithm == job.algorithm}
        if job.params not in declared:
            inputs[f"parameters of {job.algorithm}, defaults filled in"] = (job.params, " or ".join(sorted(declared)))
    current = {metric.name: metric.version for metric in plan.benchmark.scored_metrics}
    for metric in record.ranking.facts:
        inputs[f"version of metric {metric.name}"] = (metric.version, current.get(metric.name, "not scored"))
    return [_failure(Kind.INPUT, subject, str(a), str(b)) for subject, (a, b) in inputs.items() if a != b]


def _environment_differences(
    manifest: Manifest, rows: Sequence[StoredRow], again: Sequence[StoredRow]
) -> Iterator[Difference]:
    """Yield versions, machine and threads that are not those of the jobs, or of the run where a job has none."""
    for recorded, now in dict.fromkeys((a.environment, b.environment) for a, b in zip(rows, again, strict=True)):
        facts, facts_now = {**conditions(manifest), **json.loads(recorded)}, json.loads(now)
        yield from fact_differences(Kind.ENVIRONMENT, {name: facts[name] for name in facts_now}, facts_now)


def _failure(kind: Kind, subject: str, before: str, after: str, note: str = "") -> Difference:
    return Difference(kind, subject, before, after, note, Judgement.FAILS)
