"""Where plug-ins are found, and what becomes of broken ones."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import clusterbench.plugins
from clusterbench.errors import RequestError
from clusterbench.plugins import ENTRY_POINT_GROUP, load_plugin, load_registry, plugin_places, shipped_place

SHIPPED = {
    "agglomerative",
    "autoencoder_kmeans",
    "clara",
    "dbscan",
    "gmm",
    "hdbscan",
    "kmeans",
    "kmedoids",
    "quantile_split",
    "random_labels",
    "random_voronoi",
}

PLUGIN = """
import numpy as np
from clusterbench.plugins import Algorithm, Family

ALGORITHM = Algorithm(
    name={name!r}, family=Family.OTHER, summary="all rows in turn", reference="none", packages={{}},
    build=lambda X, seed: lambda k: np.arange(len(X)) % k,
)
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "algorithms").mkdir()
    return tmp_path


def write(workspace: Path, file: str, text: str) -> Path:
    path = workspace / "algorithms" / file
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_algorithms_are_found_from_any_folder(tmp_path):
    registry = load_registry(tmp_path)
    assert set(registry) >= SHIPPED
    assert registry.broken == ()
    assert list(registry) == sorted(registry)
    assert len(registry) == len(registry.names)


def test_one_more_file_in_the_workspace_is_one_more_algorithm(workspace):
    path = write(workspace, "turns.py", PLUGIN.format(name="turns"))
    registry = load_registry(workspace)
    assert set(registry) >= SHIPPED | {"turns"}
    assert registry.where("turns") == str(path)
    assert registry["turns"].build([0] * 5, 0)(k=2).tolist() == [0, 1, 0, 1, 0]


def test_the_current_folder_is_the_default_workspace(workspace, monkeypatch):
    write(workspace, "turns.py", PLUGIN.format(name="turns"))
    monkeypatch.chdir(workspace)
    assert "turns" in load_registry()


def test_a_workspace_that_is_the_shipped_place_is_searched_once(tmp_path):
    assert plugin_places(shipped_place().parent) == (shipped_place().resolve(),)
    assert plugin_places(tmp_path) == (shipped_place().resolve(),)


def test_an_installed_package_finds_the_plugins_that_it_carries(tmp_path):
    package = Path(clusterbench.plugins.__file__).parents[1]
    shutil.copytree(package, tmp_path / "clusterbench", ignore=shutil.ignore_patterns("__pycache__", "_shipped"))
    carried = tmp_path / "clusterbench" / "_shipped" / "algorithms"
    shutil.copytree(shipped_place(), carried, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "algorithms").mkdir()  # another package's folder beside it in site-packages is none of ours
    (tmp_path / "algorithms" / "stranger.py").write_text("raise RuntimeError('never run')", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    code = "from clusterbench.plugins import *; r = load_registry(); print(shipped_place(), len(r), r.broken)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True
    )
    assert done.stdout.split(maxsplit=1) == [str(carried), f"{len(SHIPPED)} ()\n"], done.stderr


def test_a_copy_of_a_shipped_file_is_the_same_plugin(workspace):
    shutil.copy(shipped_place() / "kmeans.py", workspace / "algorithms")
    registry = load_registry(workspace)
    assert registry.broken == ()
    assert registry["kmeans"].name == "kmeans"


def test_a_file_whose_name_starts_with_an_underscore_is_no_plugin(workspace):
    write(workspace, "_shared.py", "raise RuntimeError('never run')")
    assert load_registry(workspace).broken == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_package", "cannot be imported: ModuleNotFoundError: No module named 'no_such_package'"),
        ("def f(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("x = 1", "holds nothing called ALGORITHM; ALGORITHM = Algorithm(...)"),
        ("ALGORITHM = {}", "holds a dict called ALGORITHM"),
        (PLUGIN.format(name="No Name"), "cannot be imported: ValueError: the name 'No Name' is not of the form"),
    ],
)
def test_a_broken_file_is_recorded_and_refused_only_when_it_is_asked_for(workspace, text, reason):
    path = write(workspace, "mine.py", text)
    registry = load_registry(workspace)
    assert set(registry) >= SHIPPED
    [broken] = registry.broken
    assert (broken.name, broken.where) == ("mine", str(path))
    assert broken.reason.startswith(reason)
    assert "mine" not in registry
    with pytest.raises(RequestError) as caught:
        registry["mine"]
    assert caught.value.where == str(path)
    assert broken.reason in str(caught.value)


def test_two_plugins_of_one_name_are_both_refused_and_both_named(workspace):
    path = write(workspace, "kmeans.py", PLUGIN.format(name="kmeans"))
    registry = load_registry(workspace)
    assert "gmm" in registry
    with pytest.raises(RequestError, match="2 plug-ins have this name") as caught:
        registry.where("kmeans")
    assert str(path) in str(caught.value)
    assert str(shipped_place() / "kmeans.py") in str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest_spelling(tmp_path):
    with pytest.raises(RequestError, match="unknown algorithm 'kmean', did you mean 'kmeans'"):
        load_registry(tmp_path)["kmean"]


def test_one_plugin_can_be_loaded_by_its_place_alone_under_a_name_of_its_own(workspace):
    path = write(workspace, "hdbscan.py", PLUGIN.format(name="mine"))
    before = sys.modules.get("hdbscan")
    assert load_plugin(path).name == load_plugin(str(path)).name == "mine"
    assert sys.modules.get("hdbscan") is before
    names = [name for name in sys.modules if name.startswith("clusterbench_plugin_hdbscan_")]
    assert sum(sys.modules[name].__file__ == str(path) for name in names) == 1


def test_loading_again_runs_the_file_anew(workspace):
    path = write(workspace, "turns.py", PLUGIN.format(name="turns"))
    assert load_plugin(path).name == "turns"
    path.write_text(PLUGIN.format(name="returns"), encoding="utf-8")
    assert load_plugin(path).name == "returns"


def test_a_place_that_is_none_is_a_wrong_request(tmp_path):
    with pytest.raises(RequestError, match="FileNotFoundError"):
        load_plugin(tmp_path / "none.py")
    with pytest.raises(RequestError, match=r"none\.txt is not a Python file"):
        load_plugin(tmp_path / "none.txt")


def test_plugins_of_installed_packages_are_found(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "turning_package.py").write_text(PLUGIN.format(name="turns"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    entries = [
        importlib.metadata.EntryPoint("turns", "turning_package:ALGORITHM", ENTRY_POINT_GROUP),
        importlib.metadata.EntryPoint("gone", "no_such_package:ALGORITHM", ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries if group == ENTRY_POINT_GROUP else [])
    registry = load_registry(tmp_path)
    assert registry.where("turns") == "entry point turning_package:ALGORITHM"
    assert load_plugin(registry.where("turns")).name == "turns"
    assert [plugin.name for plugin in registry.broken] == ["gone"]


def test_a_workspace_with_a_folder_or_unreadable_name_does_not_stop_the_search(workspace):
    (workspace / "algorithms" / "folder.py").mkdir()
    assert load_registry(workspace).broken == ()
