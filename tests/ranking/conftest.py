"""Builders of small tidy frames, in the form that a run exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import Draws

SPACES = ("standard", "log1p")
METRICS = ("silhouette", "davies_bouldin", "calinski_harabasz")


class Run:
    """Collects cells and scores; `add` makes one cell with its scores."""

    def __init__(self) -> None:
        self.cells: list[dict] = []
        self.scores: list[dict] = []

    def add(
        self,
        algorithm: str,
        values: dict[tuple[str, str], float] | None = None,
        *,
        dataset: str = "table",
        variant: str = "standard",
        params: dict | None = None,
        k: int = 3,
        seed: int = 0,
        labels: str | None = None,
        status: str = "ok",
        reason: str = "",
        fit_seconds: float = 1.0,
        **facts: object,
    ) -> None:
        """Add a cell; `values` maps (metric, space) to a number, NaN for an undefined score."""
        key = {
            "dataset": dataset,
            "variant": variant,
            "algorithm": algorithm,
            "params": json.dumps(params or {}, sort_keys=True),
            "cut": json.dumps({"k": k}),
            "k": k,
            "seed": seed,
            "labels_sha256": hashlib.sha256(
                (labels or repr((dataset, variant, algorithm, params, k, seed))).encode()
            ).hexdigest(),
        }
        sizes = {"n_clusters": k, "noise_share": 0.0, "smallest": 100, "largest": 500, "n_rows": 1000}
        outcome = {"status": status, "reason": reason, "fit_seconds": fit_seconds, "peak_mb": 10.0, "inertia": np.nan}
        self.cells.append({**key, **sizes, **outcome, **facts})
        for (metric, space), value in (values or {}).items():
            missing = np.isnan(value)
            status = {
                "status": "undefined" if missing else "ok",
                "reason": "one cluster besides noise" if missing else "",
            }
            self.scores.append({**key, "space": space, "metric": metric, "value": value, **status})

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return cells and scores."""
        return pd.DataFrame(self.cells), pd.DataFrame(self.scores)


def draws_of(
    cells: pd.DataFrame,
    agreement: Mapping[str, Sequence[float]],
    values: Mapping[str, Sequence[float]] | None = None,
    *,
    spaces: Sequence[str] = ("standard",),
) -> Draws:
    """Return draws of the cells of the first seed: by algorithm, agreement and silhouette in each draw.

    A NaN agreement is a fit that failed; without values, nothing was scored.
    """
    rows, scores = [], []
    for cell in cells[cells["seed"] == 0].to_dict("records"):
        for number, ari in enumerate(agreement[cell["algorithm"]]):
            sha = hashlib.sha256(f"{cell['labels_sha256']}/{number}".encode()).hexdigest()
            outcome = {"draw": number, "labels_sha256": sha, "status": "ok", "reason": "", "ari": ari}
            failed = {"status": "failed", "reason": "no", "labels_sha256": None} if np.isnan(ari) else {}
            rows.append({**cell, **outcome, **failed})
            for space in spaces if values else ():
                place = {"dataset": cell["dataset"], "draw": number, "labels_sha256": sha, "space": space}
                scores.append({**place, "metric": "silhouette", "value": (values or {})[cell["algorithm"]][number]})
    columns = ["dataset", "draw", "labels_sha256", "space", "metric", "value"]
    return Draws(pd.DataFrame(rows), pd.DataFrame(scores, columns=columns))


@pytest.fixture
def make_draws() -> Callable[..., Draws]:
    """The function `draws_of`."""
    return draws_of


@pytest.fixture
def new_run() -> Callable[[], Run]:
    """A function that starts an empty run."""
    return Run


def matrix_run(
    *,
    n_datasets: int = 1,
    variants: int = 4,
    algorithms: int = 8,
    ks: tuple[int, ...] = (2, 3, 4, 5),
    seeds: int = 3,
    own: bool = False,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a random run of a whole matrix: every algorithm has a quality, every seed some noise."""
    rng = np.random.default_rng(seed)
    run = Run()
    spaces = (*SPACES, "own") if own else SPACES
    for d in range(n_datasets):
        for a in range(algorithms):
            for v in range(variants):
                for k in ks:
                    level = 0.1 * a + 0.02 * v - 0.03 * abs(k - 3)
                    for s in range(seeds):
                        noise = rng.normal(0, 0.05, size=(3, len(spaces)))
                        values = {}
                        for j, space in enumerate(spaces):
                            values["silhouette", space] = 0.2 * level + 0.2 * noise[0, j]
                            values["davies_bouldin", space] = 2.0 - level + noise[1, j]
                            values["calinski_harabasz", space] = 1000.0 * (1.5 + level + noise[2, j])
                        run.add(f"algo{a}", values, dataset=f"data{d}", variant=f"variant{v}", k=k, seed=s)
    return run.frames()


@pytest.fixture
def make_matrix() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """The function `matrix_run`."""
    return matrix_run
