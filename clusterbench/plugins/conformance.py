"""Whether an algorithm does what it declares, checked by running it on a small table."""

import itertools
import json
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from clusterbench.labeling import canonical
from clusterbench.naming import Cut
from clusterbench.plugins.algorithm import Algorithm, Assignment, Cutter, Floats, Params, Partition, as_partition
from clusterbench.plugins.packages import missing_packages

_KS = (5, 3, 2)


@dataclass(frozen=True, slots=True)
class Check:
    """One declared property of a plug-in: whether it holds, and details where it does not."""

    name: str
    ok: bool
    detail: str = ""


def small_table() -> Floats:
    """Return the table that conformance is checked on: 120 rows in 4 columns, three blobs and stray rows."""
    rng = np.random.default_rng(20180302)
    centres = np.array([[0.0, 0, 0, 0], [6, 0, 3, 0], [0, 7, 0, 2]])
    blobs = centres[np.arange(114) % 3] + rng.normal(size=(114, 4))
    return np.ascontiguousarray(np.vstack([blobs, rng.uniform(-8, 12, size=(6, 4))]))


def check_algorithm(algorithm: Algorithm, *, X: Floats | None = None) -> list[Check]:
    """Check that `algorithm`, in the first setting of its grid, works and does what it declares.

    It is cut at the declared defaults, or at k = 5, 3, 2, on `X`, shape (n, d), with at least 10 different rows; by
    default on `small_table`. The list ends early where later checks are impossible: a missing package, refused
    parameters, a build that fails.
    """
    missing = missing_packages(algorithm.packages)
    if missing is not None:
        return [Check("required packages are installed", False, missing)]
    accepted = "default parameters are accepted"
    try:
        params = algorithm.resolve({name: values[0] for name, values in algorithm.grid.items()})
    except Exception as error:  # noqa: BLE001 - the message is the finding
        return [Check(accepted, False, _described(error))]
    first = algorithm.cuts[0]
    cuts = [Cut(first.name, value) for value in (_KS if first.default is None else first.default)]
    given = [params, [cut.arguments for cut in cuts]]
    plain = _check("parameters and cuts are plain values (JSON)", lambda: _plain_fault(given))
    grid = _check("every setting of the grid is accepted", lambda: _grid_fault(algorithm))
    checks = [Check(accepted, True), grid, plain]
    if plain.ok:
        params = json.loads(json.dumps(params))  # as a run passes them: a tuple becomes a list
    with tempfile.TemporaryDirectory(prefix="clusterbench-check-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "table.npy"  # a read-only memory-mapped file, as workers see it
        np.save(path, np.ascontiguousarray(small_table() if X is None else X, dtype=np.float64))
        return checks + _Trial(algorithm, params, np.load(path, mmap_mode="r"), cuts).run()


def _check(name: str, fault: Callable[[], str]) -> Check:
    """Return the check `name`, which fails if `fault` returns a text or raises."""
    try:
        detail = fault()
    except Exception as error:  # noqa: BLE001 - the message is the finding
        detail = _described(error)
    return Check(name, not detail, detail)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One algorithm on one table."""

    algorithm: Algorithm
    params: Params
    X: Floats
    cuts: list[Cut]

    def run(self) -> list[Check]:
        name, before = "builds, and every cut gives one integer per row", np.array(self.X)
        state = pickle.dumps(np.random.get_state())  # noqa: NPY002 - the legacy global state is checked
        try:
            partitions = self.cut_all(self.cuts)
        except Exception as error:  # noqa: BLE001 - the message is the finding
            return [Check(name, False, _described(error))]
        same_state = pickle.dumps(np.random.get_state()) == state  # noqa: NPY002
        return [
            Check(name, True),
            Check("leaves the table as it is", bool(np.array_equal(before, self.X))),
            Check("leaves the global random state as it is", same_state),
            *self.compare(partitions),
            *self.judge(partitions),
        ]

    def compare(self, partitions: list[Partition]) -> Iterator[Check]:
        def repeated(name: str, expected: list[Partition], cuts: list[Cut], seed: int = 0) -> Check:
            return _check(name, lambda: _difference(expected, self.cut_all(cuts, seed)))

        yield repeated("equal seeds give equal labels", partitions, self.cuts)
        yield repeated("the order of the cuts is irrelevant", partitions[::-1], self.cuts[::-1])
        yield repeated("a cut alone gives the same labels", partitions[-1:], self.cuts[-1:])
        if self.algorithm.is_deterministic(self.params):
            yield repeated("declared deterministic: another seed changes nothing", partitions, self.cuts, seed=1)

    def judge(self, partitions: list[Partition]) -> Iterator[Check]:
        noisy = any(np.min(p.labels) < 0 for p in partitions)
        yield Check("gives noise only where declared", self.algorithm.noise or not noisy)
        if self.algorithm.needs_k:
            pairs = [(int(cut.value), len(np.unique(p.labels))) for cut, p in zip(self.cuts, partitions, strict=True)]
            wrong = [f"k={k}: {n} clusters" for k, n in pairs if n > k]
            yield Check("gives at most k clusters", not wrong, ", ".join(wrong))
        kept = [[p.inertia, dict(p.info)] for p in partitions]
        yield _check("inertia and info are plain values (JSON)", lambda: _plain_fault(kept))
        if self.algorithm.assignment is Assignment.PREDICT:
            name = "declared assignment by predict: the model gives fitted rows their labels"
            yield _check(name, lambda: self.prediction_fault(partitions))

    def cut_all(self, cuts: list[Cut], seed: int = 0) -> list[Partition]:
        cutter: Cutter = self.algorithm.build(self.X, seed, **self.params)
        return [as_partition(cutter(**cut.arguments), len(self.X)) for cut in cuts]

    def prediction_fault(self, partitions: list[Partition]) -> str:
        rows, models = np.array(self.X), [cast(Any, partition.model) for partition in partitions]
        agree = [np.array_equal(p.labels, m.predict(rows)) for p, m in zip(partitions, models, strict=True)]
        return "" if all(agree) else "it gives other labels"


def _difference(expected: list[Partition], repeated: list[Partition]) -> str:
    pairs = [(canonical(e.labels), canonical(r.labels)) for e, r in zip(expected, repeated, strict=True)]
    differing = sum(not np.array_equal(e, r) for e, r in pairs)
    return f"{differing} of {len(pairs)} labelings differ" if differing else ""


def _grid_fault(algorithm: Algorithm) -> str:
    for values in itertools.product(*algorithm.grid.values()):
        algorithm.resolve(dict(zip(algorithm.grid, values, strict=True)))
    return ""


def _plain_fault(value: object) -> str:
    written = json.loads(json.dumps(value, allow_nan=False))
    return "" if written == _with_lists(value) else "changes when it is written and read"


def _with_lists(value: object) -> object:
    """Return `value` with its tuples as lists, the one change that a file makes to a plain value."""
    if isinstance(value, list | tuple):
        return [_with_lists(part) for part in value]
    if isinstance(value, dict):
        return {key: _with_lists(part) for key, part in value.items()}
    return value


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
