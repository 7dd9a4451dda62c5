"""Published agreement of twelve methods with the known classes of 73 tables, from their stored partitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from clusterbench.datasets import labelled_tables, stored_partitions
from clusterbench.metrics import external_scores

METHODS = {
    "Average linkage": "fastcluster_average",
    "Birch_0.01": "sklearn_birch_T0.01_BF100",
    "Complete linkage": "fastcluster_complete",
    "Gaussian mixtures": "sklearn_gm",
    "Genie_0.1": "Genie_G0.1",
    "Genie_0.3": "Genie_G0.3",
    "Genie_0.5": "Genie_G0.5",
    "ITM": "ITM",
    "K-means": "sklearn_kmeans",
    "Single linkage": "Genie_G1.0",
    "Spectral_RBF_5": "sklearn_spectral_Arbf_G5",
    "Ward linkage": "fastcluster_ward",
}
FOLDERS = (
    *("Genie", "ITM", "fastcluster_average", "fastcluster_complete", "fastcluster_ward"),
    *("sklearn_birch", "sklearn_gm", "sklearn_kmeans", "sklearn_spectral"),
)
MEASURES = {"ar": "ari", "fm": "fowlkes_mallows", "nca": "nca", "npa": "npa", "nmi": "nmi", "ami": "ami"}


@pytest.fixture(scope="module")
def scores(labelled_folder: Path) -> pd.DataFrame:
    """Best score over references of each table, method and metric; each reference meets partitions of its own k."""
    files = [file for folder in FOLDERS for file in stored_partitions(labelled_folder / "stored" / folder)]
    parts = []
    for table in labelled_tables(labelled_folder / "shapes"):
        known = table.load().known_classes
        for file in files:
            references = {classes.name: classes.codes for classes in known if len(classes.names) == file.k}
            if (file.battery, file.name) == (table.battery, table.name) and references:
                labels = {method: column for method, column in file.load().items() if method in METHODS.values()}
                part = external_scores(list(labels.values()), references, metrics=list(MEASURES.values()))
                methods = np.array(list(labels), dtype=object)[part["labeling"]]
                parts.append(part.assign(method=methods, dataset=f"{table.battery}/{table.name}"))
    return pd.concat(parts).groupby(["dataset", "method", "metric"])["value"].max()


@pytest.fixture(scope="module")
def published(labelled_folder: Path) -> pd.DataFrame:
    table = pd.read_csv(labelled_folder / "published" / "genieclust_details_long.csv")
    table = table[(table["section"] == "Small Datasets") & table["metric"].isin(MEASURES)]
    return table.assign(metric=table["metric"].map(MEASURES), method=table["method"].map(METHODS))


def test_published_cells_follow_from_the_stored_partitions(scores, published):
    ours = scores.clip(lower=0.0).rename("ours").reset_index()
    both = published.merge(ours, on=["dataset", "method", "metric"])
    assert both.groupby("metric").size().to_dict() == dict.fromkeys(MEASURES.values(), 875)
    # Published with two digits.
    assert (both["value"] - both["ours"]).abs().max() <= 0.005 + 1e-9


def test_adjusted_mutual_information_is_that_of_scikit_learn(labelled_folder):
    """Over real partitions of many sizes: all methods of one file."""
    (table,) = (each for each in labelled_tables(labelled_folder / "shapes" / "sipu") if each.name == "aggregation")
    (file,) = (
        each
        for each in stored_partitions(labelled_folder / "stored" / "sklearn_birch" / "sipu")
        if (each.name, each.k) == ("aggregation", 7)
    )
    classes = table.load().known_classes[0].codes
    labels = list(file.load().values())
    expected = [adjusted_mutual_info_score(classes, each) for each in labels]
    assert external_scores(labels, classes, metrics="ami")["value"].tolist() == pytest.approx(expected, abs=1e-9)
