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
from clusterbench.metrics.partition_layout import bytes_needed
from clusterbench.metrics.row_scores import EXTRA_ROWS
from clusterbench.metrics.score import NoisePolicy
from clusterbench.metrics.threads import WAITING, task_rows
from clusterbench.tables import Floats

CELLS = 1 << 20  # cells of a distance table held at once
_TIE = 1e-12  # distances in a conditioned space, of unit size, that differ by rounding alone
_TIE_SHARE = 2.0**-20  # at most this share of the distance, for rows far closer to each other than to a far cluster
_ROW_BYTES = 28  # a, b, s as float64, near as int32


@dataclass(frozen=True, slots=True)
class Partition:
    """What is scored for one labeling under one policy.

    Attributes
    ----------
    labels : ndarray of int32, shape (n,)
        Clusters 0..k-1; -1 marks rows that take no part.
    k : int
    coverage : float
        Factor on the silhouette: share of clustered rows under ``zero``, else 1.
    reason : str
        Why nothing is defined; "" otherwise.
    """

    labels: Labels
    k: int
    coverage: float
    reason: str


def as_policies(noise: str | Iterable[str]) -> tuple[NoisePolicy, ...]:
    """Return the named noise policies, each once, in the order given.

    Raises
    ------
    RequestError
        For a name that is none, or for none at all.
    """
    names = [noise] if isinstance(noise, str) else list(noise)
    known = {str(policy): policy for policy in NoisePolicy}
    for name in names:
        if str(name) not in known:
            raise unknown("noise policy", str(name), known)
    if not names:
        raise RequestError("no noise policy", allowed=", ".join(known))
    return tuple(dict.fromkeys(known[str(name)] for name in names))


def as_labelings(labelings: ArrayLike | Sequence[ArrayLike], n: int) -> list[NDArray[np.integer[Any]]]:
    """Return the labelings as a list of integer arrays (n,).

    A sequence or array holds one labeling per item or row; a data frame, of pandas, Arrow or another library, one per
    column; a single labeling may be given as such.

    Raises
    ------
    RequestError
        If one is not of integers and of length n, or is masked.
    """
    if is_masked(labelings):  # before np.asarray drops the mask
        raise RequestError("labelings are masked", allowed=f"a label for every row, {NOISE} for noise")
    given: list[tuple[str, Any]]
    if is_frame(labelings):
        frame = frame_of(labelings)
        if len(frame) != n:
            what = f"labelings are a data frame of shape {frame.shape}"
            raise RequestError(what, allowed=f"one column per labeling, one row for each of the {n} rows of X")
        given = [(repr(name), column) for name, column in frame.items()]
    else:
        items = list(labelings) if isinstance(labelings, (list, tuple)) else list(np.atleast_2d(np.asarray(labelings)))
        if items and all(np.ndim(labels) == 0 for labels in items):
            items = [np.asarray(items)]
        given = [(str(position), labels) for position, labels in enumerate(items)]
    return [_labels(name, labels, n) for name, labels in given]


def _labels(name: str, labels: ArrayLike, n: int) -> NDArray[np.integer[Any]]:
    if np.shape(labels) != (n,):
        raise RequestError(f"labeling {name} has shape {np.shape(labels)}", allowed=f"({n},), one label per row")
    try:
        return integer_labels(labels)
    except RequestError as error:
        raise error.within(f"labeling {name}") from error


def apply_policy(space: Floats, labels: Labels, policy: NoisePolicy) -> Partition:
    """Return the partition that `policy` makes of canonical labels.

    One cluster beside noise is defined only under ``cluster``, where noise counts as a second cluster.
    """
    clustered = labels >= 0
    share = float(np.count_nonzero(clustered)) / len(labels)
    k = int(labels.max(initial=NOISE)) + 1
    if k == 0:
        return Partition(labels, 0, 1.0, "all rows are noise")
    if share == 1.0:
        return Partition(labels, k, 1.0, "one cluster" if k == 1 else "")
    if policy is NoisePolicy.CLUSTER:
        return Partition(np.where(clustered, labels, k).astype(np.int32), k + 1, 1.0, "")
    if k == 1:
        return Partition(labels, 1, 1.0, "one cluster plus noise is not a clustering")
    if policy is NoisePolicy.NEAREST:
        return Partition(_send_to_nearest(space, labels, k), k, 1.0, "")
    return Partition(labels, k, share if policy is NoisePolicy.ZERO else 1.0, "")


def _send_to_nearest(space: Floats, labels: Labels, k: int) -> Labels:
    """Assign each noise row to the cluster with the nearest centroid (ties: the larger cluster)."""
    clustered = labels >= 0
    members = labels[clustered]
    sizes = np.bincount(members, minlength=k)
    sums = [np.bincount(members, weights=column, minlength=k) for column in space[clustered].T]
    centroids = np.stack(sums, axis=1) / sizes[:, None]
    noise = np.flatnonzero(~clustered)
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
    """One labeling under one policy: which partition it is scored by, or why it is not."""

    labeling: int
    policy: NoisePolicy
    key: bytes
    coverage: float
    reason: str


@dataclass(slots=True, eq=False)
class Batch:
    """Distinct partitions that are scored together, and all uses met while they were gathered.

    A use may refer to a partition of an earlier batch.
    """

    keys: list[bytes] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    ks: list[int] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def part(self, places: Sequence[int]) -> Batch:
        """Return the partitions at the given places, without uses."""
        return Batch([self.keys[p] for p in places], [self.labels[p] for p in places], [self.ks[p] for p in places])


def batches(
    space: Floats,
    labelings: Sequence[NDArray[np.integer[Any]]],
    policies: Sequence[NoisePolicy],
    memory_bytes: float,
    threads: int,
    *,
    row_bytes: int = 0,
) -> Iterator[Batch]:
    """Yield batches of partitions, each within the budget (but of one partition at least).

    `row_bytes` is what the caller holds per row and partition besides what the engine does.
    """
    batch, size = Batch(), 0.0
    known: set[bytes] = set()
    for position, given in enumerate(labelings):
        labels = canonical(given)
        for policy in policies:
            partition = apply_policy(space, labels, policy)
            key = hashlib.blake2b(partition.labels.tobytes(), digest_size=16).digest()
            if not partition.reason and key not in known:
                more = _cost(len(space), partition.k, threads) + row_bytes * len(space)
                if batch.keys and size + more > memory_bytes:
                    yield batch
                    batch, size = Batch(), 0.0
                known.add(key)
                size += more
                batch.keys.append(key)
                batch.labels.append(partition.labels)
                batch.ks.append(partition.k)
            batch.uses.append(Use(position, policy, key, partition.coverage, partition.reason))
    yield batch


def _cost(n: int, k: int, threads: int) -> float:
    """Return the bytes that one more partition of n rows into k clusters takes."""
    waiting = (WAITING * threads + 1) * max(16 * k, 8 * EXTRA_ROWS)  # sums of s and of its square, or s
    return 4 * n + bytes_needed(n, k) + threads * (task_rows(n) * _ROW_BYTES + 256 * k) + waiting
