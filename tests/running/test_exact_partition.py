"""Tables whose rows are few exact groups: the partition into the groups comes first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.running import Settings, Silent
from clusterbench.structure import StructureVerdict

TOML = """
title = "Exact groups"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["raw"]
[[datasets]]
path = "codes.csv"
[variants]
raw = [{ step = "impute" }]
[[algorithms]]
use = "kmeans"
[[algorithms]]
use = "dbscan"
eps = 4.0
min_samples = 5
[ranking]
k_policies = ["POLICY"]
order = "mean_rank"
random_partitions = 10
bootstraps = 10
[stability]
resamples = 0
[structure]
permutations = 1
"""


@pytest.mark.parametrize("policy", ["calibrated", "silhouette"])
def test_the_exact_partition_is_chosen_and_ranked_first(policy, tmp_path):
    rows = np.repeat([[0, 0], [3, 1], [10, 2]], 20, axis=0)
    pd.DataFrame(rows, columns=["x", "y"]).to_csv(tmp_path / "codes.csv", index=False)
    (tmp_path / "table.toml").write_text(TOML.replace("POLICY", policy))
    done = run(
        tmp_path / "table.toml",
        results=tmp_path / "results",
        workspace=tmp_path,
        settings=Settings(workers=0),
        progress=Silent(),
    )
    first = done.board.table.iloc[0]
    assert (first["algorithm"], first["k"], first["rank"]) == ("kmeans", 3, 1)
    assert first["davies_bouldin@raw"] == 0.0
    assert first["calinski_harabasz@raw"] == np.inf
    assert first["silhouette@raw"] == 1.0
    second = done.board.table.iloc[1]
    assert (second["algorithm"], second["k"], second["rank"]) == ("dbscan", 2, 2)
    (finding,) = done.record.structure
    assert finding.verdict is StructureVerdict.NOT_DECIDED  # tables drawn from such columns have groups too
