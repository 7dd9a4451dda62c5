"""The conformance checks of an algorithm."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from clusterbench.labeling import Floats, canonical
from clusterbench.naming import Cut
from clusterbench.plugins.algorithm import Algorithm, Assignment, Cutter, Partition, as_partition
from clusterbench.plugins.check_suite import NotApplicable, Suite, described
from clusterbench.plugins.packages import missing_packages
from clusterbench.plugins.plugin_loading import ENTRY_POINT
from clusterbench.plugins.process_state import changed_state
from clusterbench.plugins.standard_tables import refusable_tables, small_table, timing_table, usable_tables
from clusterbench.text import percent

_KS = (5, 3, 2)
_SLOW_SECONDS = 10.0
_LEAST_AGREEMENT = 0.7
# The interface of a plug-in, and its arrays.
_ALWAYS_THERE = frozenset({"clusterbench", "numpy", *sys.stdlib_module_names})


class AlgorithmChecks(Suite):
    """The checks of one algorithm, in the first setting of its grid, on one table."""

    kind = "algorithm"
    essential = ("packages_installed", "parameters", "labels")

    def __init__(self, algorithm: Algorithm, X: Floats | None = None) -> None:
        self._algorithm, self._is_standard = algorithm, X is None
        rows = np.ascontiguousarray(small_table() if X is None else X, dtype=np.float64)
        # Over bytes, which no flag makes writable: workers see a read-only memory-mapped file.
        self._X: Floats = np.frombuffer(rows.tobytes()).reshape(rows.shape)

    def packages_installed(self) -> str:
        """The required packages are installed."""
        return missing_packages(self._algorithm.packages) or ""

    def packages_declared(self) -> str:
        """Every package that the file imports is declared."""
        path = _source_file(self._algorithm.source)
        own = self._algorithm.source.removeprefix(ENTRY_POINT).partition(".")[0].partition(":")[0]
        declared = {*self._algorithm.packages, *_ALWAYS_THERE, own}
        missing = [name for name in imported_packages(path) if name not in declared]
        return f"imports {', '.join(missing)}, which packages = {{...}} does not name" if missing else ""

    def parameters(self) -> str:
        """The default parameters are accepted."""
        self._algorithm.resolve({name: values[0] for name, values in self._algorithm.grid.items()})
        return ""

    def grid(self) -> str:
        """Every setting of the grid is accepted."""
        grid = self._algorithm.grid
        for values in itertools.product(*grid.values()):
            self._algorithm.resolve(dict(zip(grid, values, strict=True)))
        return ""

    def plain_parameters(self) -> str:
        """Parameters and cuts are plain values (JSON)."""
        return _plain_fault([self._given, [cut.arguments for cut in self._cuts]])

    def table_untouched(self) -> str:
        """The table is left as it is."""
        rows = np.array(self._X)
        with suppress(Exception):  # a failure is that of the next check
            self._fit(rows)
        return "" if np.array_equal(rows, self._X) else "values of the table were changed"

    def labels(self) -> str:
        """Every cut gives one integer per row."""
        return "" if self._partitions else "no cut"

    def global_state(self) -> str:
        """Global state is left as it is."""
        with changed_state() as changed:
            self._fit()
        return f"changes {', '.join(changed)}" if changed else ""

    def repeatable(self) -> str:
        """Equal seeds give equal labels."""
        return _difference(self._partitions, self._fit())

    def cut_order(self) -> str:
        """The order of the cuts is irrelevant."""
        return _difference(self._partitions[::-1], self._fit(cuts=self._cuts[::-1]))

    def cut_alone(self) -> str:
        """Each cut gives the labels of a separate fit."""
        return _difference(self._partitions, [self._fit(cuts=[cut])[0] for cut in self._cuts])

    def seed_free(self) -> str:
        """Declared deterministic: another seed changes nothing."""
        if not self._algorithm.is_deterministic(self._params):
            raise NotApplicable("the seed may matter")
        return _difference(self._partitions, self._fit(seed=1))

    def refit(self) -> str:
        """The arithmetic of draws gives the same clusters."""
        if (refit := self._algorithm.refit) is None:
            raise NotApplicable("draws are fitted by build")
        return _difference(self._partitions, self._fit(build=refit))

    def standardizes(self) -> str:
        """Declared to standardise: columns in other units change nothing."""
        if not self._algorithm.standardizes:
            raise NotApplicable("units may matter")
        units = 2.0 ** (np.arange(self._X.shape[1]) % 5 + 1)  # powers of two leave every digit as it is
        return _difference(self._partitions, self._fit(self._X * units))

    def noise_declared(self) -> str:
        """Noise is given only where declared."""
        noisy = any(np.min(p.labels) < 0 for p in self._partitions)
        return "labels of -1, but noise = False" if noisy and not self._algorithm.noise else ""

    def k_honoured(self) -> str:
        """As many clusters as asked for."""
        if not self._algorithm.needs_k:
            raise NotApplicable(f"it is cut by {self._cuts[0].name}")
        counts = [(int(c.value), _n_clusters(p)) for c, p in zip(self._cuts, self._partitions, strict=True)]
        # Of a table with equal rows there may be fewer.
        return ", ".join(f"k={k}: {n} clusters" for k, n in counts if n > k or (n < k and self._is_standard))

    def plain_outcome(self) -> str:
        """Inertia and info are plain values (JSON)."""
        return _plain_fault([[p.inertia, dict(p.info)] for p in self._partitions])

    def memory_orders(self) -> str:
        """Fortran order and strides give the same labels."""
        layouts = {"Fortran order": np.asfortranarray(self._X), "strides": np.repeat(self._X, 2, axis=1)[:, ::2]}
        faults = {name: _difference(self._partitions, self._fit(rows)) for name, rows in layouts.items()}
        return "; ".join(f"{name}: {fault}" for name, fault in faults.items() if fault)

    def dtypes(self) -> str:
        """Rows of float32 and of integers can be clustered."""
        return "; ".join(self._faults({name: self._X.astype(name) for name in ("float32", "int64")}))

    def degenerate_tables(self) -> str:
        """Degenerate tables give valid labels; where k clusters do not exist, an exception will do."""
        k = int(self._cuts[0].value) if self._algorithm.needs_k else 2
        refusable, usable = refusable_tables(self._X, k), usable_tables(self._X)
        for name in [name for name, rows in usable.items() if len(np.unique(rows, axis=0)) < 2 * k]:
            refusable[name] = usable.pop(name)  # of a given table, that has few different rows
        return "; ".join([*self._faults(usable), *self._faults(refusable, may_refuse=True)])

    def assignment(self) -> str:
        """Fitted rows are assigned to their own clusters."""
        kind, rows = self._algorithm.assignment, np.array(self._X)
        if kind is Assignment.PREDICT:
            for partition in self._partitions:
                model = cast(Any, partition.model)
                if not np.array_equal(partition.labels, model.predict(rows)):
                    return "model.predict gives other labels"
                if not np.array_equal(model.predict(rows)[:7], model.predict(rows[:7])):
                    return "model.predict of some rows is not that of all rows"
            return ""
        if kind is not Assignment.NEAREST_CENTROID:
            raise NotApplicable(f"assignment = {kind.value}")
        shares = [_nearest_centroid_agreement(rows, partition) for partition in self._partitions]
        return f"{percent(min(shares))} are nearest to their own centroid" if min(shares) < _LEAST_AGREEMENT else ""

    def speed(self) -> str:
        """1,000 rows of 8 columns take less than 10 s."""
        rows, start = timing_table(), time.perf_counter()
        self._fit(rows, cuts=self._cuts[:1])
        seconds = time.perf_counter() - start
        return f"took {seconds:.1f} s" if seconds > _SLOW_SECONDS else ""

    @cached_property
    def _given(self) -> dict[str, Any]:
        return self._algorithm.resolve({name: values[0] for name, values in self._algorithm.grid.items()})

    @cached_property
    def _params(self) -> dict[str, Any]:
        """The parameters as a run passes them, where a file can hold them: a tuple becomes a list."""
        with suppress(TypeError, ValueError):
            return cast(dict[str, Any], json.loads(json.dumps(self._given)))
        return self._given

    @cached_property
    def _cuts(self) -> list[Cut]:
        first = self._algorithm.cuts[0]
        return [Cut(first.name, value) for value in (_KS if first.default is None else first.default)]

    @cached_property
    def _partitions(self) -> list[Partition]:
        return self._fit()

    def _fit(
        self,
        X: Floats | None = None,
        *,
        seed: int = 0,
        cuts: list[Cut] | None = None,
        build: Callable[..., Cutter] | None = None,
    ) -> list[Partition]:
        rows = self._X if X is None else X
        cutter = (build or self._algorithm.build)(rows, seed, **self._params)
        return [as_partition(cutter(**cut.arguments), len(rows)) for cut in (self._cuts if cuts is None else cuts)]

    def _faults(self, tables: dict[str, Any], *, may_refuse: bool = False) -> Iterator[str]:
        """Yield what is wrong with the labels of some tables, but for what is wrong on the small table already."""
        may_be_noisy = self._algorithm.noise or bool(self.noise_declared())
        most = int(self._cuts[0].value) if self._algorithm.needs_k else max(len(rows) for rows in tables.values())
        most = max(most, _n_clusters(self._partitions[0]))
        for name, rows in tables.items():
            try:
                [partition] = self._fit(rows, cuts=self._cuts[:1])
            except Exception as error:  # noqa: BLE001 - the message is the finding
                invalid = isinstance(error, ValueError) and str(error).startswith("gave labels")
                if invalid or not may_refuse:
                    yield f"{name}: {described(error)}"
                continue
            if not may_be_noisy and np.min(partition.labels) < 0:
                yield f"{name}: undeclared noise"
            if _n_clusters(partition) > most:
                yield f"{name}: {_n_clusters(partition)} clusters for k = {self._cuts[0].value}"


def _source_file(source: str) -> Path:
    if source.startswith(ENTRY_POINT):
        module = importlib.util.find_spec(source.removeprefix(ENTRY_POINT).partition(":")[0])
        source = str(module.origin) if module and module.origin else ""
    if not source:
        raise NotApplicable("it was not loaded from a file")
    return Path(source)


def imported_packages(path: Path) -> list[str]:
    """Return the packages that a file imports anywhere, also in functions, each once."""
    names: dict[str, None] = {}
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(dict.fromkeys(alias.name.partition(".")[0] for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names[node.module.partition(".")[0]] = None
    return list(names)


def _n_clusters(partition: Partition) -> int:
    labels = np.asarray(partition.labels)
    return len(np.unique(labels[labels >= 0])) if labels.dtype.kind == "i" else len(np.unique(labels))


def _nearest_centroid_agreement(rows: Floats, partition: Partition) -> float:
    labels = canonical(partition.labels)
    centroids = np.stack([rows[labels == cluster].mean(axis=0) for cluster in range(labels.max() + 1)])
    nearest = ((rows[:, np.newaxis] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    return float(np.mean(nearest[labels >= 0] == labels[labels >= 0]))


def _difference(expected: list[Partition], repeated: list[Partition]) -> str:
    pairs = [(canonical(e.labels), canonical(r.labels)) for e, r in zip(expected, repeated, strict=True)]
    differing = sum(not np.array_equal(e, r) for e, r in pairs)
    return f"{differing} of {len(pairs)} labelings differ" if differing else ""


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
