"""Structure tests: k-means on a table and on tables drawn without clusters, and dip tests of the columns.

The tests look at the table alone, so the verdict is the same whatever algorithms compete.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from threading import Lock

import numpy as np
import pandas as pd

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.metrics import score_labelings
from clusterbench.metrics.computation import count_threads
from clusterbench.metrics.threads import in_order
from clusterbench.preprocessing import Space, fit_space
from clusterbench.ranking import gate_reason
from clusterbench.results import FrameRecord
from clusterbench.running.calibration_stage import frame_key
from clusterbench.running.planning import Plan
from clusterbench.running.progress import Progress
from clusterbench.seeding import stable_rng
from clusterbench.store import Store
from clusterbench.structure import StructureFinding, TableFit, column_dips, copula_table
from clusterbench.tables import Floats, Ints

_KIND = "structure"
_ROWS = 2_000  # more rows cost time, and let the dip test see modes that no one would call clusters
_LARGEST_K = 10
_TAIL = 0.025


def structure(
    plan: Plan, store: Store, progress: Progress
) -> tuple[tuple[FrameRecord, ...], tuple[StructureFinding, ...]]:
    """Test each dataset of `plan` for structure; return where the fits are stored, and what was found.

    A dataset of which no reference space can be made with fewer rows is left out with a warning.
    """
    n_tables = plan.benchmark.structure.permutations
    if n_tables == 0:
        return (), ()
    progress.stage("structure", len(plan.datasets) * (1 + n_tables))
    frames, findings = [], []
    for name in plan.datasets:
        try:
            frame, finding = _test(plan, name, store, progress)
        except RequestError as error:
            progress.say(f"warning: the structure of {name} was not tested: {error}")
            continue
        frames.append(frame)
        findings.append(finding)
    return tuple(frames), tuple(findings)


def _test(plan: Plan, name: str, store: Store, progress: Progress) -> tuple[FrameRecord, StructureFinding]:
    n_tables, seed = plan.benchmark.structure.permutations, plan.benchmark.ranking.seed
    spaces = [plan.spaces[name, space].content_hash for space in plan.references[name]]
    key = frame_key(_KIND, spaces, n_tables, seed, asdict(plan.benchmark.gate))
    fits = store.frame(key)
    if fits is None:
        fits = pd.DataFrame(_fits(plan, name, progress))
        store.put_frame(key, fits)
    observed, *drawn = (_table_fit(row) for _, row in fits.iterrows())
    rows = _tested_rows(plan, name)
    space = _space(plan, rows, plan.references[name][0])
    dips = column_dips(space.values, space.columns)
    return FrameRecord(_KIND, key), StructureFinding(name, rows.n_rows, observed, tuple(drawn), dips)


def _tested_rows(plan: Plan, name: str) -> Dataset:
    """Return the rows of a dataset that are tested."""
    dataset, seed = plan.datasets[name], plan.benchmark.ranking.seed
    if dataset.n_rows <= _ROWS:
        return dataset
    return dataset.take(np.sort(stable_rng(seed, _KIND).choice(dataset.n_rows, _ROWS, replace=False)))


def _drawn_table(plan: Plan, tested: Dataset, number: int) -> Dataset:
    """Return a table drawn from the copula of the rows that are tested."""
    values = copula_table(tested.frame, stable_rng(plan.benchmark.ranking.seed, _KIND, number))
    frame = pd.DataFrame(values, columns=tested.frame.columns)
    return replace(tested, name=f"{tested.name} (drawn {number})", frame=frame, known_classes=())


def _space(plan: Plan, table: Dataset, variant: str) -> Space:
    return fit_space(table, plan.benchmark.variants[variant], where=f"variants.{variant} on {table.name}")


def _fits(plan: Plan, name: str, progress: Progress) -> Iterator[dict[str, float]]:
    """Yield the fits of the tested rows of a dataset, then those of the drawn tables."""
    from threadpoolctl import threadpool_limits

    from clusterbench.kernels import quick_lloyd

    tested, lock = _tested_rows(plan, name), Lock()

    def fit(number: int) -> dict[str, float]:
        table = tested if number < 0 else _drawn_table(plan, tested, number)
        with lock:  # steps may change what all threads share, such as filters of warnings
            spaces = [_space(plan, table, reference).values for reference in plan.references[name]]
        with threadpool_limits(1, user_api="openmp"):  # OpenMP counts per thread: the limit below does not reach here
            return _fit(plan, spaces)

    numbers = range(-1, plan.benchmark.structure.permutations)
    with threadpool_limits(1), quick_lloyd(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than clusters
        for number, fits in zip(numbers, in_order(fit, numbers, count_threads(None)), strict=True):
            progress.advance(1, name if number < 0 else f"{name} (drawn {number})")
            yield fits


def _fit(plan: Plan, spaces: Iterable[Floats]) -> dict[str, float]:
    """Fit k-means in every reference space, its columns clipped: else far rows decide, which no copula repeats.

    Returns the largest silhouette of a labeling that passes the gate, mean over the spaces, NaN where one has none; and
    the inertia in the first space for each k from 1.
    """
    silhouettes, inertias = [], []
    for values in spaces:
        space = np.clip(values, *np.quantile(values, [_TAIL, 1 - _TAIL], axis=0))
        if space.shape[1] > len(space):  # as many columns as rows hold the same distances
            space = np.ascontiguousarray(np.asarray(np.linalg.qr(space.T, mode="r")).T)
        labelings, inertia = _kmeans(space, plan.benchmark.ranking.seed)
        sizes = [np.unique(labels, return_counts=True)[1].tolist() for labels in labelings]
        passing = [
            labels
            for labels, counts in zip(labelings, sizes, strict=True)
            if gate_reason(counts, 0, len(space), plan.benchmark.gate) is None
        ]
        scores = score_labelings(space, passing, metrics="silhouette", threads=1) if passing else None
        silhouettes.append(np.nan if scores is None else float(scores["value"].max()))
        inertias.append(inertia)
    return {"silhouette": float(np.mean(silhouettes)), **{str(k): w for k, w in enumerate(inertias[0], start=1)}}


def _kmeans(space: Floats, seed: int) -> tuple[list[Ints], list[float]]:
    """Return the labels for each k from 2, and the inertia for each k from 1."""
    from sklearn.cluster import KMeans

    labelings, inertia = [], [float(((space - space.mean(axis=0)) ** 2).sum())]
    for k in range(2, min(_LARGEST_K, len(space)) + 1):
        fitted = KMeans(k, n_init=3, random_state=seed).fit(space)
        labelings.append(fitted.labels_)
        inertia.append(float(fitted.inertia_))
    return labelings, inertia


def _table_fit(stored: pd.Series) -> TableFit:
    inertia = {int(str(k)): float(value) for k, value in stored.drop("silhouette").items()}
    return TableFit(None if np.isnan(stored["silhouette"]) else float(stored["silhouette"]), inertia)
