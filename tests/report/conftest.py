"""Runs made by hand: small tables of cells and scores, ranked by the real leaderboard."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.environment import Environment, GitState
from clusterbench.metrics import CENTROIDS, GROWTH, NoisePolicy
from clusterbench.ranking import Alert, AlertKind, Draws, Gate, KPolicy, RankingSpec, choose_candidates, leaderboard
from clusterbench.report import ReportModel, all_formats, build_report, write_report
from clusterbench.results import (
    AlgorithmRecord,
    DatasetRecord,
    Details,
    LimitsRecord,
    Manifest,
    PartitionCounts,
    RunRecord,
    StageSeconds,
    StoredRun,
    VariantRecord,
)
from clusterbench.running import agreement, random_bands, sampled_view
from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS

N_ROWS = 1000
METRICS = ("silhouette", "davies_bouldin", "calinski_harabasz")
REFERENCES = ("standard", "log1p")
SCORE = {"silhouette|davies_bouldin": 1.0, "stability": 0.5, "calinski_harabasz": 0.001}
BY_K = [{"k": k} for k in (2, 3, 4)]
SETTINGS: tuple[tuple[str, dict[str, Any], list[dict[str, Any]]], ...] = (
    ("kmeans", {"n_init": 10}, BY_K),
    ("agglomerative", {"linkage": "ward"}, BY_K),
    ("agglomerative", {"linkage": "average"}, BY_K),
    ("dbscan", {"min_samples": 5}, [{"eps": 0.5}, {"eps": 1.0}]),
    ("random_labels", {}, BY_K),
)

MakeRun = Callable[..., StoredRun]
Render = Callable[[ReportModel, str], str]


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
        "fitted_rows": pd.NA,
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
    for column in ("k", "n_clusters", "smallest", "largest", "fitted_rows"):
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


def _record(cells: pd.DataFrame, spec: RankingSpec, **changes: Any) -> RunRecord:
    """The record of a run made by hand; `changes` are fields of it."""
    algorithms = {
        name: AlgorithmRecord(
            family="control" if name == "random_labels" else "centroid",
            summary=f"what {name} does",
            reference="Lloyd 1982",
            version=1,
            optimises=("calinski_harabasz",) if name == "kmeans" else (),
            control=name == "random_labels",
            noise=name == "dbscan",
            assignment="predict",
        )
        for name in cells["algorithm"].unique().tolist()
    }
    datasets = cells["dataset"].unique().tolist()
    table = DatasetRecord("", N_ROWS, ("a", "b"), "made by hand", None, ())
    record = RunRecord(
        title="Demonstration",
        toml='title = "Demonstration"\n',
        path="benchmarks/demo.toml",
        selection="",
        quick=False,
        only={},
        seeds=tuple(sorted(cells["seed"].unique().tolist())),
        gate=Gate(),
        noise=NoisePolicy.ZERO,
        policies=tuple(NoisePolicy),
        ranking=spec,
        random_partitions=50,
        resamples=10,
        datasets={name: replace(table, content_hash=_sha("data", name)) for name in datasets},
        variants={name: VariantRecord("median impute > standardize", "[]") for name in cells["variant"].unique()},
        algorithms=algorithms,
        spaces=(),
        references=dict.fromkeys(datasets, REFERENCES),
        jobs=(),
        warnings=(),
    )
    return replace(record, **changes)


def _manifest(record: RunRecord) -> Manifest:
    return Manifest(
        environment=Environment(
            clusterbench="0.1.0",
            python="3.11.2",
            packages={"numpy": "1.26.4", "hdbscan": "0.8.44"},
            system="Linux x86_64",
            cpu="A CPU <of> some kind",
            cores=2,
            git=GitState("0123456789abcdef0123456789abcdef01234567", dirty=True),
        ),
        finished="2026-01-02T03:04:05Z",
        workers=2,
        threads=1,
        executor="workers",
        limits=LimitsRecord(None, None),
        seeds=record.seeds,
        benchmark_sha256="ab" * 32,
        datasets={name: dataset.content_hash for name, dataset in record.datasets.items()},
        partitions=PartitionCounts(56, 56, 0),
        seconds=StageSeconds(12.345, 1.5, 0.5),
        rules=record.rules,
    )


def _make_run(
    *,
    datasets: Sequence[str] = ("cards",),
    variants: Sequence[str] = ("raw", "log1p"),
    seeds: Sequence[int] = (0, 1),
    title: str = "Demonstration",
    change: Callable[[pd.DataFrame, pd.DataFrame], None] | None = None,
    closely: bool = False,
    bootstraps: int = 50,
    ranking: Mapping[str, Any] | None = None,
    **declared: Any,
) -> StoredRun:
    cells, scores = _frames(datasets, variants, seeds)
    if change is not None:
        change(cells, scores)
        scores = scores[scores["labels_sha256"].isin(cells["labels_sha256"].dropna())].reset_index(drop=True)
    policies = (KPolicy.CALIBRATED,) if closely else (KPolicy.SILHOUETTE,)
    spec = RankingSpec(REFERENCES, controls=frozenset({"random_labels"}), n_bootstrap=bootstraps, k_policies=policies)
    spec = replace(spec, **(ranking or {}))
    record = _record(cells, spec, title=title, **declared)
    manifest = _manifest(record)
    if not closely:
        candidates = choose_candidates(cells, scores, spec)
        return StoredRun(
            "demo", record, manifest, cells, scores, leaderboard(cells, scores, spec), candidates.criteria()
        )
    more = {"baselines": _baselines(datasets), "draws": _draws(cells, scores)}
    board, criteria = (
        leaderboard(cells, scores, spec, **more),
        choose_candidates(cells, scores, spec, **more).criteria(),
    )
    return StoredRun("demo", record, manifest, cells, scores, board, criteria, details=_details(cells, scores))


def _draws(cells: pd.DataFrame, scores: pd.DataFrame) -> Draws:
    """Ten draws of every cut of the first seed, which move its scores and an agreement a little."""
    rows, moved = [], []
    first = cells[(cells["seed"] == 0) & cells["labels_sha256"].notna()]
    of_first = scores[(scores["seed"] == 0) & (scores["space"] != "own")]
    for cell in first.to_dict("records"):
        key = [cell[name] for name in ("dataset", "algorithm", "params", "variant", "cut")]
        rng = np.random.default_rng(int(_sha("stability", *key)[:8], 16))
        ari = 0.2 + 0.7 * rng.random()
        for number in range(10):
            rows.append({**cell, "draw": number, "ari": ari + (-0.1, 0.1)[number % 2], "jaccards": json.dumps([ari])})
    for number in range(10):
        noise = np.random.default_rng(number).normal(1.0, 0.05, len(of_first))
        moved.append(of_first.assign(draw=number, value=of_first["value"].to_numpy() * noise))
    columns = ["dataset", "draw", "labels_sha256", "space", "metric", "value"]
    unique = pd.concat(moved).drop_duplicates(columns[:-1])
    return Draws(pd.DataFrame(rows), unique[columns].reset_index(drop=True))


def _baselines(datasets: Sequence[str]) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        (dataset, space, k, generator, replicate, metric, scale * (0.5 + 0.1 * rng.random()), generator == CENTROIDS)
        for dataset, space, k, generator, replicate in itertools.product(
            datasets, REFERENCES, (2, 3, 4), (CENTROIDS, GROWTH), range(10)
        )
        for metric, scale in (("silhouette", 0.2), ("davies_bouldin", 4.0), ("calinski_harabasz", 300.0))
    ]
    columns = ["dataset", "space", "k", "generator", "replicate", "metric", "value", "passes"]
    return pd.DataFrame(rows, columns=columns)


def _labels(cell: dict[str, Any]) -> np.ndarray:
    """Labels of the sizes of a cell, the same for the same hash."""
    sizes = cell["sizes"]
    labels = np.repeat([*range(len(sizes)), -1], [*sizes, N_ROWS - sum(sizes)])
    return np.random.default_rng(int(cell["labels_sha256"][:8], 16)).permutation(labels).astype(np.int32)


def _details(cells: pd.DataFrame, scores: pd.DataFrame) -> Details:
    """Close looks made by hand: labels of the right sizes, scores that another noise policy moves a little."""
    known = cells.dropna(subset="labels_sha256").drop_duplicates("labels_sha256").to_dict("records")
    labels = {cell["labels_sha256"]: _labels(cell) for cell in known}
    view = sampled_view(np.random.default_rng(1).normal(size=(N_ROWS, 3)) * [3.0, 2.0, 1.0], 0)
    seen = [json.dumps(labels[cell["labels_sha256"]][view["row"]].tolist()) for cell in known]
    names = [(cell["dataset"], cell["labels_sha256"]) for cell in known]
    rows = [
        (dataset, sha, space, cluster, int((labels[sha] == cluster).sum()), 0.1 * cluster - 0.05, N_ROWS)
        for (dataset, sha), space in itertools.product(names, REFERENCES)
        for cluster in range(int(labels[sha].max()) + 1)
    ]
    columns = ["dataset", "labels_sha256", "space", "cluster", "size", "silhouette", "rows"]
    profiles = [
        (dataset, sha, cluster, name, role, float(cluster), 0.5, 1.0 - cluster, delta)
        for dataset, sha in names
        for cluster in range(int(labels[sha].max()) + 1)
        for name, role, delta in (("a", "numeric", 0.1), ("b", "binary", 0.9 - cluster), ("day", "date", -0.2))
    ]
    medoids = [(d, sha, 0, f"=C{number}") for number, (d, sha) in enumerate(names)]
    card = [
        (dataset, *("a", "numeric", "cm", 17), *(0.25, 0.5), *(1.0, 2.0, 1234.5))
        for dataset in dict.fromkeys(dataset for dataset, _ in names)
    ]
    pairs = [
        agreement([sha for d, sha in names if d == dataset], labels).assign(dataset=dataset)
        for dataset in dict.fromkeys(dataset for dataset, _ in names)
    ]
    keys = cells[["dataset", "variant", "algorithm", "params", "cut", "n_clusters"]].dropna().drop_duplicates()
    return Details(
        silhouettes=pd.DataFrame(rows, columns=columns),
        policies=_policies(scores, {cell["labels_sha256"]: cell["noise_share"] > 0 for cell in known}),
        agreement=pd.concat(pairs, ignore_index=True),
        points=pd.concat([view.assign(dataset=dataset) for dataset in cells["dataset"].unique()], ignore_index=True),
        point_labels=pd.DataFrame(names, columns=["dataset", "labels_sha256"]).assign(labels=seen),
        profiles=pd.DataFrame(profiles, columns=list(Details().profiles)),
        medoids=pd.DataFrame(medoids, columns=list(Details().medoids)),
        columns=pd.DataFrame(card, columns=list(Details().columns)),
        bands=random_bands(_baselines(cells["dataset"].unique().tolist())),
        jaccards={tuple(row[:5]): (0.9, 0.7) for row in keys.itertuples(index=False, name=None)},
        labels=labels,
        row_ids={dataset: tuple(f"=C{row}" for row in range(N_ROWS)) for dataset in cells["dataset"].unique()},
    )


def _policies(scores: pd.DataFrame, noisy: dict[str, bool]) -> pd.DataFrame:
    scored = scores[(scores["space"] != "own")].drop_duplicates(["labels_sha256", "space", "metric"])
    moved = scored["labels_sha256"].map(noisy).to_numpy(dtype=bool)
    parts = []
    for number, policy in enumerate(("zero", "drop", "cluster", "nearest")):
        values = scored["value"].to_numpy(dtype=float) * np.where(moved, 1.0 + 0.15 * number, 1.0)
        parts.append(scored.assign(policy=policy, value=values))
    columns = ["dataset", "labels_sha256", "space", "policy", "metric", "value", "reason"]
    return pd.concat(parts, ignore_index=True)[columns]


def _found_twice(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Let k-means find on both variants the same labels, and let one entry be refused."""
    for frame in (cells, scores):
        mine = frame["algorithm"] == "kmeans"
        keys = [name for name in ("dataset", "cut", "seed", "space", "metric") if name in frame.columns]
        for column in ("labels_sha256", "sizes", "value"):
            if column in frame.columns:
                there = frame[mine & (frame["variant"] == "log1p")].set_index(keys)[column].to_dict()
                at = frame.index[mine & (frame["variant"] == "raw")]
                found = [there[tuple(row)] for row in frame.loc[at, keys].itertuples(index=False, name=None)]
                frame.loc[at, column] = pd.Series(found, index=at, dtype=frame[column].dtype)
    gone = (cells["algorithm"] == "agglomerative") & (cells["variant"] == "raw") & (cells["dataset"] == "wine")
    mark(cells, gone, "rejected", "smallest cluster has 1 of 1000 rows, needs 10")


