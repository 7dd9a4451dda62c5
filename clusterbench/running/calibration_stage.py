"""Scores of random partitions, stored under the hash of what they were computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.execution import CellStatus
from clusterbench.metrics import SCORING_VERSION, Metric, calibrate
from clusterbench.metrics.row_scores import EXACT_ROWS
from clusterbench.naming import canonical_json
from clusterbench.results import FrameRecord
from clusterbench.results.stored_frames import BASELINES
from clusterbench.running.planning import Plan
from clusterbench.running.progress import Progress
from clusterbench.store import Store

_ANCHORS = 1024  # of a long table: the spread of random partitions is far above the error of their scores
_FEW_ROWS = 1000  # checked first; usually enough of them are distinct


def calibration(plan: Plan, store: Store, cells: pd.DataFrame, progress: Progress) -> list[FrameRecord]:
    """Score random partitions of every reference space for every k that occurs; return where the scores are stored.

    A space with fewer distinct rows than k has no such partition; its entries get no z, with that reason.
    """
    table = plan.benchmark.ranking
    frames: list[FrameRecord] = []
    if table.random_partitions == 0:
        return frames
    usable = cells[cells["status"] == CellStatus.OK.value]
    for dataset, rows in usable.groupby("dataset"):
        ks = sorted({int(k) for k in rows["n_clusters"]})
        progress.stage("calibrating", len(plan.references[str(dataset)]))
        for space in plan.references[str(dataset)]:
            made = plan.spaces[str(dataset), space]
            sampled = [_ANCHORS] if len(made.values) > EXACT_ROWS else []
            keys = {
                k: frame_key("random partitions", made.content_hash, k, table.random_partitions, table.seed, *sampled)
                for k in ks
                if has_distinct_rows(made.values, k)
            }
            draw = partial(calibrate, made.values, n_random=table.random_partitions, seed=table.seed, anchors=_ANCHORS)
            _complete_all(store, keys, plan.benchmark.scored_metrics, draw)
            frames += [FrameRecord(BASELINES, key, str(dataset), space, k) for k, key in keys.items()]
            progress.advance(1, f"{dataset} / {space}")
    return frames


def _complete_all(
    store: Store, keys: Mapping[int, str], metrics: Sequence[Metric], draw: Callable[..., pd.DataFrame]
) -> None:
    """Complete the frames of all k, those that lack the same metrics in one call: trees and graphs serve every k."""
    lacking: dict[tuple[Metric, ...], list[int]] = {}
    for k, key in keys.items():
        lacking.setdefault(_missing(store.frame(key), metrics), []).append(k)
    for missing, ks in lacking.items():
        if missing:
            made = draw(ks, metrics=missing)
            for k in ks:
                _add(store, keys[k], missing, made[made["k"] == k].reset_index(drop=True))


def _missing(stored: pd.DataFrame | None, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    known = set() if stored is None else set(stored["metric"])
    return tuple(metric for metric in metrics if metric.stored_name not in known)


def _add(store: Store, key: str, metrics: Iterable[Metric], made: pd.DataFrame) -> None:
    """Add the scores of metrics to the frame under a key."""
    made = made.assign(metric=made["metric"].map({metric.name: metric.stored_name for metric in metrics}))
    stored = store.frame(key)
    store.put_frame(key, made if stored is None else pd.concat([stored, made], ignore_index=True))


def frame_key(kind: str, *parts: object) -> str:
    """Return the hash under which a derived frame is stored."""
    return hashlib.sha256(canonical_json([kind, SCORING_VERSION, *parts]).encode()).hexdigest()


def has_distinct_rows(values: NDArray[np.float64], k: int) -> bool:
    """Return whether a space holds at least `k` different rows."""
    return any(len(np.unique(values[:n], axis=0)) >= k for n in (_FEW_ROWS, len(values)))
