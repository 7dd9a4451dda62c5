"""Whether an algorithm does what it declares, checked by running it on a small table."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import canonical
from clusterbench.naming import Cut
from clusterbench.plugins.algorithm import Algorithm, Assignment, Cutter, Params, Partition, Space, as_partition
from clusterbench.plugins.packages import missing_packages

_KS = (5, 3, 2)


@dataclass(frozen=True, slots=True)
class Check:
    """One declared property of a plug-in: whether it holds, and details where it does not."""

    name: str
    ok: bool
    detail: str = ""


def small_table() -> Space:
    """Return the table that conformance is checked on: 120 rows in 4 columns, three blobs and stray rows."""
    rng = np.random.default_rng(20180302)
    centres = np.array([[0.0, 0, 0, 0], [6, 0, 3, 0], [0, 7, 0, 2]])
    blobs = centres[np.arange(114) % 3] + rng.normal(size=(114, 4))
    return np.ascontiguousarray(np.vstack([blobs, rng.uniform(-8, 12, size=(6, 4))]))


def default_settings(algorithm: Algorithm) -> dict[str, Any]:
    """Return the first setting of the algorithm's grid, defaults filled in."""
    return algorithm.resolve({name: values[0] for name, values in algorithm.grid.items()})


def default_cuts(algorithm: Algorithm) -> list[Cut]:
    """Return the cuts that conformance tries: the declared defaults, or k = 5, 3, 2."""
    first = algorithm.cuts[0]
    return [Cut(first.name, value) for value in (first.default if first.default is not None else _KS)]


def check_algorithm(algorithm: Algorithm, *, X: Space | None = None) -> list[Check]:
    """Check that `algorithm` works and does what it declares.

    Parameters
    ----------
    algorithm : Algorithm
    X : ndarray of float64, shape (n, d), optional
        Default: `small_table`. It should have at least 10 different rows.

    Returns
    -------
    list of Check
        In the order of the checks. It ends early where later checks are impossible: a missing package, refused
        parameters, a build that fails.
    """
    missing = missing_packages(algorithm)
    if missing is not None:
        return [Check("required packages are installed", False, missing)]
    try:
        params = default_settings(algorithm)
    except Exception as error:  # noqa: BLE001 - the message is the finding
        return [Check("default parameters are accepted", False, _described(error))]
    cuts = default_cuts(algorithm)
    plain = _is_plain("parameters and cuts are plain values (JSON)", [params, [cut.arguments for cut in cuts]])
    checks = [Check("default parameters are accepted", True), _grid_is_known(algorithm), plain]
    if plain.ok:
        params = _written_and_read(params)  # as a run passes them: a tuple becomes a list
    with _read_only_memmap(small_table() if X is None else X) as table:
        checks += _Trial(algorithm, params, table, cuts).run()
    return checks


@dataclass(frozen=True, slots=True)
class _Trial:
    """One algorithm on one table."""

    algorithm: Algorithm
    params: Params
    X: Space
    cuts: list[Cut]

    def run(self) -> list[Check]:
        before, state = np.array(self.X), _global_state()
        try:
            partitions = self.cut_all(seed=0)
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return [Check("builds, and every cut gives one integer per row", False, _described(error))]
        same_state = _global_state() == state
        return [
            Check("builds, and every cut gives one integer per row", True),
            Check("leaves the table as it is", bool(np.array_equal(before, self.X))),
            Check("leaves the global random state as it is", same_state),
            *self.compare(partitions),
            *self.judge(partitions),
        ]

    def compare(self, partitions: list[Partition]) -> Iterator[Check]:
        yield self.same("equal seeds give equal labels", partitions, lambda: self.cut_all(seed=0))
        backwards = self.cuts[::-1]
        yield self.same("the order of the cuts is irrelevant", partitions[::-1], lambda: self.cut_all(0, backwards))
        yield self.same("a cut alone gives the same labels", partitions[-1:], lambda: self.cut_all(0, self.cuts[-1:]))
        if self.algorithm.is_deterministic(self.params):
            name = "declared deterministic: another seed changes nothing"
            yield self.same(name, partitions, lambda: self.cut_all(1))

    def judge(self, partitions: list[Partition]) -> Iterator[Check]:
        noisy = any(np.min(p.labels) < 0 for p in partitions)
        yield Check("gives noise only where declared", self.algorithm.noise or not noisy)
        if self.algorithm.needs_k:
            pairs = [(cut.value, len(np.unique(p.labels))) for cut, p in zip(self.cuts, partitions, strict=True)]
            wrong = [f"k={k}: {n} clusters" for k, n in pairs if n > k]
            yield Check("gives at most k clusters", not wrong, ", ".join(wrong))
        yield _is_plain("inertia and info are plain values (JSON)", [[p.inertia, dict(p.info)] for p in partitions])
        if self.algorithm.assignment is Assignment.PREDICT:
            yield self.predicts(partitions)

    def cut_all(self, seed: int, cuts: list[Cut] | None = None) -> list[Partition]:
        cutter: Cutter = self.algorithm.build(self.X, seed, **self.params)
        chosen = self.cuts if cuts is None else cuts
        return [as_partition(cutter(**cut.arguments), len(self.X)) for cut in chosen]

    def predicts(self, partitions: list[Partition]) -> Check:
        name = "declared assignment by predict: the model gives fitted rows their labels"
        rows, models = np.array(self.X), [cast(Any, partition.model) for partition in partitions]
        try:
            agree = [np.array_equal(p.labels, m.predict(rows)) for p, m in zip(partitions, models, strict=True)]
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return Check(name, False, _described(error))
        return Check(name, all(agree))

    def same(self, name: str, expected: list[Partition], again: Callable[[], list[Partition]]) -> Check:
        try:
            repeated = again()
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return Check(name, False, _described(error))
        pairs = [(canonical(e.labels), canonical(r.labels)) for e, r in zip(expected, repeated, strict=True)]
        differing = sum(not np.array_equal(e, r) for e, r in pairs)
        return Check(name, differing == 0, f"{differing} of {len(pairs)} labelings differ" if differing else "")


def _grid_is_known(algorithm: Algorithm) -> Check:
    names = list(algorithm.grid)
    try:
        for values in itertools.product(*algorithm.grid.values()):
            algorithm.resolve(dict(zip(names, values, strict=True)))
    except Exception as error:  # noqa: BLE001 - the message is the finding
        return Check("every setting of the grid is accepted", False, _described(error))
    return Check("every setting of the grid is accepted", True)


def _is_plain(name: str, value: object) -> Check:
    try:
        plain = _written_and_read(value) == _with_lists(value)
    except (TypeError, ValueError) as error:
        return Check(name, False, _described(error))
    return Check(name, plain, "" if plain else "changes when it is written and read")


def _written_and_read(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


def _with_lists(value: Any) -> Any:
    """Return `value` with its tuples as lists, the one change that a file makes to a plain value."""
    if isinstance(value, list | tuple):
        return [_with_lists(part) for part in value]
    if isinstance(value, dict):
        return {key: _with_lists(part) for key, part in value.items()}
    return value


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _global_state() -> tuple[object, ...]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the legacy global state is checked
    return (kind, np.asarray(keys).tobytes(), *rest)


@contextmanager
def _read_only_memmap(X: Space) -> Iterator[NDArray[np.float64]]:
    """Yield the table as workers see it: a read-only memory-mapped file."""
    with tempfile.TemporaryDirectory(prefix="clusterbench-check-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "table.npy"
        np.save(path, np.ascontiguousarray(X, dtype=np.float64))
        yield np.load(path, mmap_mode="r")
