"""The conformance checks of a metric."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.labeling import Floats, Labels, canonical
from clusterbench.metrics import Metric, MetricKind, score_labelings
from clusterbench.plugins.check_suite import NotApplicable, Suite
from clusterbench.plugins.process_state import changed_state
from clusterbench.plugins.standard_tables import small_table, timing_table, usable_tables
from clusterbench.statuses import ScoreStatus

_SLOW_SECONDS = 10.0


class MetricChecks(Suite):
    """The checks of one metric, on partitions of the small table into its blobs and into random groups."""

    kind = "metric"
    essential = ("values",)

    def __init__(self, metric: Metric) -> None:
        self._metric, self._X = metric, small_table()
        rng = np.random.default_rng(1)
        blobs = canonical(((self._X[:, np.newaxis] - self._X[:3]) ** 2).sum(axis=2).argmin(axis=1))
        self._labelings = [blobs, canonical(rng.integers(3, size=len(blobs))), canonical(np.arange(len(blobs)) % 7)]

    def values(self) -> str:
        """Every partition of the small table has a value in the declared range."""
        scores = self._scored(self._X, self._labelings)
        return "; ".join(f"{status}: {reason}" for _, status, reason in scores if status != ScoreStatus.OK)

    def repeatable(self) -> str:
        """Equal partitions have equal values."""
        return "" if self._values == self._all(self._X, self._labelings) else "the values differ"

    def table_untouched(self) -> str:
        """Table and labels are left as they are."""
        rows, labelings = self._X.copy(), [labels.copy() for labels in self._labelings]
        self._all(rows, labelings)
        same = all(np.array_equal(a, b) for a, b in zip(labelings, self._labelings, strict=True))
        return "" if same and np.array_equal(rows, self._X) else "values of the table or the labels were changed"

    def global_state(self) -> str:
        """Global state is left as it is."""
        with changed_state() as changed:
            self._all(self._X, self._labelings)
        return f"changes {', '.join(changed)}" if changed else ""

    def cluster_names(self) -> str:
        """The numbers of the clusters are irrelevant."""
        renamed = [(labels.max() - labels).astype(np.int32) for labels in self._labelings]
        return self._differs(self._all(self._X, renamed))

    def row_order(self) -> str:
        """The order of the rows moves none of the declared digits."""
        order = np.random.default_rng(2).permutation(len(self._X))
        return self._differs(self._all(self._X[order], [labels[order] for labels in self._labelings]))

    def one_at_a_time(self) -> str:
        """A partition alone has the value that it has among others."""
        return self._differs([self._all(self._X, [labels])[0] for labels in self._labelings])

    def memory_orders(self) -> str:
        """Fortran order and labels of 64 bits give the same values."""
        labels: list[Any] = [labels.astype(np.int64) for labels in self._labelings]
        return self._differs(self._all(np.asfortranarray(self._X), labels))

    def direction(self) -> str:
        """The blobs have a better value than random groups."""
        if self._metric.kind is MetricKind.DIAGNOSTIC:
            raise NotApplicable("it measures no quality")
        blobs, by_chance, _ = (self._metric.sign * value for value in self._values)
        return "" if blobs > by_chance else f"{self._values[0]:.6g} for blobs, {self._values[1]:.6g} for random groups"

    def degenerate_tables(self) -> str:
        """Degenerate tables and single rows give a number of the range, or none."""
        faults = []
        for name, rows in usable_tables(self._X).items():
            labelings = [canonical(np.arange(len(rows)) % 3), canonical(np.minimum(np.arange(len(rows)), 2))]
            for _, status, reason in self._scored(rows, labelings):
                if status == ScoreStatus.FAILED and reason.startswith("the metric returned"):
                    faults.append(f"{name}: {reason}")
        return "; ".join(faults)

    def speed(self) -> str:
        """1,000 rows of 8 columns take less than 10 s."""
        rows, start = timing_table(), time.perf_counter()
        self._all(rows, [canonical(np.arange(len(rows)) % 4)])
        seconds = time.perf_counter() - start
        return f"took {seconds:.1f} s" if seconds > _SLOW_SECONDS else ""

    @cached_property
    def _values(self) -> list[float]:
        return self._all(self._X, self._labelings)

    def _scored(self, X: Floats, labelings: Sequence[Labels]) -> list[tuple[float, str, str]]:
        table = score_labelings(X, labelings, metrics=self._metric, threads=1)
        return list(table[["value", "status", "reason"]].itertuples(index=False, name=None))

    def _all(self, X: Floats, labelings: Sequence[NDArray[Any]]) -> list[float]:
        """Return the values as the author's own function gives them, where there is one."""
        if self._metric.value is not None:
            return [float(self._metric.value(X, labels)) for labels in labelings]
        if self._metric.values is not None:
            return [float(value) for value in self._metric.values(X, np.stack(labelings))]
        return [value for value, _, _ in self._scored(X, labelings)]

    def _differs(self, values: Sequence[float]) -> str:
        slack = 10.0**-self._metric.digits
        pairs = zip(self._values, values, strict=True)
        wrong = [(a, b) for a, b in pairs if not abs(a - b) <= slack * max(1.0, abs(a))]
        return f"{wrong[0][0]:.12g} becomes {wrong[0][1]:.12g} (digits = {self._metric.digits})" if wrong else ""
