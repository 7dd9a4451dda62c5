"""The conductor: what is computed once, what is computed again, and what every table holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from clusterbench.errors import RequestError
from clusterbench.labeling import Labeling
from clusterbench.results import LimitsRecord, load_run, read_record, scores_table
from clusterbench.running import Settings, Silent, prepare, run
from clusterbench.store import Store

INSIDE = Settings(workers=0)
TOML = """
title = "Blobs"
seeds = [0, 1]
k = [2, 3, 4]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 5
bootstraps = 20
[stability]
resamples = 2
[structure]
permutations = 1
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = ["ward", "single"]
[[algorithms]]
use = "dbscan"
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    table = rng.normal(size=(150, 3)) + 5 * np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]])[np.arange(150) % 3]
    table[0] = 60.0  # an outlier that single linkage splits off
    pd.DataFrame(table, columns=["a", "b", "c"]).to_csv("blobs.csv", index=False)
    Path("blobs.toml").write_text(TOML)
    return table


def again(**changes: str):
    """Run the benchmark with parts of its text replaced."""
    text = TOML
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    Path("blobs.toml").write_text(text)
    return run("blobs.toml", settings=INSIDE, progress=Silent())


def test_every_cell_of_the_matrix_has_a_row_and_a_status(study):
    done = again()
    cells = done.cells
    # 2 variants x (k-means, Ward, single linkage with 3 cuts + DBSCAN with its own) x 2 seeds
    assert len(cells[cells["algorithm"] != "dbscan"]) == 2 * 3 * 3 * 2
    assert not cells.duplicated(["variant", "algorithm", "params", "cut", "seed"]).any()
    assert set(cells["status"]) <= {"ok", "rejected", "undefined"}
    assert (cells.loc[cells["status"] != "ok", "reason"] != "").all()
    assert len(done.record.structure[0].shuffled) == 1


def test_labels_and_scores_are_those_of_scikit_learn(study):
    done = again()
    space = StandardScaler().fit_transform(study)
    labels = KMeans(3, n_init=1, random_state=1).fit_predict(space)
    cells = done.cells
    cell = cells[
        (cells["algorithm"] == "kmeans") & (cells["variant"] == "standard") & (cells["seed"] == 1) & (cells["k"] == 3)
    ]
    assert cell["labels_sha256"].item() == Labeling.of(labels).sha256
    scores = done.scores
    mine = scores[(scores["labels_sha256"] == cell["labels_sha256"].item()) & (scores["metric"] == "silhouette")]
    assert mine.loc[mine["space"] == "standard", "value"].iloc[0] == pytest.approx(
        silhouette_score(space, labels), rel=1e-6
    )


def test_an_outlier_split_is_rejected_with_its_reason(study):
    cells = again().cells
    split = cells[(cells["params"].str.contains("single")) & (cells["k"] == 2)]
    assert (split["smallest"] == 1).all()
    assert set(split["status"]) == {"rejected"}
    assert set(split["reason"]) == {"smallest cluster has 1 of 150 rows, needs 10"}


def test_a_second_run_computes_nothing_and_gives_the_same_tables(study):
    first, second = again(), again()
    assert (first.computed, second.computed) == (first.cells["job_key"].nunique() and first.computed, 0)
    assert first.computed > 0
    pd.testing.assert_frame_equal(first.cells, second.cells)
    pd.testing.assert_frame_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.board.table, second.board.table)
    assert first.manifest == second.manifest


def test_a_stored_run_is_read_back_as_it_was(study):
    done, back = again(), load_run("results", "blobs")
    pd.testing.assert_frame_equal(done.board.table, back.board.table)
    assert done.board.headline == back.board.headline


def test_a_further_k_fits_only_its_own_cells(study):
    again()
    more = again(k=("k = [2, 3, 4]", "k = [2, 3, 4, 5]"))
    # k-means: one cell per variant and seed; the two linkages: one per variant, the seed has no influence
    assert more.computed == 2 * 2 + 2 * 2


def test_another_gate_fits_nothing_and_judges_anew(study):
    first = again()
    open_gate = again(
        gate=("[variants]", "[gate]\nmin_rows = 1\nmin_share = 0.0\nmax_share = 1.0\nmax_noise = 1.0\n[variants]")
    )
    assert open_gate.computed == 0
    assert (first.cells["status"] == "rejected").any()
    assert not (open_gate.cells["status"] == "rejected").any()


def test_changed_data_refits_everything(study):
    first = again()
    table = pd.read_csv("blobs.csv", float_precision="round_trip")
    table.loc[5, "a"] += 1e-9
    table.to_csv("blobs.csv", index=False)
    assert again().computed == first.computed


def test_a_seed_moves_no_other_seeds_labels(study):
    first = again()
    wider = again(seeds=("seeds = [0, 1]", "seeds = [0, 1, 7]"))
    key = ["variant", "algorithm", "params", "cut", "seed"]
    both = first.cells.merge(wider.cells, on=key, suffixes=("", "_wider"))
    assert len(both) == len(first.cells)
    assert (both["labels_sha256"] == both["labels_sha256_wider"]).all()


def test_the_order_of_the_file_moves_no_label_and_no_score(study):
    first = again()
    blocks = TOML.split("[[algorithms]]")
    Path("other").mkdir()
    Path("other/blobs.toml").write_text("[[algorithms]]".join([blocks[0], *reversed(blocks[1:])]))
    Path("other/blobs.csv").write_bytes(Path("blobs.csv").read_bytes())
    turned = run("other/blobs.toml", results="other/results", settings=INSIDE, progress=Silent())
    key = ["variant", "algorithm", "params", "cut", "seed"]
    columns = [*key, "labels_sha256", "status", "reason"]
    left, right = (r.cells[columns].sort_values(key).reset_index(drop=True) for r in (first, turned))
    pd.testing.assert_frame_equal(left, right)
    key += ["space", "metric"]
    left, right = (r.scores[[*key, "value"]].sort_values(key).reset_index(drop=True) for r in (first, turned))
    pd.testing.assert_frame_equal(left, right)


