"""Published clusterings of the real table, reproduced through benchmark files that a user would write."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import clusterbench
from clusterbench.store import Store

FILES = Path(__file__).parent / "published"
INDICES = ("silhouette", "davies_bouldin", "calinski_harabasz")


@dataclass(frozen=True)
class Published:
    """The published cases, and the runs that reproduce them (each made once)."""

    cases: dict[str, dict]
    folder: Path
    runs: dict[str, clusterbench.Run]

    def run(self, case: str) -> clusterbench.Run:
        if case not in self.runs:
            self.runs[case] = clusterbench.run(self.folder / f"{case}.toml", results=self.folder / "results")
        return self.runs[case]

    def cell(self, case: str, algorithm: str, params: dict | None = None, **cut: float) -> pd.Series:
        cells = self.run(case).cells
        wanted = (cells["algorithm"] == algorithm) & cells["cut"].map(lambda text: json.loads(text) == cut)
        for name, value in (params or {}).items():
            wanted &= cells["params"].map(lambda text, name=name, value=value: json.loads(text).get(name) == value)
        (found,) = cells[wanted].to_dict("records")
        return pd.Series(found)

    def scores(self, case: str, cell: pd.Series, space: str = "own") -> dict[str, float]:
        scores = self.run(case).scores
        chosen = scores[(scores["labels_sha256"] == cell["labels_sha256"]) & (scores["space"] == space)]
        return dict(zip(chosen["metric"], chosen["value"], strict=True))

    def labels(self, cell: pd.Series) -> np.ndarray:
        with Store.reader(self.folder / "results") as store:
            return store.labels(cell["labels_sha256"])


@pytest.fixture(scope="module")
def published(real_table_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    for path in FILES.glob("*.toml"):
        shutil.copy(path, folder)
    _filtered_table(real_table_folder / "CC_GENERAL.csv").to_csv(folder / "S1.csv", index=False)
    cases = {case["id"]: case for case in json.loads((real_table_folder / "published.json").read_text())["cases"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLUSTERBENCH_DATA", str(real_table_folder))
        yield Published(cases, folder, {})


def _filtered_table(path: Path) -> pd.DataFrame:
    """Complete rows without CREDIT_LIMIT outliers and without rows whose purchases do not add up."""
    table = pd.read_csv(path, float_precision="round_trip").dropna()
    low, high = table["CREDIT_LIMIT"].quantile([0.25, 0.75])
    inside = table["CREDIT_LIMIT"].between(low - 1.5 * (high - low), high + 1.5 * (high - low))
    total = (table["ONEOFF_PURCHASES"] + table["INSTALLMENTS_PURCHASES"]).astype(int)
    return table[inside & (total == table["PURCHASES"].astype(int))]


def _agrees(published: Published, case: str, cell: pd.Series, expected: dict) -> None:
    scores = published.scores(case, cell)
    named = [name for name in INDICES if name in expected]
    for name in named:
        assert scores[name] == pytest.approx(expected[name], abs=1e-5, rel=1e-7), f"{case} {cell['cut']} {name}"
    if "inertia" in expected:
        assert cell["inertia"] == pytest.approx(expected["inertia"], abs=0.01, rel=1e-7)
    if "sizes" in expected:
        assert cell["sizes"] == expected["sizes"]
    assert named or "inertia" in expected or "sizes" in expected


@pytest.mark.parametrize(
    ("case", "algorithm", "k"), [("A1", "kmeans", 3), ("C2", "agglomerative", 3), ("J1", "agglomerative", 2)]
)
def test_one_partition_of_the_real_table_is_reproduced(published, case, algorithm, k):
    _agrees(published, case, published.cell(case, algorithm, k=k), published.cases[case])


@pytest.mark.parametrize("case", ["C1", "D1", "G1", "L1"])
def test_every_k_of_a_published_k_means_series_is_reproduced(published, case):
    by_k = published.cases[case]["by_k"]
    n_init = {"C1": 10, "D1": 1, "G1": 20, "L1": 1}[case]
    for k, expected in by_k.items():
        _agrees(published, case, published.cell(case, "kmeans", {"n_init": n_init}, k=int(k)), expected)


def test_ward_and_k_means_agree_as_published(published):
    ward, kmeans = published.cell("C2", "agglomerative", k=3), published.cell("C1", "kmeans", k=3)
    expected = published.cases["C2"]["agreement_with_C1_k3"]
    pair = published.labels(ward), published.labels(kmeans)
    assert adjusted_rand_score(*pair) == pytest.approx(expected["ari"], abs=1e-6)
    assert normalized_mutual_info_score(*pair) == pytest.approx(expected["nmi"], abs=1e-6)


def test_one_cluster_plus_noise_has_no_score_at_any_published_eps(published):
    for eps, expected in published.cases["C3"]["by_eps"].items():
        cell = published.cell("C3", "dbscan", eps=float(eps))
        assert (cell["n_clusters"], round(cell["noise_share"] * 8950)) == (expected["clusters"], expected["noise"])
        assert cell["status"] == "undefined"
        assert all(np.isnan(value) for value in published.scores("C3", cell).values())


def test_the_seven_published_sizes_come_with_fifty_starts(published):
    assert published.cell("G1", "kmeans", {"n_init": 50}, k=7)["sizes"] == published.cases["G1"]["sizes_k7"]


def test_noise_counted_as_a_cluster_gives_the_published_dbscan_score(published):
    cell = published.cell("L1", "dbscan", eps=0.5)
    expected = published.cases["L1"]["dbscan"]["silhouette_noise_as_cluster"]
    assert published.scores("L1", cell)["silhouette"] == pytest.approx(expected, abs=1e-5)
    assert cell["largest"] == 8811


def test_k_medoids_from_a_random_start_is_reproduced_to_every_digit(published):
    cell = published.cell("S1", "kmedoids", k=2)
    assert cell["n_rows"] == 8375
    _agrees(published, "S1", cell, published.cases["S1"])


def test_the_often_quoted_seven_segments_are_reproduced(published):
    _agrees(published, "Q1", published.cell("Q1", "kmeans", k=7), published.cases["Q1"])