@pytest.fixture(scope="session")
def full_run() -> StoredRun:
    """A run of one table with stability, calibration and all close looks; two entries found the same labels."""
    return _make_run(closely=True, change=_found_twice)


@pytest.fixture(scope="session")
def draws_of() -> Callable[[pd.DataFrame, pd.DataFrame], Draws]:
    """The function that gives the draws of cells and scores in `full_run` and `two_tables`."""
    return _draws


@pytest.fixture(scope="session")
def two_tables() -> StoredRun:
    """The same over two tables, in one of which an entry has no rank."""
    return _make_run(datasets=("cards", "wine"), closely=True, change=_found_twice)


@pytest.fixture(scope="session")
def full_report(full_run: StoredRun) -> ReportModel:
    return build_report(full_run)


@pytest.fixture(scope="session")
def mixed_report(mixed_run: StoredRun) -> ReportModel:
    return build_report(mixed_run)


@pytest.fixture(scope="session")
def rejected_report(rejected_run: StoredRun) -> ReportModel:
    return build_report(rejected_run)


@pytest.fixture(scope="session")
def hostile_report(hostile_run: StoredRun) -> ReportModel:
    return build_report(hostile_run)


@pytest.fixture(scope="session")
def two_reports(two_tables: StoredRun) -> ReportModel:
    """The report of two tables, without figures."""
    return build_report(two_tables, figures=())


