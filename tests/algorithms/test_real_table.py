"""Published clusterings of the real table, by the plug-ins themselves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import RobustScaler, StandardScaler

from clusterbench.labeling import canonical
from clusterbench.plugins import missing_packages

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(real_table_folder):
    return pd.read_csv(real_table_folder / "CC_GENERAL.csv").drop(columns="CUST_ID")


@pytest.fixture(scope="module")
def published(real_table_folder):
    cases = json.loads((real_table_folder / "published.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


@pytest.fixture(scope="module")
def standard(table):
    return StandardScaler().fit_transform(table.fillna(table.median()))


def sizes(labels) -> list[int]:
    return np.bincount(canonical(labels)[canonical(labels) >= 0]).tolist()


def test_c1_kmeans(cuts_of, standard, published):
    for k, found in zip((2, 3), cuts_of("kmeans", standard, [{"k": 2}, {"k": 3}], seed=42), strict=True):
        assert found.inertia == pytest.approx(published["C1"]["by_k"][str(k)]["inertia"], abs=1e-5)


def test_c2_ward(cuts_of, standard, published):
    [found] = cuts_of("agglomerative", standard, [{"k": 3}], linkage="ward")
    assert sizes(found.labels) == published["C2"]["sizes"] == [4875, 2881, 1194]


def test_j1_ward(cuts_of, table, published):
    rows = RobustScaler().fit_transform(table.dropna())
    [found] = cuts_of("agglomerative", rows, [{"k": 2}], linkage="ward")
    assert sizes(found.labels) == published["J1"]["sizes"] == [8073, 563]


def test_c3_dbscan(cuts_of, standard, published):
    by_eps = published["C3"]["by_eps"]
    found = cuts_of("dbscan", standard, [{"eps": float(eps)} for eps in by_eps], min_samples=8)
    for expected, partition in zip(by_eps.values(), found, strict=True):
        assert len(sizes(partition.labels)) == expected["clusters"]
        assert int(np.sum(partition.labels < 0)) == expected["noise"]


def test_l1_dbscan_label_for_label(cuts_of, table, published):
    filled = table.fillna({"CREDIT_LIMIT": table["CREDIT_LIMIT"].mean()}).fillna(table.median())
    plane = PCA(2).fit_transform(StandardScaler().fit_transform(filled))
    [found] = cuts_of("dbscan", plane, [{"eps": 0.5}], min_samples=4)
    np.testing.assert_array_equal(found.labels, DBSCAN(eps=0.5, min_samples=4).fit(plane).labels_)
    assert sizes(found.labels)[0] == 8811
    with_noise = silhouette_score(plane, found.labels)
    assert with_noise == pytest.approx(published["L1"]["dbscan"]["silhouette_noise_as_cluster"], abs=1e-5)


def test_s1_kmedoids(shipped, cuts_of, table, published):
    if (missing := missing_packages(shipped("kmedoids"))) is not None:
        pytest.skip(missing)
    rows = table.dropna()
    low, high = rows["CREDIT_LIMIT"].quantile([0.25, 0.75])
    rows = rows[rows["CREDIT_LIMIT"].between(low - 1.5 * (high - low), high + 1.5 * (high - low))]
    spent = rows["ONEOFF_PURCHASES"] + rows["INSTALLMENTS_PURCHASES"]
    rows = StandardScaler().fit_transform(rows[spent.astype(int) == rows["PURCHASES"].astype(int)])
    assert len(rows) == 8375
    [found] = cuts_of("kmedoids", rows, [{"k": 2}], seed=17, method="alternate", init="random")
    assert sizes(found.labels) == published["S1"]["sizes"] == [4515, 3860]
