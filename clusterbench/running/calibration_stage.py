"""Scores of random partitions, stored under the hash of what they were computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from clusterbench.benchmark import RankingTable
from clusterbench.execution import CellStatus
from clusterbench.metrics import SCORING_VERSION, Metric, calibrate
from clusterbench.metrics.threads import in_order
from clusterbench.naming import canonical_json
from clusterbench.preprocessing import Space
from clusterbench.results import FrameRecord
from clusterbench.results.stored_frames import BASELINES
from clusterbench.running.planning import Plan
from clusterbench.running.progress import Progress
from clusterbench.running.side_by_side import side_by_side
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
    metrics = plan.benchmark.scored_metrics
    for dataset, rows in usable.groupby("dataset"):
        ks = sorted({int(k) for k in rows["n_clusters"]})
        spaces = {name: plan.spaces[str(dataset), name] for name in plan.references[str(dataset)]}
        progress.stage("calibrating", len(spaces))
        at_once, threads = side_by_side([1] * len(spaces), plan.datasets[str(dataset)].n_rows, metrics)
        pairs = zip(spaces.values(), threads, strict=True)
        lacking = (_lacking(store, space, ks, metrics, table, own) for space, own in pairs)
        for name, (keys, made) in zip(spaces, in_order(_Lacking.made, lacking, at_once), strict=True):
            for missing, scores in made.items():
                for k in scores["k"].unique():
                    _add(store, keys[k], missing, scores[scores["k"] == k].reset_index(drop=True))
            frames += [FrameRecord(BASELINES, key, str(dataset), name, k) for k, key in keys.items()]
            progress.advance(1, f"{dataset} / {name}")
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class _Lacking:
    """The keys of the frames of a space by k, which k lack which metrics, and how their scores are made."""

    keys: Mapping[int, str]
    ks: Mapping[tuple[Metric, ...], Sequence[int]]
    draw: Callable[..., pd.DataFrame]

    def made(self) -> tuple[Mapping[int, str], dict[tuple[Metric, ...], pd.DataFrame]]:
        """Return the keys, and the scores by metrics; all k at once, since trees and graphs serve every k."""
        return self.keys, {metrics: self.draw(ks, metrics=metrics) for metrics, ks in self.ks.items() if metrics}


def _lacking(
    store: Store, space: Space, ks: Iterable[int], metrics: Sequence[Metric], table: RankingTable, threads: int
) -> _Lacking:
    values, sampled = space.values, []
    if len(values) > _ROWS:
        values, sampled = values[RowSample(_ROWS, table.seed).chosen(len(values))], [_ROWS]
    keys = {
        k: frame_key("random partitions", space.content_hash, k, table.random_partitions, table.seed, *sampled)
        for k in ks
        if has_distinct_rows(values, k)
    }
    lacking: dict[tuple[Metric, ...], list[int]] = {}
    for k, key in keys.items():
        lacking.setdefault(_missing(store.frame(key), metrics), []).append(k)
    draw = partial(_draw, values, len(space.values), n_random=table.random_partitions, seed=table.seed, threads=threads)
    return _Lacking(keys, lacking, draw)


def _draw(
    values: Floats, n_rows: int, ks: Sequence[int], *, metrics: Sequence[Metric], n_random: int, seed: int, threads: int
) -> pd.DataFrame:
    """Score random partitions of `values`, shape (m, d); sizes and sums over rows become those of `n_rows` rows."""
    drawn = calibrate(values, ks, metrics=metrics, n_random=n_random, seed=seed, threads=threads)
    times = n_rows / len(values)
    grows = drawn["metric"].isin([metric.name for metric in metrics if metric.grows_with_rows])
    sizes = {size: (drawn[size] * times).round().astype("int64") for size in ("smallest", "largest")}
    return drawn.assign(**sizes, value=drawn["value"].where(~grows, drawn["value"] * times))


def _missing(stored: pd.DataFrame | None, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    known = set() if stored is None else set(stored["metric"])
    return tuple(metric for metric in metrics if metric.stored_name not in known)


def _add(store: Store, key: str, metrics: Sequence[Metric], made: pd.DataFrame) -> None:
    """Add the scores of metrics to the frame under a key, unless those of an equal space came first."""
    stored = store.frame(key)
    if _missing(stored, metrics):
        made = made.assign(metric=made["metric"].map({metric.name: metric.stored_name for metric in metrics}))
        store.put_frame(key, made if stored is None else pd.concat([stored, made], ignore_index=True))


def frame_key(kind: str, *parts: object) -> str:
    """Return the hash under which a derived frame is stored."""
    return hashlib.sha256(canonical_json([kind, SCORING_VERSION, *parts]).encode()).hexdigest()


def has_distinct_rows(values: Floats, k: int) -> bool:
    """Return whether a space holds at least `k` different rows."""
    return any(len(np.unique(values[:n], axis=0)) >= k for n in (_FEW_ROWS, len(values)))
