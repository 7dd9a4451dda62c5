"""Scoring: every labeling in its own space, the reference spaces and against known classes, unless that is stored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from clusterbench.labeling import Labels
from clusterbench.metrics import SHOWN_METRICS, Metric, NoisePolicy, external_scores, score_labelings
from clusterbench.metrics.row_scores import ANCHORS
from clusterbench.metrics.threads import in_order
from clusterbench.ranking import Alert, AlertKind
from clusterbench.running.calibration_stage import frame_key
from clusterbench.running.planning import Plan, score_key
from clusterbench.running.progress import Progress
from clusterbench.running.side_by_side import side_by_side
from clusterbench.store import Store
from clusterbench.tables import Floats


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
    """Score labelings, given by their hashes per dataset and space, as `score` does; small spaces two at once."""
    named: dict[str, list[tuple[str, str]]] = {}
    for where in sorted(wanted, key=lambda where: -len(wanted[where])):  # spaces of equally many labelings in turn
        named.setdefault(score_key(plan.spaces[where]), []).append(where)
    hashes = {space_hash: set().union(*(wanted[name] for name in names)) for space_hash, names in named.items()}
    n_rows = max((len(plan.spaces[where].values) for where in wanted), default=0)
    at_once, threads = side_by_side([len(each) for each in hashes.values()], n_rows, metrics)
    stored_names = {metric.name: metric.stored_name for metric in metrics}

    def lacking() -> Iterator[Callable[[], pd.DataFrame]]:
        read: Mapping[str, Labels] = {}
        for (space_hash, names), own_threads in zip(named.items(), threads, strict=True):
            space = plan.spaces[names[0]].values
            each = _lacking(store, space_hash, space, hashes[space_hash], metrics, policies, read)
            read = each.labelings  # most are those of the next space too
            yield partial(each.scores, own_threads)

    new, frames = 0, in_order(lambda scores: scores(), lacking(), at_once)
    for (space_hash, names), frame in zip(named.items(), frames, strict=True):
        if len(frame):
            frame = frame.assign(metric=frame["metric"].map(stored_names))
            store.put_scores(space_hash, frame)
            _add_errors(store, space_hash, frame)
            new += len(frame)
        progress.advance(len(names), " / ".join(names[0]))
    return new


@dataclass(frozen=True, slots=True, eq=False)
class _Lacking:
    """The labelings of a space that lack scores, by their hashes, and the metrics and policies that some lack."""

    values: Floats
    labelings: Mapping[str, Labels]
    metrics: Sequence[Metric]
    policies: Sequence[NoisePolicy]

    def scores(self, threads: int) -> pd.DataFrame:
        """Return the scores, with labels_sha256 in place of the position."""
        if not self.labelings:
            return pd.DataFrame()
        labelings = list(self.labelings.values())
        frame = score_labelings(self.values, labelings, metrics=self.metrics, noise=self.policies, threads=threads)
        hashes = np.array(list(self.labelings), dtype=object)
        return frame.assign(labels_sha256=hashes[frame["labeling"].to_numpy()])


def _lacking(
    store: Store,
    space_hash: str,
    values: Floats,
    hashes: Collection[str],
    metrics: Sequence[Metric],
    policies: Sequence[NoisePolicy],
    read: Mapping[str, Labels],
) -> _Lacking:
    every = {(sha, policy.value, metric.stored_name) for sha in hashes for policy in policies for metric in metrics}
    missing = every - store.scored(space_hash)
    shas, lacking_policies, lacking_metrics = ({each[i] for each in missing} for i in range(3))
    new = store.labelings(shas - read.keys())
    return _Lacking(
        values,
        {sha: new[sha] if sha in new else read[sha] for sha in sorted(shas)},
        [metric for metric in metrics if metric.stored_name in lacking_metrics],
        [policy for policy in policies if policy.value in lacking_policies],
    )


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
