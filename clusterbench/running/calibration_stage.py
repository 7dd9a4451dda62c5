"""Scores of random partitions, stored under the hash of what they were computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from clusterbench.execution import CellStatus
from clusterbench.metrics import SCORING_VERSION, Metric, calibrate
from clusterbench.naming import canonical_json
from clusterbench.results import FrameRecord
from clusterbench.results.stored_frames import BASELINES
from clusterbench.running.planning import Plan
from clusterbench.running.progress import Progress
from clusterbench.seeding import RowSample
from clusterbench.store import Store
from clusterbench.tables import Floats

_ROWS = 20_000  # of a longer table: their scores differ from those of all rows by far less than random partitions do
_FEW_ROWS = 1000  # checked first; usually enough of them are distinct


def calibration(plan: Plan, store: Store, cells: pd.DataFrame, progress: Progress) -> list[FrameRecord]:
    """Score random partitions of every reference space for every k that occurs; return where the scores are stored.

    Of a longer table they are those of 20,000 random rows. A space with fewer distinct rows than k has no such
    partition; its entries get no z, with that reason.
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
            values, sampled = made.values, []
            if len(values) > _ROWS:
                values, sampled = values[RowSample(_ROWS, table.seed).chosen(len(values))], [_ROWS]
            keys = {
                k: frame_key("random partitions", made.content_hash, k, table.random_partitions, table.seed, *sampled)
                for k in ks
                if has_distinct_rows(values, k)
            }
            draw = partial(_draw, values, len(made.values), n_random=table.random_partitions, seed=table.seed)
            _complete_all(store, keys, plan.benchmark.scored_metrics, draw)
            frames += [FrameRecord(BASELINES, key, str(dataset), space, k) for k, key in keys.items()]
            progress.advance(1, f"{dataset} / {space}")
    return frames


def _draw(
    values: Floats, n_rows: int, ks: Sequence[int], *, metrics: Sequence[Metric], n_random: int, seed: int
) -> pd.DataFrame:
    """Score random partitions of `values`, shape (m, d); sizes and sums over rows become those of `n_rows` rows."""
    drawn = calibrate(values, ks, metrics=metrics, n_random=n_random, seed=seed)
    times = n_rows / len(values)
    grows = drawn["metric"].isin([metric.name for metric in metrics if metric.grows_with_rows])
    sizes = {size: (drawn[size] * times).round().astype("int64") for size in ("smallest", "largest")}
    return drawn.assign(**sizes, value=drawn["value"].where(~grows, drawn["value"] * times))


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


def has_distinct_rows(values: Floats, k: int) -> bool:
    """Return whether a space holds at least `k` different rows."""
    return any(len(np.unique(values[:n], axis=0)) >= k for n in (_FEW_ROWS, len(values)))
