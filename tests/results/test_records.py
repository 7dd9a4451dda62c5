"""Records and manifests as JSON, both ways; what another version wrote is refused by name."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.metrics import NoisePolicy
from clusterbench.ranking import Alert, AlertKind, Gate, RankingSpec
from clusterbench.results import (
    AlgorithmRecord,
    FrameRecord,
    Manifest,
    RunRecord,
    VariantRecord,
    load_stored_run,
    read_record,
)
from clusterbench.store import Store
from clusterbench.structure import ColumnDip, StructureFinding, TableFit

from .conftest import MANIFEST, dataset, job, record_of

DIPS = (ColumnDip("PAID", 0.0123, 0.25), ColumnDip("SPENT", 0.01, 1.0))
FULL = record_of(
    job("1", [2, 3], seeds=(0, 7)),
    job("2", [], cuts=('{"eps": 0.1}',), obstacle="needs exotic: pip install exotic"),
    title="Karten \N{GREEK SMALL LETTER KAPPA}",
    toml='title = "Cards"\n',
    selection="k=2",
    quick=True,
    only={"k": ("2", "3")},
    seeds=(0, 7),
    gate=Gate(min_rows=3, max_share=0.9),
    noise=NoisePolicy.DROP,
    policies=(NoisePolicy.DROP, NoisePolicy.NEAREST),
    ranking=RankingSpec(
        ("standard", "log1p"),
        metrics=("silhouette", "davies_bouldin"),
        weights={"separation": 0.5},
        k_policies=("oracle", "fixed"),
        fixed_k=4,
        true_k={"cards": 3},
        controls=frozenset({"random_labels", "one_column"}),
        confidence=0.8,
    ),
    random_partitions=20,
    resamples=5,
    datasets={"cards": replace(dataset(8950), true_k=3, warnings=("rows are repeated",))},
    variants={"raw": VariantRecord("impute", '[{"step": "impute"}]')},
    algorithms={"kmeans": AlgorithmRecord("centroid", "s", "r", 2, ("calinski_harabasz",), False, False, "predict")},
    warnings=(Alert(AlertKind.DATA, "rows are repeated", "cards"), Alert(AlertKind.SELECTION, "quick")),
    frames=(FrameRecord("baselines", "b" * 64, "cards", "standard", 3), FrameRecord("bands", "c" * 64)),
    structure=(StructureFinding("cards", 400, TableFit(0.3, {}), (TableFit(None, {2: math.inf, 3: 12.5}),), DIPS),),
)


def test_a_record_comes_back_from_json_as_it_was():
    back = RunRecord.from_json(FULL.to_json(), name="cards")
    assert back == FULL
    assert back.structure[0].drawn[0].inertia[2] == math.inf
    assert back.warnings[0].kind is AlertKind.DATA
    assert back.to_json() == FULL.to_json()
    assert '"controls":["one_column","random_labels"]' in FULL.to_json()  # in order, whatever the order of a set


numbers = st.one_of(st.none(), st.floats(allow_nan=False))
table_fits = st.builds(TableFit, numbers, st.dictionaries(st.integers(2, 20), st.floats(0), max_size=3))


@settings(max_examples=20)
@given(st.lists(table_fits, max_size=3), st.text(max_size=10), st.lists(st.integers(0, 2**32 - 1), max_size=3))
def test_any_finding_text_and_seed_comes_back_from_json(drawn, text, seeds):
    finding = StructureFinding("cards", 400, TableFit(None, {}), tuple(drawn), DIPS)
    record = replace(FULL, structure=(finding,), title=text, toml=text, seeds=tuple(seeds))
    assert RunRecord.from_json(record.to_json(), name="cards") == record


def test_a_manifest_comes_back_from_json_with_its_environment_beside_the_other_facts():
    for manifest in (MANIFEST, replace(MANIFEST, environment=replace(MANIFEST.environment, git=None))):
        assert Manifest.from_json(manifest.to_json(indent=2), name="cards") == manifest
    facts = json.loads(MANIFEST.to_json())
    assert (facts["python"], facts["git"]["commit"], facts["partitions"]["shared"]) == ("3.11.9", "ab12", 4)
    assert "environment" not in facts


VERSION_1 = json.dumps({"title": "Cards", "gate": {"min_rows": 10}, "noise": "zero", "datasets": {}, "jobs": []})


RUN_AGAIN = "run the benchmark again; finished cells are not fitted again"
DAMAGED = FULL.to_json().replace('"jobs"', '"job"')


@pytest.mark.parametrize(
    "text",
    [VERSION_1, "{}", FULL.to_json().replace('"version":3}', '"version":99}'), DAMAGED, FULL.to_json()[:-1], "[]"],
)
def test_a_record_that_cannot_be_read_is_refused_with_the_way_out(text):
    with pytest.raises(RequestError, match="the record of 'cards' was written by another version") as caught:
        RunRecord.from_json(text, name="cards")
    assert caught.value.allowed == RUN_AGAIN


@pytest.mark.parametrize("text", ['{"python": "3.11.9", "cells": {"computed": 4}}', "{}", "[]", "not JSON"])
def test_a_manifest_of_another_version_is_refused_with_the_way_out(text):
    with pytest.raises(RequestError, match="the manifest of 'cards' was written by another version") as caught:
        Manifest.from_json(text, name="cards")
    assert caught.value.allowed == RUN_AGAIN


def test_a_store_with_a_record_of_another_version_opens_and_refuses_that_run_alone(tmp_path):
    with Store.writer(tmp_path) as store:
        store.put_benchmark("old", VERSION_1, MANIFEST.to_json())
        store.put_benchmark("new", record_of().to_json(), MANIFEST.to_json())
        assert read_record(store, "new") == (record_of(), MANIFEST)
    with pytest.raises(RequestError, match="the record of 'old' was written by another version"):
        load_stored_run(tmp_path, "old")


def test_reading_results_imports_no_executor():
    code = (
        "import sys, clusterbench.results; print(*[name for name in sys.modules if name.startswith('clusterbench.')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    packages = {name.split(".")[1] for name in ran.stdout.split()}
    assert "results" in packages
    assert packages.isdisjoint({"execution", "running", "plugins", "benchmark", "preprocessing"})