def test_every_noise_policy_is_in_the_store(study):
    again()
    with Store.reader(Path("results")) as store:
        record, _ = read_record(store, "blobs")
        cells = load_run("results").cells
        frames = {policy.value: scores_table(store, record, cells, policy=policy) for policy in record.policies}
    assert set(frames) == {"zero", "drop", "cluster", "nearest"}
    assert len({len(frame) for frame in frames.values()}) == 1
    quiet = cells.loc[cells["noise_share"] == 0, "labels_sha256"]
    zero, drop = (frames[p][frames[p]["labels_sha256"].isin(quiet)]["value"].to_numpy() for p in ("zero", "drop"))
    np.testing.assert_array_equal(zero, drop)


def test_a_missing_package_skips_the_cells_with_the_remedy(study):
    Path("algorithms").mkdir()
    Path("algorithms/exotic.py").write_text(
        "from clusterbench.plugins import Algorithm, Family\n"
        "def build(X, seed):\n    import no_such_package\n"
        "ALGORITHM = Algorithm(name='exotic', family=Family.OTHER, summary='s', reference='r', build=build,\n"
        "                      packages={'no_such_package': 'no-such-package>=2'})\n"
    )
    done = again(use=('use = "dbscan"', 'use = "exotic"'))
    skipped = done.cells[done.cells["algorithm"] == "exotic"]
    assert len(skipped) == 2 * 3 * 2
    assert set(skipped["status"]) == {"skipped"}
    assert "pip install" in skipped["reason"].iloc[0]
    assert done.n_failed == 0


def test_a_failing_plugin_is_a_row_with_its_reason_and_costs_nobody_else(study):
    healthy = again()
    Path("algorithms").mkdir()
    Path("algorithms/broken.py").write_text(
        "from clusterbench.plugins import Algorithm, Family\n"
        "def build(X, seed):\n"
        "    def cut(k):\n"
        "        if k == 3:\n            raise RuntimeError('three is too many')\n"
        "        return [0] * (len(X) // 2) + [1] * (len(X) - len(X) // 2)\n"
        "    return cut\n"
        "ALGORITHM = Algorithm(name='broken', family=Family.OTHER, summary='s', reference='r', build=build,\n"
        "                      packages={})\n"
    )
    done = again(use=('use = "dbscan"', 'use = "dbscan"\n[[algorithms]]\nuse = "broken"'))
    failed = done.cells[(done.cells["algorithm"] == "broken") & (done.cells["status"] == "failed")]
    assert {json.loads(cut)["k"] for cut in failed["cut"]} == {3}
    assert failed["reason"].str.startswith("RuntimeError: three is too many (broken.py:").all()
    assert done.n_failed == len(failed) == 4
    others = done.cells[done.cells["algorithm"] != "broken"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, healthy.cells)


def test_a_quick_run_is_another_benchmark_with_fewer_rows_seeds_and_cuts(study, tmp_path):
    Path("big.toml").write_text(
        TOML.replace('path = "blobs.csv"', 'use = "credit-card"')
        .replace("raw = []\n", "")
        .replace("standard = [{ step", 'standard = [{ step = "impute" }, { step')
    )
    plan, _ = prepare("big.toml", quick=True)
    assert plan.name == "big-quick"
    assert plan.datasets["credit-card"].n_rows == 2000
    assert plan.benchmark.seeds == (0,)


def test_reference_spaces_that_were_not_declared_are_left_out_where_they_cannot_be_made(study):
    table = pd.read_csv("blobs.csv") - 10
    table.to_csv("blobs.csv", index=False)
    text = TOML.replace('reference_spaces = ["standard"]\n', "")
    Path("blobs.toml").write_text(text)
    plan, _ = prepare("blobs.toml")
    assert plan.references == {"blobs": ("standard",)}
    assert any("log1p" in warning.text for warning in plan.warnings)
    Path("blobs.toml").write_text(TOML.replace('["standard"]', '["standard", "log1p"]'))
    with pytest.raises(RequestError, match="log1p"):
        prepare("blobs.toml")


def test_a_run_in_which_nothing_can_be_ranked_still_ends_with_its_tables(study):
    done = again(gate=("[variants]", "[gate]\nmin_rows = 140\n[variants]"))
    assert done.board.table.empty
    assert len(done.board.rejected) > 0
    assert done.board.headline


def test_two_variants_of_one_space_are_fitted_once(study):
    first = again()
    twin = again(twin=("raw = []\n", 'raw = []\nsame = [{ step = "select", columns = "all" }]\n'))
    same, raw = (twin.cells[twin.cells["variant"] == name] for name in ("same", "raw"))
    assert set(same["labels_sha256"].dropna()) == set(raw["labels_sha256"].dropna())
    assert twin.computed <= first.computed
    cold = run("blobs.toml", results="cold", settings=INSIDE, progress=Silent())
    assert len(cold.cells) == len(twin.cells)


def test_memory_is_limited_to_a_share_of_the_machine_where_nobody_set_a_limit(study):
    watched = run("blobs.toml", results="watched", settings=Settings(workers=1), progress=Silent())
    assert watched.manifest.limits.memory_mb > 500
    assert watched.manifest.limits.seconds is None


def test_without_workers_no_limit_is_kept_or_recorded(study):
    assert again().manifest.limits == LimitsRecord(seconds=None, memory_mb=None)
