"""Draws: every cut that passes the gate is fitted again to halves of the rows, compared with the full fit and scored.

Draws 2i and 2i + 1 are the complementary halves of one shuffle of the rows, the same for all entries of a dataset. A
draw is a plan of its own: its spaces are those of the run restricted to its rows, so its fits and scores are stored,
run in parallel and resumed like any other. Halves without replacement, since duplicated rows would change densities and
medoids: they vary as much around the whole sample as that does around the population (Shao & Tu 1995, section 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.benchmark import FitJob
from clusterbench.execution import CellStatus, Executor
from clusterbench.labeling import Labels
from clusterbench.metrics.contingency import pairs
from clusterbench.naming import canonical_json
from clusterbench.plugins import Registry
from clusterbench.preprocessing import Space
from clusterbench.results import FrameRecord
from clusterbench.results.stored_frames import DRAW_SCORES, DRAWS
from clusterbench.running.calibration_stage import frame_key
from clusterbench.running.fitting import fit
from clusterbench.running.planning import Plan, PlannedJob, input_hash, job_key, score_key
from clusterbench.running.progress import Progress, Silent
from clusterbench.running.score_stage import labels_to_score, score_spaces
from clusterbench.running.settings import Settings
from clusterbench.seeding import RowSample, stable_rng
from clusterbench.store import Store
from clusterbench.tables import CUT_KEY

_MOST_ROWS = 25_000  # of a draw


@dataclass(frozen=True, slots=True)
class _DrawnJob:
    """A fit job of the first seed: its cuts that are drawn, with the hashes of their labelings of the whole table."""

    job: FitJob
    originals: Mapping[str, str]
    sample: RowSample | None


def draw(
    plan: Plan,
    store: Store,
    registry: Registry,
    cells: pd.DataFrame,
    settings: Settings,
    executor: Executor,
    progress: Progress,
) -> list[FrameRecord]:
    """Refit and score every cut that passes the gate on every draw; return where the agreement is stored.

    `cells` are all of the run, judged by the gate. A cut is drawn if every seed passes, that of a control if any does.
    """
    numbers = range(plan.benchmark.stability.resamples)
    drawn = _drawn_jobs(plan, cells)
    if not numbers or not drawn:
        return []
    plans = (_draw_plan(plan, drawn, number) for number in numbers)
    fit(plans, store, registry, settings, executor, progress, stage="draws")
    progress.stage("scoring draws", len(numbers))
    refits: list[tuple[_DrawnJob, int, PlannedJob]] = []
    scored: list[FrameRecord] = []
    for number in numbers:
        draw_plan = _draw_plan(plan, drawn, number)
        refits += [(each, number, planned) for each, planned in zip(drawn, draw_plan.jobs, strict=True)]
        scored += _score(draw_plan, store, number)
        progress.advance(1, f"draw {number + 1}")
    stored = store.cells([planned.key for _, _, planned in refits])
    labels_of = dict(zip(zip(stored["job_key"], stored["cut"], strict=True), stored["labels_sha256"], strict=True))
    compared = [
        (each, cut, number, planned.key, sha if isinstance(sha := labels_of.get((planned.key, cut)), str) else "")
        for each, number, planned in refits
        for cut in each.originals
    ]
    key = frame_key("draws", [[job_key, cut, sha, each.originals[cut]] for each, cut, _, job_key, sha in compared])
    if store.frame(key) is None:
        store.put_frame(key, pd.DataFrame(_compare(plan, store, compared)))
    return [FrameRecord(DRAWS, key), *scored]


def draw_rows(n_rows: int, seed: int, number: int) -> NDArray[np.int64]:
    """Return the rows of a draw, ascending: one half of shuffle ``number // 2``, the same for every entry.

    Of a table of more than 50,000 rows it is a part of 25,000: the cost of draws does not grow further, and they vary
    more than halves would, so that rank intervals are those of a table of 50,000 rows.
    """
    order = stable_rng(seed, f"draw {number // 2}").permutation(n_rows)
    half = min((n_rows + 1) // 2, _MOST_ROWS)
    return np.sort(order[half : 2 * half] if number % 2 else order[:half])


def compare_labels(before: Labels, after: Labels, n_clusters: int) -> tuple[float, NDArray[np.float64]]:
    """Return the agreement of two labelings (n,) of the same rows; `before` has `n_clusters` in the whole table.

    It is the adjusted Rand index (Hubert & Arabie 1985, doi:10.1007/BF01908075), and the best Jaccard similarity of
    each cluster of `before` with one of `after`; NaN where no row was drawn. -1 is noise, which is no cluster to be
    reproduced: every noise row is a group of its own.
    """
    width = int(after.max(initial=-1)) + 2
    codes = (before.astype(np.int64) + 1) * width + after + 1
    table = np.bincount(codes, minlength=(n_clusters + 1) * width).reshape(n_clusters + 1, width).astype(np.float64)
    sizes, other_sizes, both = table[1:].sum(axis=1), table[:, 1:].sum(axis=0), table[1:, 1:]
    jaccards = (both / (sizes[:, None] + other_sizes - both)).max(axis=1, initial=0.0) if len(both) else np.empty(0)
    together, one, other, every = (pairs(counts) for counts in (both, sizes, other_sizes, np.array([len(before)])))
    expected, highest = one * other / max(every, 1.0), (one + other) / 2.0
    ari = 1.0 if highest == expected else (together - expected) / (highest - expected)
    return ari, np.where(sizes > 0, jaccards, np.nan)


def _drawn_jobs(plan: Plan, cells: pd.DataFrame) -> list[_DrawnJob]:
    """Return the fit jobs of the first seed with the cuts that pass the gate."""
    control = {run.algorithm.name for run in plan.benchmark.runs if run.algorithm.control}
    ok = (cells["status"] == CellStatus.OK.value).groupby([cells[name] for name in CUT_KEY])
    passes = ok.all() | (ok.any() & ok.any().index.get_level_values("algorithm").isin(control))
    first = cells[(cells["seed"] == plan.benchmark.seeds[0]) & cells["labels_sha256"].notna()]
    labels_of = first.set_index(CUT_KEY)["labels_sha256"]
    originals = labels_of[labels_of.index.isin(passes[passes].index)].to_dict()
    drawn = []
    for planned in plan.jobs:
        job = planned.job
        if job.seed == plan.benchmark.seeds[0] and plan.benchmark.algorithm(job.algorithm).refits:
            entry = (job.dataset, job.algorithm, job.params, job.variant)
            cuts = {cut: originals[*entry, cut] for cut in job.cuts if (*entry, cut) in originals}
            if cuts:
                drawn.append(_DrawnJob(replace(job, seeds=job.seeds[:1], cuts=tuple(cuts)), cuts, planned.sample))
    return drawn


def _draw_plan(plan: Plan, drawn: Sequence[_DrawnJob], number: int) -> Plan:
    """Return the plan of one draw."""
    seed = plan.benchmark.ranking.seed
    rows = {name: draw_rows(dataset.n_rows, seed, number) for name, dataset in plan.datasets.items()}
    fitted = {(each.job.dataset, each.job.variant) for each in drawn}
    scored = {(name, space) for name, spaces in plan.references.items() for space in spaces}
    spaces = {where: _restrict(plan.spaces[where], rows[where[0]], seed, number) for where in sorted(fitted | scored)}
    jobs = []
    for each in drawn:
        space, algorithm = spaces[each.job.dataset, each.job.variant], plan.benchmark.algorithm(each.job.algorithm)
        sample = each.sample if each.sample is not None and each.sample.rows < len(rows[each.job.dataset]) else None
        is_refit = algorithm.refit is not None
        key = job_key(each.job, algorithm, input_hash(space, algorithm), sample, is_refit=is_refit)
        jobs.append(PlannedJob(each.job, key, space.content_hash, None, sample, is_refit))
    datasets = {name: dataset.take(rows[name]) for name, dataset in plan.datasets.items()}
    return replace(plan, datasets=datasets, spaces=spaces, jobs=tuple(jobs), warnings=())


def _restrict(space: Space, rows: NDArray[np.int64], seed: int, number: int) -> Space:
    """Return a space restricted to some rows; the preprocessing stays as it was fitted."""
    values = np.ascontiguousarray(space.values[rows])
    size = f":{len(rows)}" if 2 * len(rows) + 1 < len(space.values) else ""  # else a half, whose hash needs no size
    content_hash = sha256(f"{space.content_hash}:draw:{seed}:{number}{size}".encode()).hexdigest()
    return replace(space, values=values, content_hash=content_hash)


def _score(draw_plan: Plan, store: Store, number: int) -> list[FrameRecord]:
    """Score the labelings of a draw in the reference spaces by the ranked metrics; return where the scores are."""
    bench = draw_plan.benchmark
    wanted = labels_to_score(draw_plan, store, in_own_spaces=False)
    needed = {*bench.metrics, "silhouette"}
    metrics = [metric for metric in bench.scored_metrics if metric.name in needed]
    score_spaces(draw_plan, store, wanted, metrics, (bench.noise.policy,), Silent())
    return [FrameRecord(DRAW_SCORES, score_key(draw_plan.spaces[where]), *where, draw=number) for where in wanted]


def _compare(
    plan: Plan, store: Store, compared: Iterable[tuple[_DrawnJob, str, int, str, str]]
) -> Iterator[dict[str, object]]:
    """Yield one row per cut and draw; without labels of the draw there is no agreement."""
    rows_of: dict[tuple[str, int], NDArray[np.int64]] = {}
    by_job: dict[int, list[tuple[_DrawnJob, str, int, str, str]]] = {}
    for each in compared:
        by_job.setdefault(id(each[0]), []).append(each)
    for refits in by_job.values():  # job by job, so that few labelings are held at once
        drawn = refits[0][0]
        job, labelings = drawn.job, store.labelings([*drawn.originals.values(), *{r[4] for r in refits if r[4]}])
        for _, cut, number, key, sha in refits:
            ari, jaccards = np.nan, np.empty(0)
            if sha:
                if (job.dataset, number) not in rows_of:
                    n_rows = plan.datasets[job.dataset].n_rows
                    rows_of[job.dataset, number] = draw_rows(n_rows, plan.benchmark.ranking.seed, number)
                original = labelings[drawn.originals[cut]]
                rows = rows_of[job.dataset, number]
                ari, jaccards = compare_labels(original[rows], labelings[sha], int(original.max()) + 1)
            entry = (job.dataset, job.algorithm, job.params, job.variant, cut)
            yield {
                **dict(zip(CUT_KEY, entry, strict=True)),
                "draw": number,
                "job_key": key,
                "ari": ari,
                "jaccards": canonical_json([None if np.isnan(value) else round(float(value), 6) for value in jaccards]),
            }
