"""What is compared between the run's side and a worker's, and what is sent along."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy
import pytest
import sklearn

from clusterbench import __version__
from clusterbench.execution.dask_checks import (
    Needs,
    differences,
    digest_of,
    mismatch,
    needs_of,
    shipped_path,
    surroundings,
)
from clusterbench.plugins import shipped_place

OWN = """
from clusterbench.plugins import Algorithm, Family
PACKAGES = {"hdbscan": "hdbscan>=0.8; python_version > '3'", "absent": "no-such-package==1.0"}
ALGORITHM = Algorithm("own", Family.OTHER, "s", "r", lambda X, seed: None, packages=PACKAGES)
"""


@pytest.fixture
def own(tmp_path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def test_shipped_plugins_are_compared_and_those_of_a_workspace_are_sent(own):
    kmeans = str(shipped_place() / "kmeans.py")
    needs = needs_of([kmeans, str(own), kmeans, "entry point clusterbench.labeling:ALGORITHM", "/nowhere/x.py"])
    assert needs.shipped == (kmeans,)
    assert needs.sources == {str(own): OWN.encode()}
    assert needs.modules == ("clusterbench.labeling",)
    assert set(needs.packages) >= {"numpy", "scipy", "scikit-learn", "hdbscan", "no-such-package"}


def test_a_plugin_that_cannot_be_loaded_is_sent_to_fail_where_it_runs(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise ValueError('no')")
    assert needs_of([str(broken)]).sources == {str(broken): broken.read_bytes()}


def test_surroundings_are_what_is_installed_here(own):
    needs = needs_of([str(own), str(shipped_place() / "kmeans.py"), "entry point clusterbench.labeling:X"])
    found = surroundings(needs)
    assert found["Python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found["clusterbench"] == __version__
    assert found["numpy"] == numpy.__version__
    assert found["scikit-learn"] == sklearn.__version__
    assert found["no-such-package"] == "none"
    kmeans = (shipped_place() / "kmeans.py").read_bytes()
    assert found["plug-in kmeans.py"] == hashlib.sha256(kmeans).hexdigest()[:16] == digest_of(kmeans)
    assert len(found["plug-in module clusterbench.labeling"]) == 16
    assert len(found["the engine's sources"]) == 16
    assert "plug-in own.py" not in found


def test_what_is_not_there_is_none_and_no_error():
    found = surroundings(Needs((), ("/elsewhere/no_such.py",), ("no.such.module",), {}))
    assert found["plug-in no_such.py"] == found["plug-in module no.such.module"] == "none"


def test_a_shipped_plugin_is_looked_for_in_the_own_installation():
    assert shipped_path("/another/installation/algorithms/kmeans.py") == shipped_place() / "kmeans.py"


def test_differences_name_both_sides_and_can_be_limited():
    here, there = {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "5"}
    assert differences(here, there) == ["b 5 (here 2)", "c none (here 3)"]
    assert differences(here, there, names=["a", "b"]) == ["b 5 (here 2)"]
    assert differences(here, here) == []


def test_a_mismatch_names_every_member_but_does_not_go_on_for_ever():
    error = mismatch("tcp://h:1", {f"worker {number}": ["numpy 1 (here 2)"] * 20 for number in range(30)})
    assert error.where == "scheduler tcp://h:1"
    assert "worker 0 has numpy 1 (here 2), numpy" in str(error)
    assert "and 24 more" in str(error)
    assert str(error).count("numpy") == 36
