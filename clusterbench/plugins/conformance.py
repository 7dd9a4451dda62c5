"""Whether an algorithm keeps what its declaration says, checked by running it on a small table."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import canonical
from clusterbench.plugins.algorithm import Algorithm, Assignment, Cutter, Params, Partition, Space, as_partition
from clusterbench.plugins.packages import missing_packages

_KS = (5, 3, 2)


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of a plug-in: whether it is kept, and what was seen where it is not."""

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


def default_cuts(algorithm: Algorithm) -> list[dict[str, Any]]:
    """Return the cuts that conformance tries: the declared defaults, or k = 5, 3, 2."""
    first = algorithm.cuts[0]
    return [{first.name: value} for value in (first.default if first.default is not None else _KS)]


def check_algorithm(algorithm: Algorithm, *, X: Space | None = None) -> list[Check]:
    """Check that `algorithm` works and keeps what it declares.

    Parameters
    ----------
    algorithm : Algorithm
    X : ndarray of float64, shape (n, d), optional
        Default: `small_table`. It should have at least 10 different rows.

    Returns
    -------
    list of Check
        In the order of the checks. It ends early where a later check has nothing to stand on: a missing package,
        refused parameters, a build that fails.
    """
    missing = missing_packages(algorithm)
    if missing is not None:
        return [Check("required packages are installed", False, missing)]
    try:
        params = default_settings(algorithm)
    except Exception as error:  # noqa: BLE001 - the message is the finding
        return [Check("default parameters are accepted", False, _told(error))]
    plain = _is_plain("parameters and cuts are plain values (JSON)", [params, default_cuts(algorithm)])
    checks = [Check("default parameters are accepted", True), _grid_is_known(algorithm), plain]
    if plain.ok:
        params = _written_and_read(params)  # as a run hands them over: a tuple comes as a list
    with _read_only_memmap(small_table() if X is None else X) as table:
        trial = _Trial(algorithm, params, table, default_cuts(algorithm))
        checks += trial.run()
    return checks


@dataclass(frozen=True, slots=True)
class _Trial:
    """One algorithm on one table."""

    algorithm: Algorithm
    params: Params
    X: Space
    cuts: list[dict[str, Any]]

    def run(self) -> list[Check]:
        before, state = np.array(self.X), _global_state()
        try:
            found = self.cut_all(seed=0)
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return [Check("builds, and every cut gives one whole number per row", False, _told(error))]
        same_state = _global_state() == state
        return [
            Check("builds, and every cut gives one whole number per row", True),
            Check("leaves the table as it is", bool(np.array_equal(before, self.X))),
            Check("leaves the global random state as it is", same_state),
            *self.compare(found),
            *self.judge(found),
        ]

    def compare(self, found: list[Partition]) -> Iterator[Check]:
        yield self.same("equal seeds give equal labels", found, lambda: self.cut_all(seed=0))
        backwards = self.cuts[::-1]
        yield self.same("the order of the cuts is irrelevant", found[::-1], lambda: self.cut_all(0, backwards))
        yield self.same("a cut alone gives the same labels", found[-1:], lambda: self.cut_all(0, self.cuts[-1:]))
        if self.algorithm.is_deterministic(self.params):
            yield self.same("declared deterministic: another seed changes nothing", found, lambda: self.cut_all(1))

    def judge(self, found: list[Partition]) -> Iterator[Check]:
        noisy = any(np.min(p.labels) < 0 for p in found)
        yield Check("gives noise only where declared", self.algorithm.noise or not noisy)
        if self.algorithm.needs_k:
            counts = [len(np.unique(p.labels)) for p in found]
            wrong = [f"k={cut['k']}: {n} clusters" for cut, n in zip(self.cuts, counts, strict=True) if n > cut["k"]]
            yield Check("gives at most k clusters", not wrong, ", ".join(wrong))
        yield _is_plain("inertia and info are plain values (JSON)", [[p.inertia, dict(p.info)] for p in found])
        if self.algorithm.assignment is Assignment.PREDICT:
            yield self.predicts(found)

    def cut_all(self, seed: int, cuts: list[dict[str, Any]] | None = None) -> list[Partition]:
        cutter: Cutter = self.algorithm.build(self.X, seed, **self.params)
        return [as_partition(cutter(**cut), len(self.X)) for cut in (self.cuts if cuts is None else cuts)]

    def predicts(self, found: list[Partition]) -> Check:
        name = "declared assignment by predict: the model gives fitted rows their labels"
        models: list[Any] = [partition.model for partition in found]
        try:
            agree = [np.array_equal(p.labels, m.predict(np.array(self.X))) for p, m in zip(found, models, strict=True)]
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return Check(name, False, _told(error))
        return Check(name, all(agree))

    def same(self, name: str, expected: list[Partition], again: Callable[[], list[Partition]]) -> Check:
        try:
            found = again()
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return Check(name, False, _told(error))
        pairs = [(canonical(e.labels), canonical(f.labels)) for e, f in zip(expected, found, strict=True)]
        differing = sum(not np.array_equal(e, f) for e, f in pairs)
        return Check(name, differing == 0, f"{differing} of {len(pairs)} labelings differ" if differing else "")


def _grid_is_known(algorithm: Algorithm) -> Check:
    names = list(algorithm.grid)
    try:
        for values in itertools.product(*algorithm.grid.values()):
            algorithm.resolve(dict(zip(names, values, strict=True)))
    except Exception as error:  # noqa: BLE001 - the message is the finding
        return Check("every setting of the grid is accepted", False, _told(error))
    return Check("every setting of the grid is accepted", True)


def _is_plain(name: str, value: object) -> Check:
    try:
        plain = _written_and_read(value) == _with_lists(value)
    except (TypeError, ValueError) as error:
        return Check(name, False, _told(error))
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


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _global_state() -> tuple[object, ...]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the legacy global state is what is watched
    return (kind, np.asarray(keys).tobytes(), *rest)


@contextmanager
def _read_only_memmap(X: Space) -> Iterator[NDArray[np.float64]]:
    """Give the table as workers see it: a memory-mapped file that cannot be written to."""
    with tempfile.TemporaryDirectory(prefix="clusterbench-check-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "table.npy"
        np.save(path, np.ascontiguousarray(X, dtype=np.float64))
        yield np.load(path, mmap_mode="r")
