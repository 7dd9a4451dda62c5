"""Each of the thirteen findings is raised by a claim that has exactly that defect, and by no clean one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.audit import Agreement, Audit, FindingKind, Standing, audit, audit_html, audit_json, load_claim
from clusterbench.errors import RequestError
from clusterbench.metrics import score_labelings
from clusterbench.plugins import load_registry
from clusterbench.toml_writing import toml_text

ROOT = Path(__file__).resolve().parent.parent.parent
CENTRES = np.array([[0.0, 0, 0], [8, 0, 4], [0, 9, -4]])


@dataclass
class Defective:
    """A table and a claim about it; numbers that are not given are those of an honest fit."""

    table: pd.DataFrame
    steps: list[dict[str, Any]] = field(default_factory=lambda: [{"step": "standardize"}])
    algorithm: dict[str, Any] = field(default_factory=lambda: {"use": "kmeans", "n_init": 10, "seed": 1})
    result: dict[str, Any] = field(default_factory=lambda: {"k": 3})
    dataset: dict[str, Any] = field(default_factory=dict)

    def audited(self, folder: Path) -> Audit:
        self.table.to_csv(folder / "table.csv", index=False)
        values = {"title": "A claim", "dataset": {"path": "table.csv", **self.dataset}, "steps": self.steps}
        text = toml_text({**values, "algorithm": self.algorithm, "results": [self.result]})
        (folder / "claim.toml").write_text(text)
        return audit(load_claim(folder / "claim.toml", REGISTRY))


REGISTRY = load_registry(ROOT)


def blobs(*sizes: int, centres: np.ndarray = CENTRES, spread: float = 1.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = [c + spread * rng.normal(size=(n, centres.shape[1])) for c, n in zip(centres, sizes, strict=True)]
    rows = np.vstack(parts)[rng.permutation(sum(sizes))]
    return pd.DataFrame(rows.round(4), columns=list("abcdef")[: centres.shape[1]])


def silhouette(rows: np.ndarray, labels: np.ndarray) -> float:
    return round(float(score_labelings(rows, [labels], metrics="silhouette")["value"].iloc[0]), 4)


def standard(table: pd.DataFrame) -> np.ndarray:
    return ((table - table.mean()) / table.std(ddof=0)).to_numpy()


def near(table: pd.DataFrame, centres: np.ndarray = CENTRES) -> np.ndarray:
    return ((table.to_numpy()[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)


THREE = blobs(70, 50, 40)
GROUPS = near(THREE)


def other_space() -> Defective:
    return Defective(THREE, result={"k": 3, "silhouette": silhouette(THREE.to_numpy(), GROUPS)})


def degenerate_sizes() -> Defective:
    table = pd.concat([blobs(80, 80, centres=CENTRES[:2]), pd.DataFrame([[90.0, 90, 90]], columns=list("abc"))])
    return Defective(table, algorithm={"use": "agglomerative", "linkage": "single"}, result={"k": 2, "sizes": [160, 1]})


def noisy_blobs() -> pd.DataFrame:
    far = np.random.default_rng(5).uniform(-30, 30, size=(12, 3)).round(4)
    return pd.concat([THREE, pd.DataFrame(far, columns=THREE.columns)])


def noise_as_cluster() -> Defective:
    table = noisy_blobs()
    labels = REGISTRY.algorithms["dbscan"].build(table.to_numpy(), 0, min_samples=5)(eps=2.5).labels
    value = silhouette(table.to_numpy(), np.where(labels < 0, labels.max() + 1, labels))
    algorithm = {"use": "dbscan", "min_samples": 5}
    return Defective(table, steps=[], algorithm=algorithm, result={"eps": 2.5, "silhouette": value})


def rows_dropped() -> Defective:
    table = THREE.copy()
    table.loc[table.index % 8 == 0, "b"] = np.nan
    return Defective(table, dataset={"rows": "complete"})


def id_among_columns() -> Defective:
    return Defective(THREE.assign(CUST_ID=np.arange(5001, 5161)))


def scaler_without_effect() -> Defective:
    return Defective(THREE, steps=[{"step": "minmax"}, {"step": "standardize"}])


def unseeded() -> Defective:
    return Defective(THREE, algorithm={"use": "kmeans", "n_init": 10}, result={"k": 3, "sizes": [70, 50, 40]})


def local_optimum() -> Defective:
    corners = 10.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1]])
    table = blobs(40, 40, 40, 40, 40, 40, centres=corners)
    algorithm = {"use": "kmeans", "n_init": 1, "init": "random", "seed": 0}
    return Defective(table, steps=[], algorithm=algorithm, result={"k": 6})


def undefined_as_number() -> Defective:
    algorithm = {"use": "dbscan", "min_samples": 5}
    return Defective(THREE, steps=[], algorithm=algorithm, result={"eps": 30.0, "silhouette": 0.41})


def other_k() -> Defective:
    labels = REGISTRY.algorithms["kmeans"].build(standard(THREE), 1, n_init=10)(k=2).labels
    return Defective(THREE, result={"k": 3, "silhouette": silhouette(standard(THREE), labels)})


def too_large_k() -> Defective:
    table = blobs(140, 100, 80)
    return Defective(table, algorithm={"use": "agglomerative", "linkage": "ward"}, result={"k": 8})


def controls_as_well() -> Defective:
    line = np.array([[0.0, 0, 0], [30, 0, 0], [60, 0, 0]])
    return Defective(blobs(50, 50, 50, centres=line), steps=[])


def not_stable() -> Defective:
    triangle = 14.0 * np.array([[0.0, 0, 0], [1, 0, 0], [0.5, 3**0.5 / 2, 0]])
    return Defective(blobs(55, 55, 55, centres=triangle, seed=3), steps=[], result={"k": 2})


CLAIMS = {
    function.__name__: function
    for function in (
        *(other_space, degenerate_sizes, noise_as_cluster, rows_dropped, id_among_columns, scaler_without_effect),
        *(unseeded, local_optimum, undefined_as_number, too_large_k, controls_as_well, not_stable),
    )
} | {"other_k_or_table": other_k}


@pytest.mark.parametrize("kind", FindingKind)
def test_a_claim_with_one_defect_gets_its_finding_and_no_other(tmp_path, kind):
    found = CLAIMS[kind]().audited(tmp_path)
    assert {finding.kind for finding in found.all_findings} == {kind}
    assert all(finding.evidence for finding in found.all_findings)
    assert found.standing is (Standing.FAILS if kind.refutes else Standing.RESERVATIONS)


@pytest.mark.parametrize(
    "claim",
    [
        Defective(THREE, result={"k": 3, "silhouette": silhouette(standard(THREE), GROUPS), "sizes": [70, 50, 40]}),
        Defective(THREE, algorithm={"use": "agglomerative", "linkage": "ward"}, result={"k": 3, "sizes": [70, 50, 40]}),
        Defective(noisy_blobs(), steps=[], algorithm={"use": "dbscan", "min_samples": 5}, result={"eps": 2.5}),
        Defective(THREE, algorithm={"use": "gmm", "seed": 0}, result={"k": 3, "clusters": 3, "rows": 160}),
    ],
    ids=["k-means", "ward", "dbscan", "gmm"],
)
def test_a_clean_claim_gets_no_finding(tmp_path, claim):
    found = claim.audited(tmp_path)
    assert [finding.kind for finding in found.all_findings] == []
    assert found.agreement in (Agreement.REPRODUCED, Agreement.NOTHING)
    assert found.standing is Standing.HOLDS


def test_the_scores_of_a_claim_may_be_declared_to_be_of_another_space(tmp_path):
    claim = other_space()
    claim.table.to_csv(tmp_path / "table.csv", index=False)
    values = {"title": "A claim", "dataset": {"path": "table.csv"}, "steps": claim.steps, "scored_in": []}
    text = toml_text({**values, "algorithm": claim.algorithm, "results": [claim.result]})
    (tmp_path / "claim.toml").write_text(text)
    assert audit(load_claim(tmp_path / "claim.toml", REGISTRY)).standing is Standing.HOLDS


def test_numbers_of_a_fit_without_the_scaler_are_explained(tmp_path):
    table = THREE.assign(b=THREE["b"] * 100 + np.random.default_rng(1).normal(scale=900, size=160).round(2))
    labels = REGISTRY.algorithms["kmeans"].build(table.to_numpy(), 1, n_init=10)(k=3).labels
    claim = Defective(table, result={"k": 3, "silhouette": silhouette(table.to_numpy(), labels)})
    found = claim.audited(tmp_path)
    assert FindingKind.IDLE_SCALER in {finding.kind for finding in found.all_findings}
    assert found.agreement is Agreement.NOT


def test_numbers_of_all_rows_claimed_for_the_complete_ones_are_explained(tmp_path):
    table = blobs(70, 50, 40, spread=2.5)
    table.loc[table.index % 8 == 0, "b"] = np.nan
    filled = table.fillna(table.median())
    labels = REGISTRY.algorithms["kmeans"].build(filled.to_numpy(), 1, n_init=10)(k=3).labels
    result = {"k": 3, "silhouette": silhouette(filled.to_numpy(), labels)}
    found = Defective(table, steps=[], dataset={"rows": "complete"}, result=result).audited(tmp_path)
    evidence = [f.evidence for f in found.all_findings if f.kind is FindingKind.OTHER_K]
    assert evidence == ["the numbers are those of another table: all rows, missing values filled, 160 instead of 140"]


def test_steps_that_are_not_stated_are_found_by_the_numbers(tmp_path):
    table = THREE.assign(b=THREE["b"] * 100)
    scaled = (table - table.min()) / (table.max() - table.min())
    labels = REGISTRY.algorithms["kmeans"].build(scaled.to_numpy(), 1, n_init=10)(k=3).labels
    claim = Defective(table, result={"k": 3, "silhouette": silhouette(scaled.to_numpy(), labels)})
    table.to_csv(tmp_path / "table.csv", index=False)
    values = {"title": "A claim", "dataset": {"path": "table.csv"}, "algorithm": claim.algorithm}
    (tmp_path / "claim.toml").write_text(toml_text({**values, "results": [claim.result]}))
    found = audit(load_claim(tmp_path / "claim.toml", REGISTRY))
    assert found.assumptions == ("steps are not stated; these give the claimed numbers: median impute > minmax",)
    assert found.agreement is Agreement.REPRODUCED


def test_rows_are_filtered_as_declared(tmp_path):
    table = THREE.assign(total=(THREE["a"] + THREE["b"]).round(4))
    table.loc[:9, "total"] += 50
    table.to_csv(tmp_path / "table.csv", index=False)
    rule = {"column": "total", "equals_sum": ["a", "b"]}
    values = {"title": "A claim", "dataset": {"path": "table.csv"}, "filters": [rule], "steps": []}
    text = toml_text({**values, "algorithm": {"use": "kmeans", "seed": 1}, "results": [{"k": 3, "rows": 150}]})
    (tmp_path / "claim.toml").write_text(text)
    found = audit(load_claim(tmp_path / "claim.toml", REGISTRY))
    assert (found.n_rows, found.n_all, found.agreement) == (150, 160, Agreement.REPRODUCED)
    assert "10 of 160 rows (6.2 %) were left out" in found.findings[0].evidence


def test_a_number_agrees_to_the_digits_that_were_printed(tmp_path):
    value = silhouette(standard(THREE), GROUPS)
    for printed, agreement in (
        (round(value, 2), "reproduced"),
        (round(value, 2) + 0.009, "close"),
        (0.5, "not reproduced"),
    ):
        found = Defective(THREE, result={"k": 3, "silhouette": round(printed, 4)}).audited(tmp_path)
        assert found.agreement == agreement


def test_the_document_and_the_page_say_what_the_audit_says(tmp_path):
    found = local_optimum().audited(tmp_path)
    document = json.loads(audit_json(found))
    assert (document["standing"], document["findings"][0]["kind"]) == ("does not hold", "local_optimum")
    page = audit_html([found])
    assert found.all_findings[0].evidence[1:] in page
    assert "http" not in page.replace("http-equiv", "")


IRIS = "title = 'a'\ndataset = {use = 'iris'}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 'a'\nresults = [{k = 3}]", "dataset"),
        (f"{IRIS}results = [{{k = 3}}]", "no algorithm is named"),
        (f"{IRIS}algorithm = {{use = 'kmens'}}\nresults = [{{k = 3}}]", "did you mean 'kmeans'"),
        (f"{IRIS}algorithm = {{use = 'kmeans'}}\nresults = [{{k = 3, siluette = 1}}]", "'silhouette'"),
        (f"{IRIS}algorithm = {{use = 'kmeans'}}\nresults = [{{}}]", "0 of its cuts are given"),
        ("title = 'a", "not valid TOML"),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "claim.toml").write_text(text)
    with pytest.raises(RequestError, match=message):
        load_claim(tmp_path / "claim.toml", REGISTRY)
