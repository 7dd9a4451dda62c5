"""Rules on a folder of labelled tables: what they choose, and what is written."""

import gzip
import tomllib

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from clusterbench import RequestError
from clusterbench.running import Settings, Silent
from clusterbench.trust import RuleEvidence
from clusterbench.truth import Evidence, evidence_text, gather_evidence, load_rules, write_evidence

RULES = ("silhouette", "separation", "silhouette + stability", "mean ranks, k by silhouette")
STORED = "stored partition at given k"


def write_table(folder, name, rows, classes):
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / f"{name}.data", rows)
    np.savetxt(folder / f"{name}.labels0", classes + 1, fmt="%d")


def store_partitions(folder, table, **methods):
    path = folder / "stored" / f"{table}.result2.gz"
    path.parent.mkdir(parents=True)
    rows = [",".join(map(str, labels)) for labels in zip(*methods.values(), strict=True)]
    path.write_bytes(gzip.compress("\n".join([",".join(f'"{name}"' for name in methods), *rows]).encode()))


@pytest.fixture(scope="module")
def labelled_folder(tmp_path_factory):
    """Two blobs, four blobs, and two long strips that no compact cluster follows; two have stored partitions."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(3)
    for name, k in (("two", 2), ("four", 4)):
        classes = np.repeat(np.arange(k), 120 // k)
        write_table(folder / "blobs", name, rng.normal(size=(120, 2)) + 12 * np.c_[classes % 2, classes // 2], classes)
    classes = np.repeat([0, 1], 80)
    strips = np.c_[rng.uniform(0, 40, 160), 6 * classes + rng.uniform(0, 1, 160)]
    write_table(folder / "strips", "strips", strips, classes)
    store_partitions(folder, "strips/strips", right=classes + 1, across=(strips[:, 0] > 20) + 1)
    one_row, halves = np.arange(120) == 0, np.arange(120) % 2
    store_partitions(folder, "blobs/two", right=np.repeat([1, 2], 60), one_row=one_row + 1, halves=halves + 1)
    return folder


@pytest.fixture(scope="module")
def evidence(labelled_folder, tmp_path_factory) -> Evidence:
    return gather_evidence(
        labelled_folder,
        load_rules(RULES),
        results=tmp_path_factory.mktemp("results"),
        quick=True,
        settings=Settings(workers=0),
        progress=Silent(),
    )


def chosen(evidence: Evidence, rule: str, question: str = "algorithm and k") -> pd.Series:
    rows = evidence.regret[(evidence.regret["rule"] == rule) & (evidence.regret["question"] == question)]
    return rows.set_index("table")["ari_chosen"]


def test_rules_find_the_blobs(evidence):
    for rule in ("silhouette", "separation", "default"):
        assert chosen(evidence, rule)[["blobs/two", "blobs/four"]].min() > 0.9


def test_separation_finds_strips_that_the_silhouette_cuts_across(evidence):
    assert chosen(evidence, "separation")["strips/strips"] == pytest.approx(1.0)
    assert chosen(evidence, "silhouette")["strips/strips"] < 0.6


def test_regret_is_what_the_best_partition_has_more(evidence):
    rows = evidence.regret
    assert (rows["regret"] >= -1e-12).all()
    assert rows["regret"].to_numpy() == pytest.approx((rows["ari_best"] - rows["ari_chosen"]).to_numpy())
    best = rows[rows["question"] == "algorithm and k"].groupby("table")["ari_best"].agg(["min", "max"])
    assert best["min"].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert best["max"].tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_rules_are_compared_with_a_random_pick_and_with_k_means(evidence):
    summary = evidence.summary[evidence.summary["kind"] == "all"].set_index(["question", "rule"])["mean"]
    for question in ("algorithm and k", "algorithm at given k", "k at given algorithm"):
        assert summary[question, "default"] < summary[question, "random pick"]
    assert chosen(evidence, "k-means, k by silhouette")["strips/strips"] < 0.5


def test_stored_partitions_that_pass_the_gate_are_a_pool_of_their_own(evidence):
    assert evidence.n_stored == 4
    assert "4 stored partitions" in evidence_text(evidence)
    assert chosen(evidence, "separation", STORED).to_dict() == pytest.approx({"strips/strips": 1.0, "blobs/two": 1.0})
    # Each class has 30 rows in either half: the index of Hubert & Arabie by hand.
    halves = (4 * 435 - 3540**2 / 7140) / (3540 - 3540**2 / 7140)
    assert chosen(evidence, "random pick", STORED)["blobs/two"] == pytest.approx((1.0 + halves) / 2)


def test_rules_by_stability_have_no_place_among_stored_partitions(evidence):
    assert "silhouette + stability" in set(evidence.regret["rule"])
    assert chosen(evidence, "silhouette + stability", STORED).empty


def test_what_is_written_is_what_was_measured(evidence, tmp_path):
    paths = write_evidence(evidence, tmp_path / "out")
    assert [path.name for path in paths] == ["regret.csv", "summary.csv", "summary.md", "regret.svg", "evidence.toml"]
    regret = pd.read_csv(paths[0])
    assert regret["regret"].to_numpy() == pytest.approx(evidence.regret["regret"].to_numpy(), abs=5e-5)
    text = paths[2].read_text()
    assert "3 tables" in text
    mean = evidence.summary.query("rule == 'default' and kind == 'all'")["mean"].iloc[0]
    assert f"| default | {mean:.3f} [" in text
    assert "loses least" in paths[3].read_text()
    shipped = TypeAdapter(RuleEvidence).validate_python(tomllib.loads(paths[4].read_text()))
    assert (shipped.tables, shipped.partitions) == (3, evidence.n_partitions)
    assert shipped.regret == pytest.approx(mean, abs=5e-5)
    assert sum(shipped.best.values()) == pytest.approx(1.0, abs=5e-4)


def test_single_indices_are_compared_by_battery_and_the_least_regret_is_bold(evidence):
    [head] = [line for line in evidence_text(evidence).splitlines() if line.startswith("| kind | battery")]
    assert head == "| kind | battery | tables | separation | silhouette | default | random pick |"
    [strips] = [line for line in evidence_text(evidence).splitlines() if line.startswith("| strips | strips |")]
    separation, silhouette, default, _ = strips.strip("| ").split(" | ")[3:]
    assert separation == default == "**0.000**"
    assert float(silhouette) > 0.3


def test_algorithms_share_the_first_places_and_the_best_partitions(evidence):
    shares = evidence.algorithms.set_index("algorithm")
    assert shares.sum().tolist() == pytest.approx([1.0, 1.0])
    assert shares.loc["agglomerative", "best"] > shares.loc["dbscan", "best"] > 0  # dbscan finds the strips alone


def test_unknown_rule_names_the_nearest():
    with pytest.raises(RequestError, match="silhouette"):
        load_rules(["silhoutte"])


def test_file_of_rules_is_checked(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text('[mine]\nk_policies = ["scor"]\n')
    with pytest.raises(RequestError, match=r"mine\.k_policies"):
        load_rules([str(path)])
    path.write_text('[mine]\nk_policies = ["score"]\norder = "score"\nscore = { stability = 1 }\n')
    assert list(load_rules([str(path)])) == ["default", "mine"]


def test_tables_without_known_classes_are_refused(tmp_path):
    (tmp_path / "plain.csv").write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(60)))
    (tmp_path / "plain.toml").write_text(
        'title = "x"\ndatasets = [{ path = "plain.csv" }]\nalgorithms = [{ use = "kmeans" }]\n'
    )
    with pytest.raises(RequestError, match="no known classes in plain"):
        gather_evidence("plain.toml", load_rules(), workspace=tmp_path, results=tmp_path / "r")


def test_folder_without_labelled_tables_is_refused(tmp_path):
    with pytest.raises(RequestError, match="no table with known classes"):
        gather_evidence(tmp_path, load_rules(), results=tmp_path / "r")
