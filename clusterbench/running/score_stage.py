"""Scoring: every labeling in its own space, the reference spaces and against known classes, unless that is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from clusterbench.metrics import SHOWN_METRICS, Metric, NoisePolicy, external_scores, score_labelings
from clusterbench.metrics.row_scores import ANCHORS
from clusterbench.ranking import Alert, AlertKind
from clusterbench.running.calibration_stage import frame_key
from clusterbench.running.planning import Plan, score_key
from clusterbench.running.progress import Progress
from clusterbench.store import Store


def score(plan: Plan, store: Store, progress: Progress) -> int:
    """Score every labeling in its spaces and against known classes where it has no score yet; return how many scores.

    Only the metrics and noise policies that some labeling lacks are computed, so a metric more costs that metric alone.
    """
    wanted = labels_to_score(plan, store, in_own_spaces=True)
    progress.stage("scoring", len(wanted))
    new = _score_against_classes(plan, store, wanted)
    metrics, policies = plan.benchmark.scored_metrics, plan.benchmark.noise.policies
    return new + score_spaces(plan, store, wanted, metrics, policies, progress)


def labels_to_score(plan: Plan, store: Store, *, in_own_spaces: bool) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of the labelings of each dataset by reference space, and by own space where asked for."""
    cells = store.cells([planned.key for planned in plan.jobs]).dropna(subset="labels_sha256")
    hashes = cells.groupby("job_key")["labels_sha256"].agg(set).to_dict()
    wanted: dict[tuple[str, str], set[str]] = {}
    for planned in plan.jobs:
        job = planned.job
        for space in ([job.variant] if in_own_spaces else []) + list(plan.references[job.dataset]):
            wanted.setdefault((job.dataset, space), set()).update(hashes.get(planned.key, set()))
    return wanted


def score_spaces(
    plan: Plan,
    store: Store,
    wanted: Mapping[tuple[str, str], Collection[str]],
    metrics: Sequence[Metric],
    policies: Sequence[NoisePolicy],
    progress: Progress,
) -> int:
    """Score labelings, given by their hashes per dataset and space, as `score` does."""
    by_name = {metric.stored_name: metric for metric in metrics}
    stored_names = {metric.name: name for name, metric in by_name.items()}
    new = 0
    for (dataset, space), hashes in wanted.items():
        space_hash = score_key(plan.spaces[dataset, space])
        every = {(sha, policy.value, metric) for sha in hashes for policy in policies for metric in by_name}
        missing_scores = every - store.scored(space_hash)
        if missing_scores:
            missing_labelings, missing_policies, missing_metrics = (
                set(names) for names in zip(*missing_scores, strict=True)
            )
            missing = sorted(missing_labelings)
            labelings = store.labelings(missing)
            frame = score_labelings(
                plan.spaces[dataset, space].values,
                [labelings[sha] for sha in missing],
                metrics=[metric for name, metric in by_name.items() if name in missing_metrics],
                noise=[policy for policy in policies if policy.value in missing_policies],
            )
            frame = frame.assign(
                labels_sha256=np.array(missing, dtype=object)[frame["labeling"].to_numpy()],
                metric=frame["metric"].map(stored_names),
            )
            store.put_scores(space_hash, frame)
            _add_errors(store, space_hash, frame)
            new += len(frame)
        progress.advance(1, f"{dataset} / {space}")
    return new


def sampling_alerts(plan: Plan, store: Store) -> Iterator[Alert]:
    """Yield for each dataset whose silhouettes are means over a sample of rows how exact they are."""
    for dataset, spaces in plan.references.items():
        frames = [store.frame(_errors_key(score_key(plan.spaces[dataset, space]))) for space in spaces]
        largest = max((frame["standard_error"].max() for frame in frames if frame is not None), default=None)
        if largest is not None:
            rows = f"at least {ANCHORS:,} random rows of {plan.datasets[dataset].n_rows:,}"
            text = f"silhouettes are means over {rows}, each against all: the standard error is at most {largest:.4f}"
            yield Alert(AlertKind.SAMPLED_SCORES, text, dataset)


def _add_errors(store: Store, space_hash: str, scored: pd.DataFrame) -> None:
    """Store the standard errors of the silhouettes that have one."""
    known, names = store.frame(_errors_key(space_hash)), ["labels_sha256", "noise", "metric", "standard_error"]
    sampled = scored.loc[(scored["standard_error"] > 0) & (scored["metric"] == "silhouette"), names]
    if len(sampled):
        every = sampled if known is None else pd.concat([known, sampled], ignore_index=True)
        store.put_frame(_errors_key(space_hash), every)


def _errors_key(space_hash: str) -> str:
    return frame_key("standard errors", space_hash)


def _score_against_classes(plan: Plan, store: Store, wanted: Mapping[tuple[str, str], set[str]]) -> int:
    """Score the labelings of each dataset that has known classes; return how many scores are new."""
    policy = plan.benchmark.noise.policy
    noise = NoisePolicy.ZERO if policy is NoisePolicy.NEAREST else policy
    new = 0
    for name, dataset in plan.datasets.items():
        hashes = set().union(*(some for (of, _), some in wanted.items() if of == name))
        for classes in dataset.known_classes:
            key = score_key(classes)
            missing = sorted(hashes - {sha for sha, stored, _ in store.scored(key) if stored == policy})
            labelings = store.labelings(missing)
            given = [labelings[sha] for sha in missing]
            frame = external_scores(given, {classes.name: classes.codes}, metrics=SHOWN_METRICS, noise=noise)
            shas = np.array(missing, dtype=object)[frame["labeling"].to_numpy(dtype=np.int64)]
            store.put_scores(key, frame.assign(labels_sha256=shas, noise=str(policy)))
            new += len(frame)
    return new
