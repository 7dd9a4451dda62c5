"""From labelings and noise policies to batches of distinct partitions that fit a memory budget."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.datasets.from_memory import frame_of
from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import NOISE, Labels, canonical, integer_labels, is_masked
from clusterbench.metrics.conditioning import is_frame
from clusterbench.metrics.partitions import bytes_needed
from clusterbench.metrics.row_scores import EXTRA_ROWS
from clusterbench.metrics.score import NoisePolicy
from clusterbench.metrics.threads import WAITING, task_rows
from clusterbench.tables import Floats

CELLS = 1 << 20  # cells of a distance table held at once
_TIE = 1e-12  # distances in a conditioned space, of unit size, that differ by rounding alone
_TIE_SHARE = 2.0**-20  # at most this share of the distance, for rows far closer to each other than to a far cluster
_ROW_BYTES = 16  # s and a as float64


def as_policies(noise: str | Iterable[str]) -> tuple[NoisePolicy, ...]:
    """Return the named noise policies, each once, in the order given; refuse unknown names, or none at all."""
    names = [noise] if isinstance(noise, str) else list(noise)
    known = [str(policy) for policy in NoisePolicy]
    for name in names:
        if str(name) not in known:
            raise unknown("noise policy", str(name), known)
    if not names:
        raise RequestError("no noise policy", allowed=", ".join(known))
    return tuple(dict.fromkeys(map(NoisePolicy, names)))


def as_labelings(labelings: ArrayLike | Sequence[ArrayLike], n: int) -> list[NDArray[np.integer[Any]]]:
    """Return the labelings as a list of integer arrays (n,); refuse other lengths, other numbers and masked arrays.

    A sequence or array holds one labeling per item or row; a data frame, of pandas, Arrow or another library, one per
    column; a single labeling may be given as such.
    """
    if is_masked(labelings):  # before np.asarray drops the mask
        raise RequestError("labelings are masked", allowed=f"a label for every row, {NOISE} for noise")
    given: Iterable[tuple[object, Any]]
    if is_frame(labelings):
        frame = frame_of(labelings)
        if len(frame) != n:
            what = f"labelings are a data frame of shape {frame.shape}"
            raise RequestError(what, allowed=f"one column per labeling, one row for each of the {n} rows of X")
        given = frame.items()
    else:
        items = list(labelings) if isinstance(labelings, (list, tuple)) else list(np.atleast_2d(np.asarray(labelings)))
        if items and all(np.ndim(labels) == 0 for labels in items):
            items = [np.asarray(items)]
        given = enumerate(items)
    checked = []
    for name, labels in given:
        if np.shape(labels) != (n,):
            what = f"labeling {name!r} has shape {np.shape(labels)}"
            raise RequestError(what, allowed=f"({n},), one label per row")
        try:
            checked.append(integer_labels(labels))
        except RequestError as error:
            raise error.within(f"labeling {name!r}") from error
    return checked


def apply_policy(space: Floats, labels: Labels, policy: NoisePolicy) -> tuple[Labels, str]:
    """Return the partition that `policy` makes of canonical labels, and why nothing of it is defined, or "".

    One cluster beside noise is defined only under ``cluster``, where noise counts as a second cluster.
    """
    noise = labels < 0
    k = int(labels.max(initial=NOISE)) + 1
    if k == 0:
        return labels, "all rows are noise"
    if not noise.any():
        return labels, "one cluster" if k == 1 else ""
    if policy is NoisePolicy.CLUSTER:
        return np.where(noise, k, labels).astype(np.int32), ""
    if k == 1:
        return labels, "one cluster plus noise is not a clustering"
    return _send_to_nearest(space, labels, k) if policy is NoisePolicy.NEAREST else labels, ""


def _send_to_nearest(space: Floats, labels: Labels, k: int) -> Labels:
    """Assign each noise row to the cluster with the nearest centroid (ties: the larger cluster)."""
    noise = labels < 0
    members = labels[~noise]
    sums = [np.bincount(members, column, k) for column in space[~noise].T]
    centroids = np.stack(sums, axis=1) / np.bincount(members)[:, None]
    sent = labels.copy()
    sent[noise] = nearest(space[noise], centroids)
    return sent


def nearest(rows: Floats, points: Floats, cells: int = CELLS) -> Labels:
    """Return for each of the rows (n, d) of a conditioned space the position of the nearest of the points (p, d).

    Of points that are equally near, up to rounding, the first. `cells` of 9 bytes are held at once, but a row at least.
    """
    from scipy.spatial.distance import cdist

    found = np.empty(len(rows), dtype=np.int32)
    step = max(1, cells // len(points))
    for start in range(0, len(rows), step):
        distances = cdist(rows[start : start + step], points)
        least = distances.min(axis=1, keepdims=True)
        ties = distances <= least + np.minimum(_TIE, _TIE_SHARE * least)
        found[start : start + step] = np.argmax(ties, axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """One labeling under one policy: the key of its partition, the share of clustered rows, why it has no score."""

    labeling: int
    policy: NoisePolicy
    key: bytes
    coverage: float
    reason: str


@dataclass(slots=True, eq=False)
class Batch:
    """Distinct partitions that are scored together, and uses of these and earlier ones."""

    keys: list[bytes] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


def batches(
    space: Floats,
    labelings: Sequence[NDArray[np.integer[Any]]],
    policies: Sequence[NoisePolicy],
    memory_bytes: float,
    threads: int,
) -> Iterator[Batch]:
    """Yield batches of partitions, each within the budget (but of one partition at least)."""
    batch, size = Batch(), 0.0
    known: set[bytes] = set()
    for position, given in enumerate(labelings):
        labels = canonical(given)
        coverage, own_key = np.count_nonzero(labels >= 0) / len(labels), _key(labels)
        for policy in policies:
            partition, reason = apply_policy(space, labels, policy)
            key = own_key if partition is labels else _key(partition)
            if not reason and key not in known:
                more = _cost(len(space), int(partition.max()) + 1, threads)
                if batch.keys and size + more > memory_bytes:
                    yield batch
                    batch, size = Batch(), 0.0
                known.add(key)
                size += more
                batch.keys.append(key)
                batch.labels.append(partition)
            batch.uses.append(Use(position, policy, key, coverage, reason))
    yield batch


def _key(partition: Labels) -> bytes:
    return hashlib.blake2b(partition.data, digest_size=16).digest()


def _cost(n: int, k: int, threads: int) -> float:
    """Return the bytes that one more partition of n rows into k clusters takes."""
    waiting = (WAITING * threads + 1) * max(24 * k, 16 * EXTRA_ROWS)  # sums of s, its square and a, or s and a
    return 4 * n + bytes_needed(n, k) + threads * (task_rows(n) * _ROW_BYTES + 256 * k) + waiting
