"""A refitted row held against its record: what differs, in outcome, inputs and surroundings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from clusterbench.environment import current_environment
from clusterbench.execution import CutDone
from clusterbench.results import Manifest, RunRecord
from clusterbench.running.planning import Plan, job_key, score_key
from clusterbench.running.settings import Settings
from clusterbench.statuses import ScoreStatus
from clusterbench.verification.equality import manifest_differences, same_score
from clusterbench.verification.reproduction import LABELS, Difference, Matter, RefittedRow
from clusterbench.verification.stored_rows import Record, Scores


def refitted_row(record: Record, outcome: CutDone, scores: Scores) -> RefittedRow:
    """Return a row with every difference between its record and what came out now."""
    labeling, job = outcome.labeling, record.job
    before = record.sha256 or record.status
    after = labeling.sha256 if labeling is not None else outcome.status.value
    found = []
    if before != after:
        reason = f" ({outcome.reason})" if outcome.reason else ""
        found.append(Difference(Matter.OUTCOME, LABELS, before, after + reason))
    if record.sha256 is not None and record.kept_sha256 != record.sha256:
        kept = record.kept_sha256 or "nothing"
        found.append(Difference(Matter.OUTCOME, "hash of the labels in the store", record.sha256, kept))
    if record.sha256 is not None and labeling is not None:
        if record.sizes != labeling.sizes:
            sizes = (_sizes(record.sizes), _sizes(labeling.sizes))
            found.append(Difference(Matter.OUTCOME, "sizes of the clusters", *sizes))
        found += _score_differences(record.scores, scores)
    return RefittedRow(
        *(job.dataset, job.variant, job.algorithm, job.params, record.cut, job.seeds),
        *(before, after, len(record.scores.keys() & scores.keys()), tuple(found)),
    )


def _score_differences(recorded: Scores, now: Scores) -> Iterator[Difference]:
    """Give every score that differs; a metric that was not there yet when the row was recorded is none."""
    known = {metric for _, _, metric in recorded}
    for place in dict.fromkeys([*recorded, *(place for place in now if place[2] in known or not known)]):
        space, noise, metric = place
        what = f"{metric} in {space} (noise: {noise})"
        if place not in recorded or place not in now:
            values = [_value(*side[place]) if place in side else "no score" for side in (recorded, now)]
            yield Difference(Matter.OUTCOME, what, values[0], values[1])
            continue
        (before, was), (after, status) = recorded[place], now[place]
        if was != status or not same_score(metric, before, after):
            yield Difference(Matter.OUTCOME, what, _value(before, was), _value(after, status))
        elif status == ScoreStatus.OK.value and before != after:
            yield Difference(Matter.DIGITS, f"last digits of {what}", repr(before), repr(after))


def input_differences(plan: Plan, recorded: RunRecord, records: Sequence[Record]) -> list[Difference]:
    """Return what the rows are made of, where it is not what it was."""
    pairs: dict[str, tuple[object, object]] = {}
    made = recorded.score_keys()
    for record in records:
        job = record.job
        data, algorithm = plan.datasets[job.dataset], plan.benchmark.algorithm(job.algorithm)
        pairs[f"data of {job.dataset}"] = (recorded.datasets[job.dataset].content_hash, data.content_hash)
        own = plan.spaces[job.dataset, job.variant].content_hash
        pairs[f"space {job.variant} of {job.dataset}"] = (record.space_hash, own)
        for space in recorded.references[job.dataset]:
            there = plan.spaces.get((job.dataset, space))
            now = "not made" if there is None else score_key(there)
            pairs[f"reference space {space} of {job.dataset}"] = (made[job.dataset, space], now)
        version = recorded.algorithms[job.algorithm].version
        pairs[f"version of plug-in {job.algorithm}"] = (version, algorithm.version)
        declared = {p.job.params for p in plan.jobs if p.job.algorithm == job.algorithm}
        if job.params not in declared:
            what = f"parameters of {job.algorithm}, filled in by the plug-in"
            pairs[what] = (job.params, " or ".join(sorted(declared)))
    return [Difference(Matter.INPUT, what, str(a), str(b)) for what, (a, b) in pairs.items() if a != b]


def surrounding_differences(manifest: Manifest, settings: Settings) -> list[Difference]:
    """Return versions, machine and threads, where they are not what they were."""
    recorded = {**asdict(manifest.environment), "threads": manifest.threads}
    now = {**asdict(current_environment()), "threads": settings.threads}
    return [Difference(Matter.SURROUNDINGS, *difference) for difference in manifest_differences(recorded, now)]


def unexplained_differences(plan: Plan, records: Sequence[Record], told: Sequence[Difference]) -> list[Difference]:
    """Name a package by which jobs are told apart and of which no manifest speaks."""
    if any(found.matter is Matter.INPUT or found.what.startswith("packages") for found in told):
        return []
    found = {}
    for record in records:
        algorithm = plan.benchmark.algorithm(record.job.algorithm)
        key = job_key(record.job, algorithm, plan.spaces[record.job.dataset, record.job.variant].content_hash)
        if key != record.key:
            what = (
                f"identity of the job of {algorithm.name}, by the versions of {', '.join(algorithm.packages.values())}"
            )
            found[what] = Difference(Matter.SURROUNDINGS, what, record.key, key)
    return list(found.values())


def _sizes(sizes: Sequence[int]) -> str:
    return json.dumps(list(sizes))


def _value(value: float, status: str) -> str:
    return repr(value) if status == ScoreStatus.OK.value else status
