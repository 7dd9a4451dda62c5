"""Runs made by hand: small tables of cells and scores, ranked by the real leaderboard."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.conductor import CELL_COLUMNS, SCORE_COLUMNS, Run
from clusterbench.ranking import RankingSpec, leaderboard

N_ROWS = 1000
METRICS = ("silhouette", "davies_bouldin", "calinski_harabasz")
REFERENCES = ("standard", "log1p")
BY_K = [{"k": k} for k in (2, 3, 4)]
SETTINGS: tuple[tuple[str, dict[str, Any], list[dict[str, Any]]], ...] = (
    ("kmeans", {"n_init": 10}, BY_K),
    ("agglomerative", {"linkage": "ward"}, BY_K),
    ("agglomerative", {"linkage": "average"}, BY_K),
    ("dbscan", {"min_samples": 5}, [{"eps": 0.5}, {"eps": 1.0}]),
    ("random_labels", {}, BY_K),
)

MakeRun = Callable[..., Run]


def _sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _cell(
    dataset: str, variant: str, name: str, params: dict[str, Any], cut: dict[str, Any], seed: int
) -> dict[str, Any]:
    """One cell; its numbers follow from its name."""
    identity = (dataset, variant, name, params, cut, seed)
    rng = np.random.default_rng(int(_sha(*identity)[:8], 16))
    k = cut.get("k")
    found = int(k if k is not None else 2 + (cut["eps"] < 1))
    noise = 100 if name == "dbscan" else 0
    shares = np.sort(rng.dirichlet(np.full(found, 8.0)))[::-1]
    sizes = np.maximum(1, np.floor(shares * (N_ROWS - noise)).astype(int))
    sizes[0] += N_ROWS - noise - sizes.sum()
    return {
        "benchmark": "demo",
        "dataset": dataset,
        "variant": variant,
        "algorithm": name,
        "params": json.dumps(params),
        "cut": json.dumps(cut),
        "k": k,
        "seed": seed,
        "labels_sha256": _sha("labels", *identity),
        "status": "ok",
        "reason": "",
        "n_clusters": found,
        "noise_share": noise / N_ROWS,
        "smallest": int(sizes.min()),
        "largest": int(sizes.max()),
        "fit_seconds": float(rng.lognormal(-2.0, 1.0)),
        "peak_mb": float(rng.uniform(1, 50)),
        "inertia": float(rng.uniform(1e3, 1e4)) if name == "kmeans" else np.nan,
        "n_rows": N_ROWS,
        "sizes": sizes.tolist(),
        "info": json.dumps({"warnings": ["ConvergenceWarning: did not converge"]} if name == "kmeans" else {}),
        "space_hash": _sha("space", dataset, variant),
        "job_key": _sha("job", dataset, variant, name, params, seed),
    }


def _scores(cell: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    provenance = {name: cell[name] for name in SCORE_COLUMNS[:9]}
    rng = np.random.default_rng(int(cell["labels_sha256"][:8], 16))
    quality = {"random_labels": 0.0}.get(cell["algorithm"], 0.3) + 0.1 * rng.random()
    for space, metric in itertools.product(("own", *REFERENCES), METRICS):
        q = quality + 0.02 * rng.random()
        value = {"silhouette": q, "davies_bouldin": 2.0 - 2.0 * q, "calinski_harabasz": 100.0 + 5000.0 * q}[metric]
        rows.append({**provenance, "space": space, "metric": metric, "value": value, "status": "ok", "reason": ""})
    return rows


def _frames(
    datasets: Sequence[str], variants: Sequence[str], seeds: Sequence[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    cells, scores = [], []
    for dataset, variant, (name, params, cuts) in itertools.product(datasets, variants, SETTINGS):
        for cut, seed in itertools.product(cuts, seeds):
            cell = _cell(dataset, variant, name, params, cut, seed)
            cells.append(cell)
            scores += _scores(cell)
    frame = pd.DataFrame(cells)
    for column in ("k", "n_clusters", "smallest", "largest"):
        frame[column] = frame[column].astype("Int64")
    long = pd.DataFrame(scores)
    long["k"] = long["k"].astype("Int64")
    return frame[[*CELL_COLUMNS, "n_rows", "sizes", "info", "space_hash", "job_key"]], long[list(SCORE_COLUMNS)]


def mark(cells: pd.DataFrame, rows: pd.Series, status: str, reason: str) -> None:
    """Let some cells end otherwise."""
    cells.loc[rows, "status"] = status
    cells.loc[rows, "reason"] = reason
    if status in ("failed", "timeout", "out_of_memory", "skipped"):
        gone = ["labels_sha256", "noise_share", "peak_mb", "inertia", "fit_seconds"]
        cells.loc[rows, gone] = np.nan
        cells.loc[rows, ["n_clusters", "smallest", "largest"]] = pd.NA
        cells.loc[rows, "sizes"] = None


def _plan(cells: pd.DataFrame, title: str, **changes: Any) -> dict[str, Any]:
    datasets, variants = cells["dataset"].unique().tolist(), cells["variant"].unique().tolist()
    plan: dict[str, Any] = {
        "title": title,
        "toml": f'title = "{title}"\n',
        "path": "benchmarks/demo.toml",
        "selection": "",
        "seeds": sorted(cells["seed"].unique().tolist()),
        "metrics": list(METRICS),
        "gate": {"min_rows": 10, "min_share": 0.01, "max_share": 0.95, "max_noise": 0.3, "min_clusters": 2},
        "noise": "zero",
        "policies": ["zero", "drop", "cluster", "nearest"],
        "ranking": {
            "k_policies": ["silhouette"],
            "fixed_k": None,
            "weights": {},
            "bootstraps": 50,
            "random_partitions": 50,
            "seed": 0,
        },
        "datasets": {
            name: {
                "hash": _sha("data", name),
                "n_rows": N_ROWS,
                "columns": ["a", "b"],
                "source": "made by hand",
                "true_k": None,
                "warnings": [],
            }
            for name in datasets
        },
        "variants": {name: [{"step": "impute", "strategy": "median"}, {"step": "standardize"}] for name in variants},
        "spaces": [],
        "references": {name: list(REFERENCES) for name in datasets},
        "algorithms": {
            name: {
                "family": "control" if name == "random_labels" else "centroid",
                "summary": f"what {name} does",
                "reference": "Lloyd 1982",
                "version": 1,
                "optimises": ["calinski_harabasz"] if name == "kmeans" else [],
                "control": name == "random_labels",
                "noise": name == "dbscan",
                "assignment": "predict",
            }
            for name in cells["algorithm"].unique().tolist()
        },
        "jobs": [],
        "warnings": [],
    }
    return {**plan, **changes}


_MANIFEST = {
    "clusterbench": "0.1.0",
    "python": "3.11.2",
    "packages": {"numpy": "1.26.4", "hdbscan": "0.8.44"},
    "system": "Linux x86_64",
    "cpu": "A CPU <of> some kind",
    "cores": 2,
    "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True},
    "workers": 2,
    "threads": 1,
    "limits": {"seconds": None, "memory_mb": None},
    "seeds": [0, 1],
    "benchmark_sha256": "ab" * 32,
    "datasets": {"cards": "cd" * 32},
    "cells": {"planned": 56, "computed": 56, "new_scores": 504},
    "seconds": {"fitting": 12.345, "scoring": 1.5},
}


def _make_run(
    *,
    datasets: Sequence[str] = ("cards",),
    variants: Sequence[str] = ("raw", "log1p"),
    seeds: Sequence[int] = (0, 1),
    title: str = "Demonstration",
    change: Callable[[pd.DataFrame, pd.DataFrame], None] | None = None,
    **plan: Any,
) -> Run:
    cells, scores = _frames(datasets, variants, seeds)
    if change is not None:
        change(cells, scores)
        scores = scores[scores["labels_sha256"].isin(cells["labels_sha256"].dropna())].reset_index(drop=True)
    spec = RankingSpec(reference_spaces=REFERENCES, controls=frozenset({"random_labels"}), n_bootstrap=50)
    record = _plan(cells, title, **plan)
    return Run("demo", record, _MANIFEST, cells, scores, leaderboard(cells, scores, spec))


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """A function that makes a run; `change(cells, scores)` alters its tables before they are ranked."""
    return _make_run


def _some_end_badly(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
    average = cells["params"].str.contains("average")
    mark(cells, average, "rejected", "smallest cluster has 1 of 1000 rows, needs 10")
    mark(cells, (cells["algorithm"] == "dbscan") & (cells["variant"] == "raw"), "failed", "ValueError: no core point")
    few = (cells["algorithm"] == "kmeans") & (cells["variant"] == "raw") & (cells["k"] == 4)
    mark(cells, few, "timeout", "took longer than 5 s")


@pytest.fixture(scope="session")
def mixed_run() -> Run:
    """A run in which some cells are rejected, failed or timed out."""
    return _make_run(change=_some_end_badly)


@pytest.fixture(scope="session")
def rejected_run() -> Run:
    """A run in which nothing may be ranked."""

    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mark(cells, cells["seed"] >= 0, "rejected", "largest cluster has 99.9 % of the rows")

    return _make_run(change=change)


HOSTILE = "<script>alert(1)</script>|=cmd() [x](javascript:1) `$a$` \"'&\n# h"


@pytest.fixture(scope="session")
def hostile_run() -> Run:
    """A run whose names try to get out of every format."""

    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mark(cells, cells["variant"] == "\x00-2+5\r\n|", "rejected", f"={HOSTILE}")
        cells.loc[cells["algorithm"] == "kmeans", "info"] = json.dumps({"warnings": [HOSTILE], HOSTILE: HOSTILE})

    return _make_run(
        datasets=[f"={HOSTILE}"],
        variants=[f"@{HOSTILE}", "\x00-2+5\r\n|"],
        title=HOSTILE,
        selection=HOSTILE,
        warnings=[HOSTILE],
        toml=HOSTILE,
        change=change,
    )
