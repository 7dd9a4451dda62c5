"""`new` and `check` in the terminal."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["algorithm", "metric", "step"])
def test_what_new_writes_conforms_and_is_not_overwritten(folder, call, kind):
    assert call("new", kind, "mine").status == 0
    assert {path.name for path in folder.rglob("*.*") if path.is_file()} == {"mine.py", "test_mine.py", "mine.toml"}
    ended = call("check", "mine", "--json")
    verdict = json.loads(ended.out)
    assert (ended.status, verdict["kind"], verdict["conforms"]) == (0, kind, True)
    again = call("new", kind, "mine")
    assert (again.status, f"there is {kind} 'mine' already" in again.err) == (2, True)


def test_a_name_that_is_taken_or_no_name_is_refused(folder, call):
    assert "there is algorithm 'kmeans' already" in call("new", "algorithm", "kmeans").err
    assert "the name 'My-Own'" in call("new", "metric", "My-Own").err
    assert not list(folder.iterdir())


def test_check_says_which_check_fails_and_ends_with_status_1(folder, call):
    path = folder / "same.py"
    path.write_text(
        "import numpy as np\nfrom clusterbench.plugins import Algorithm, Family\n"
        "ALGORITHM = Algorithm(name='same', family=Family.OTHER, summary='s', reference='r', packages={},\n"
        "    build=lambda X, seed: lambda k: np.zeros(len(X), dtype=int))\n"
    )
    ended = call("check", "same.py")
    assert ended.status == 1
    assert "same does not conform: k_honoured" in ended.out
    assert "k=5: 1 clusters, k=3: 1 clusters, k=2: 1 clusters" in ended.out


def test_an_unknown_name_is_refused_with_the_nearest_one(folder, call):
    assert "unknown plug-in 'kmean', did you mean 'kmeans'?" in call("check", "kmean").err
    assert "no file 'none.py'" in call("check", "none.py").err
