"""From a labeling and a noise policy to the partition that is scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterbench.datasets.from_memory import frame_of
from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import NOISE, Labels, canonical, is_masked, whole_numbers
from clusterbench.metrics.conditioning import is_frame
from clusterbench.metrics.nearest import nearest
from clusterbench.metrics.score import NoisePolicy
from clusterbench.tables import Floats


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
        return whole_numbers(labels)
    except RequestError as error:
        raise error.within(f"labeling {name}") from error


def compact(labels: NDArray[np.integer[Any]]) -> Labels:
    """Return `clusterbench.labeling.canonical` of integer labels, in linear time where they are small numbers."""
    highest = int(labels.max(initial=0))
    if highest > 4 * len(labels) + 1024:
        return canonical(labels)
    shifted = np.maximum(labels.astype(np.int64, copy=False), NOISE) + 1
    counts = np.bincount(shifted, minlength=highest + 2)
    first = np.zeros(len(counts), dtype=np.int64)
    first[shifted[::-1]] = np.arange(len(labels) - 1, -1, -1)
    used = np.flatnonzero(counts[1:]) + 1
    order = used[np.lexsort((first[used], -counts[used]))]
    renumbered = np.full(len(counts), NOISE, dtype=np.int32)
    renumbered[order] = np.arange(len(order), dtype=np.int32)
    compacted: Labels = renumbered[shifted]
    return compacted


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
    """Give each noise row the cluster with the nearest centroid (ties: the larger cluster)."""
    clustered = labels >= 0
    members = labels[clustered]
    sizes = np.bincount(members, minlength=k)
    sums = [np.bincount(members, weights=column, minlength=k) for column in space[clustered].T]
    centroids = np.stack(sums, axis=1) / sizes[:, None]
    noise = np.flatnonzero(~clustered)
    sent = labels.copy()
    sent[noise] = nearest(space[noise], centroids)
    return sent
