"""The same numbers as R's fpc (Hennig), where Rscript and the package are installed (Debian: r-cran-fpc)."""

import csv
import shutil
import subprocess

import numpy as np
import pytest

import clusterbench
from clusterbench.metrics import CENTROIDS, GROWTH, calibrate, score_labelings
from clusterbench.running import Settings, Silent

N_RANDOM, N_RESAMPLES = 300, 60
INDICES = {"silhouette": "avg.silwidth", "calinski_harabasz": "ch", "pearson_gamma": "pearsongamma"}
INDICES["size_entropy"] = "entropy"
SCRIPT = f"""
suppressMessages(library(fpc))
set.seed(1)
say <- function(...) cat(..., "\\n", sep = ",")
for (name in c("blobs", "line", "noise")) {{
  x <- as.matrix(read.csv(paste0(name, ".csv"), header = FALSE))
  found <- cluster.stats(dist(x), scan(paste0(name, ".labels"), quiet = TRUE))
  for (index in c("{'", "'.join(INDICES.values())}")) say(name, index, format(found[[index]], digits = 15))
}}
x <- as.matrix(read.csv("blobs.csv", header = FALSE)); d <- dist(x)
width <- function(labels) mean(cluster::silhouette(labels, d)[, 3])
for (i in 1:{N_RANDOM}) say("{CENTROIDS}", i, width(stupidkcentroids(x, 3)$partition))
for (i in 1:{N_RANDOM}) say("{GROWTH}", i, width(stupidknn(d, 3)))
found <- clusterboot(x, B = {N_RESAMPLES}, bootmethod = "subset", subtuning = nrow(x) / 2, clustermethod = kmeansCBI,
                     krange = 3, runs = 10, count = FALSE)
order <- order(-table(found$partition))
for (c in order) say("jaccard", sum(found$partition == c), mean(found$subsetresult[c, ]), sd(found$subsetresult[c, ]))
"""


def has_fpc():
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(fpc)"], capture_output=True, check=False).returncode == 0


def standardized(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def tables():
    rng = np.random.default_rng(8)
    blobs = rng.normal(size=(120, 2)) + np.repeat([[0.0, 0.0], [3.0, 0.0], [1.5, 3.0]], [52, 40, 28], axis=0)
    line = np.sort(rng.normal(size=(30, 1)), axis=0) ** 3
    return {
        "blobs": (standardized(blobs), np.repeat([0, 1, 2], [52, 40, 28])),
        "line": (line, np.repeat([0, 1], [11, 19])),
        "noise": (rng.normal(size=(70, 6)), np.arange(70) % 5),
    }


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Return what R prints, as rows of text, by the first field."""
    if not has_fpc():
        pytest.skip("no Rscript with the package fpc here")
    folder = tmp_path_factory.mktemp("fpc")
    for name, (X, labels) in tables().items():
        np.savetxt(folder / f"{name}.csv", X, delimiter=",", fmt="%.17g")
        np.savetxt(folder / f"{name}.labels", labels + 1, fmt="%d")
    (folder / "script.R").write_text(SCRIPT)
    out = subprocess.run(["Rscript", "script.R"], cwd=folder, capture_output=True, text=True, check=True).stdout
    rows = {}
    for name, *fields in csv.reader(out.splitlines()):
        rows.setdefault(name, []).append(fields)
    return rows


@pytest.mark.parametrize("name", ["blobs", "line", "noise"])
def test_indices_are_those_of_cluster_stats(printed, name):
    X, labels = tables()[name]
    expected = {index: float(value) for index, value, *_ in printed[name]}
    found = score_labelings(X, [labels], metrics=list(INDICES)).set_index("metric")["value"]
    for ours, theirs in INDICES.items():
        assert found[ours] == pytest.approx(expected[theirs], rel=1e-6, abs=1e-9), ours


@pytest.mark.parametrize("generator", [CENTROIDS, GROWTH])
def test_random_partitions_have_the_mean_and_the_spread_of_fpcs(printed, generator):
    theirs = np.array([float(fields[1]) for fields in printed[generator]])
    frame = calibrate(tables()["blobs"][0], [3], metrics="silhouette", n_random=N_RANDOM)
    ours = frame.loc[frame["generator"] == generator, "value"].to_numpy()
    gaps = np.concatenate([ours - ours.mean(), theirs - theirs.mean()])
    variance = (gaps**2).mean()
    assert abs(ours.mean() - theirs.mean()) < 3 * np.sqrt(2 * variance / N_RANDOM)
    # Of a standard deviation: sqrt((fourth moment - variance^2) / (4 n variance)).
    error = np.sqrt(((gaps**4).mean() - variance**2) / (4 * N_RANDOM * variance))
    assert abs(ours.std() - theirs.std()) < 3 * np.sqrt(2) * error


def test_jaccard_similarities_of_halves_are_those_of_clusterboot(printed, tmp_path):
    run = clusterbench.run(
        tables()["blobs"][0],
        algorithms=[{"use": "kmeans", "n_init": 10}],
        variants={"standard": [{"step": "standardize"}]},
        k=[3],
        reference_spaces=["standard"],
        options={"stability": {"resamples": N_RESAMPLES}, "structure": {"permutations": 0}},
        results=tmp_path,
        workspace=tmp_path,
        settings=Settings(workers=0),
        progress=Silent(),
    )
    (ours,) = run.details.jaccards.values()
    sizes = np.bincount(run.labels())
    theirs = np.array([fields[:3] for fields in printed["jaccard"]], dtype=float)
    assert sizes.tolist() == theirs[:, 0].tolist()
    np.testing.assert_array_less(np.abs(np.array(ours) - theirs[:, 1]), 3 * theirs[:, 2] * np.sqrt(2 / N_RESAMPLES))
