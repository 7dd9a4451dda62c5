"""Algorithms fitted to one table, bundles of their segments, and random assignment programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clusterbench.datasets import Dataset, DatasetSpec, load_dataset
from clusterbench.labeling import canonical
from clusterbench.plugins import Registry, as_partition, recorded_warnings
from clusterbench.preprocessing import Space, Step, fit_space, parse_steps
from clusterbench.segments import (
    Fit,
    Program,
    Provenance,
    Segmentation,
    build_program,
    make_program,
    without_encoders,
    write_bundle,
)

STANDARD = [{"step": "impute"}, {"step": "log1p"}, {"step": "standardize"}]
PCA = [*STANDARD, {"step": "pca", "n_components": 0.9}]
MIXED = [
    {"step": "one_hot", "columns": "region", "min_share": 0.05},
    {"step": "ordinal", "columns": "size", "order": ["s", "m", "l"]},
    {"step": "date_parts", "parts": ["days", "month"]},
    {"step": "impute"},
    {"step": "standardize"},
    {"step": "standardize", "columns": [f"region={level}" for level in ("north", "south", "west", "(other)")]},
]
ORIGIN = Provenance("d" * 64, "l" * 64, "2026-01-02T03:04:05+00:00", "0.1.0")


class Fitted(NamedTuple):
    """An algorithm, fitted to a table."""

    dataset: Dataset
    steps: tuple[Step, ...]
    space: Space
    segment: np.ndarray
    model: object

    def program(self) -> Fit:
        return build_program(self.dataset.frame, self.steps, self.space, self.segment, self.model)


class Workbench:
    """Fits algorithms to one table."""

    def __init__(self, dataset: Dataset, registry: Registry) -> None:
        self.dataset, self._registry = dataset, registry
        self._spaces: dict[str, Space] = {}

    def steps(self, raw: list[dict[str, Any]]) -> tuple[Step, ...]:
        return parse_steps(raw, where="v", known=self._registry.steps)

    def fit(self, algorithm: str, raw: list[dict[str, Any]] = STANDARD, **given: Any) -> Fitted:
        """Fit an algorithm; `given` are its cut and parameters."""
        steps = self.steps(raw)
        space = self._spaces.setdefault(repr(raw), fit_space(self.dataset, steps, where="v"))
        plugin = self._registry.algorithms[algorithm]
        cut = {name: given.pop(name) for name in [one.name for one in plugin.cuts] if name in given}
        defaults = {name: values[0] for name, values in plugin.grid.items()}
        if plugin.warm_up is not None:
            with recorded_warnings():
                plugin.warm_up()
        cutter = plugin.build(space.values, 0, **plugin.resolve({**defaults, **given}))
        part = as_partition(cutter(**cut), self.dataset.n_rows)
        return Fitted(self.dataset, steps, space, canonical(part.labels).astype(np.int64) + 1, part.model)


def segmentation_of(fitted: Fitted, fit: Fit) -> Segmentation:
    dataset = fitted.dataset
    given = fit.program.assign(dataset.frame[list(fit.program.columns)].to_numpy())
    same = given.segment == fitted.segment
    return Segmentation(
        title="an entry",
        dataset=dataset.name,
        table=dataset.frame.set_axis(pd.Index(dataset.row_ids.astype(str))),
        units=dataset.units,
        features=fit.program.columns,
        space=fitted.space.values,
        space_columns=fitted.space.columns,
        segment=fitted.segment,
        second=np.where(same, given.second, given.segment),
        distance=given.distance,
        margin=np.where(same, given.margin, 0.0),
        ids=tuple(range(1, int(fitted.segment.max()) + 1)),
        jaccard=(0.5,) * int(fitted.segment.max()),
        scores=pd.DataFrame({"space": ["own"], "metric": ["silhouette"], "value": [0.25]}),
        k_curve=pd.DataFrame({"k": [], "space": [], "metric": [], "value": []}),
    )


def bundle_of(fitted: Fitted, folder: Path) -> Path:
    """Write a bundle and return its folder."""
    fit = fitted.program()
    names = [f"it's {number}" for number in range(1, fitted.segment.max() + 1)]
    write_bundle(segmentation_of(fitted, fit), fit, names, ORIGIN, folder)
    return folder


def mixed_table() -> pd.DataFrame:
    """Return 150 rows of three kinds: a number, a category with rare levels, an ordered one, dates; with gaps."""
    rng, kind = np.random.default_rng(0), np.arange(150) % 3
    frame = pd.DataFrame({"id": [f"C{row}" for row in range(150)], "spend": rng.normal(size=150) + 6 * kind})
    frame["region"] = np.array(["north", "south", "west"], dtype=object)[kind]
    frame.loc[:3, "region"] = ["islet", "atoll", None, "reef"]
    frame["size"] = np.array(["s", "m", "l"], dtype=object)[rng.integers(0, 3, 150)]
    frame.loc[7, "size"] = None
    days = pd.Timestamp(2020, 1, 1) + pd.to_timedelta(rng.integers(0, 900, 150), unit="D")
    frame["since"] = days.strftime("%Y-%m-%d").astype(object)
    frame.loc[9, "since"] = None
    return frame


def mixed_bundle(registry: Registry, folder: Path) -> np.ndarray:
    """Write ``table.csv``, the mixed table, and ``bundle``, three segments of it; return the segment of each row."""
    mixed_table().to_csv(folder / "table.csv", index=False)
    roles = {"region": "category", "size": "category", "since": "date"}
    dataset = load_dataset(DatasetSpec(path="table.csv", id="id", roles=roles), base=folder)
    fitted = Workbench(dataset, registry).fit("kmeans", MIXED, k=3)
    table, steps, space, sources = without_encoders(dataset, fitted.steps, fitted.space)
    encoded = fitted._replace(dataset=table, steps=steps, space=space)
    fit = encoded.program()
    assert fit.overall == 1.0
    segmentation = replace(segmentation_of(encoded, fit), sources=sources)
    write_bundle(segmentation, fit, ["one", "two", "three"], ORIGIN, folder / "bundle")
    return fitted.segment


def random_program(rng: np.random.Generator, *, last: tuple[str, ...] = ("nearest", "gaussian")) -> Program:
    """Return a program of random operations with random numbers on two to five columns."""
    width = int(rng.integers(2, 6))
    columns = [f'c"{at}' for at in range(width)]
    every = list(range(width))
    values = [None if rng.random() < 0.2 else float(value) for value in rng.uniform(0, 5, width)]
    operations: list[dict[str, Any]] = [{"op": "fill", "columns": every, "values": values}]
    some = rng.permutation(width)[: rng.integers(1, width + 1)]
    if rng.random() < 0.5:
        low, high = rng.uniform(0, 1, len(some)), rng.uniform(3, 9, len(some))
        low[rng.random(len(some)) < 0.3] = np.nan
        operations.append({"op": "clip", "columns": some, "low": low, "high": high})
    if rng.random() < 0.5:
        operations.append({"op": "log1p", "columns": some})
    if rng.random() < 0.5:
        shift, scale = rng.normal(size=width), rng.uniform(0.5, 2, width)
        operations.append({"op": "affine", "columns": every, "shift": shift, "scale": scale})
    if rng.random() < 0.5:
        exponents = rng.choice([0.0, 0.5, 1.7, 2.0], len(some))
        operations.append({"op": "power", "columns": some, "exponents": exponents, "method": "yeo-johnson"})
    if rng.random() < 0.3:
        operations.append({"op": "take", "columns": every[::-1][: max(2, width - 1)]})
        width, some = max(2, width - 1), np.arange(2)
    if rng.random() < 0.3:
        operations.append({"op": "unit", "columns": some, "norm": rng.choice(["l1", "l2", "max"]).item()})
    if rng.random() < 0.6:
        made = int(rng.integers(1, 5))
        weights = rng.normal(size=(len(some), made)) * (rng.random((len(some), made)) < 0.8)
        operations.append({"op": "matrix", "columns": some, "weights": weights, "bias": rng.normal(size=made)})
        width += made - len(some)
        if rng.random() < 0.5:
            operations.append({"op": "relu", "columns": [width - 1]})
    return make_program(columns, [*operations, _decision(rng, width, rng.choice(last).item())], where="random")


def _decision(rng: np.random.Generator, width: int, op: str) -> dict[str, Any]:
    count = int(rng.integers(2, 6))
    centres = rng.integers(-2, 3, (count, width)).astype(float)
    segments = np.sort(rng.integers(1, 4, count))
    segments[0], segments[-1] = 1, 4
    if op == "gaussian":
        factors = np.triu(rng.uniform(0.3, 1.5, (count, width, width)))
        return {"op": op, "segments": segments, "means": centres, "factors": factors, "offsets": rng.normal(size=count)}
    if op == "neighbours":
        segments[-1] = 0
        return {"op": op, "segments": segments, "rows": centres}
    metric = rng.choice(["euclidean", "manhattan", "chebyshev"]).item()
    return {"op": op, "segments": segments, "centres": centres, "metric": metric}


def random_rows(rng: np.random.Generator, program: Program, n_rows: int = 40) -> np.ndarray:
    """Return rows that a random program can assign, with gaps where it fills them."""
    rows = rng.choice([0.0, 1.0, 2.5], (n_rows, len(program.columns))) + rng.exponential(
        1.0, (n_rows, len(program.columns))
    ) * (rng.random((n_rows, 1)) < 0.7)
    filled = np.array([name in program.filled for name in program.columns])
    rows[(rng.random(rows.shape) < 0.1) & filled] = np.nan
    return rows