@pytest.fixture(scope="session")
def scored_reports() -> ReportModel:
    """The report of the same two tables, their entries ordered by a score, without figures."""
    ranking = {"order": "score", "score": SCORE, "k_policies": ("score",)}
    return build_report(
        _make_run(datasets=("cards", "wine"), closely=True, change=_found_twice, ranking=ranking), figures=()
    )


@pytest.fixture(scope="session")
def render() -> Render:
    """A function that renders a report in the format of a name: the text of its first file."""
    by_name = {one.name: one for one in all_formats()}
    return lambda report, name: next(iter(by_name[name].render(report).values()))


@pytest.fixture(scope="session")
def full_folder(full_report: ReportModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The written report of the full run."""
    folder = tmp_path_factory.mktemp("reports") / "demo"
    write_report(full_report, folder)
    return folder


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
def mixed_run() -> StoredRun:
    """A run in which some cells are rejected, failed or timed out."""
    return _make_run(change=_some_end_badly)


@pytest.fixture(scope="session")
def rejected_run() -> StoredRun:
    """A run in which nothing may be ranked."""

    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mark(cells, cells["seed"] >= 0, "rejected", "largest cluster has 99.9 % of the rows")

    return _make_run(change=change)


HOSTILE = "<script>alert(1)</script>|=cmd() [x](javascript:1) `$a$` \"'&\n# h"


@pytest.fixture(scope="session")
def hostile_run() -> StoredRun:
    """A run whose names try to get out of every format."""

    def change(cells: pd.DataFrame, scores: pd.DataFrame) -> None:
        mark(cells, cells["variant"] == "\x00-2+5\r\n|", "rejected", f"={HOSTILE}")
        cells.loc[cells["algorithm"] == "kmeans", "info"] = json.dumps({"warnings": [HOSTILE], HOSTILE: HOSTILE})

    return _make_run(
        datasets=[f"={HOSTILE}"],
        variants=[f"@{HOSTILE}", "\x00-2+5\r\n|"],
        title=HOSTILE,
        selection=HOSTILE,
        warnings=(Alert(AlertKind.DATA, HOSTILE),),
        toml=HOSTILE,
        change=change,
    )
