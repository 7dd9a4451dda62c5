"""Where plug-ins are found, and what becomes of broken ones."""

from __future__ import annotations

import importlib.metadata
import os
import random
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import clusterbench.plugins
from clusterbench.errors import RequestError
from clusterbench.plugins import kept_state, load_plugin, load_registry, shipped_place

SHIPPED = {
    *("agglomerative", "autoencoder_kmeans", "birch", "bisecting_kmeans", "clara", "dbscan", "fasterpam", "genie"),
    *("gmm", "hdbscan", "kmeans", "kmedoids", "minibatch_kmeans", "quantile_split", "random_labels"),
    *("random_voronoi", "spectral"),
}
PLUGIN = """
import numpy as np
from clusterbench.plugins import Algorithm, Family

ALGORITHM = Algorithm(
    name={name!r}, family=Family.OTHER, summary="all rows in turn", reference="none", packages={{}},
    build=lambda X, seed: lambda k: np.arange(len(X)) % k,
)
"""
STEP = """
from clusterbench.plugins import Step

class Doubled(Step):
    "Double every value."
    {body}

    def estimator(self):
        from sklearn.preprocessing import FunctionTransformer
        return FunctionTransformer(lambda X: 2 * X, feature_names_out="one-to-one")

STEP = Doubled
"""
CHANGES = """
import os, random, sys, warnings
import numpy as np
os.chdir("/")
os.environ["CLUSTERBENCH_TEST"] = "changed"
os.environ.pop("PATH")
warnings.simplefilter("ignore")
np.seterr(all="ignore")
random.seed(1)
np.random.seed(1)
sys.path.clear()
sys.setrecursionlimit(5000)
"""
BROKEN_ALGORITHMS = {
    "absent": ("import no_such_package", "cannot be imported: ModuleNotFoundError: No module named 'no_such_package'"),
    "syntax": ("def f(:", "cannot be imported: SyntaxError"),
    "exits": ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    "divides": (CHANGES + "1 / 0", "cannot be imported: ZeroDivisionError"),
    "empty": ("x = 1", "holds nothing called ALGORITHM; ALGORITHM = Algorithm(...)"),
    "table": ("ALGORITHM = {}", "holds a dict called ALGORITHM; ALGORITHM = Algorithm(...)"),
    "spaced": (PLUGIN.format(name="No Name"), "cannot be imported: ValueError: the name 'No Name' is not of the form"),
    "ends": ("import os; os._exit(0)", "its import ended the process (exit code 0)"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "its import ended the process (signal 11)"),
}
BROKEN_STEPS = {
    "no_name": (STEP.format(body=""), "Doubled has no name; name = "),
    "no_version": (STEP.format(body="name = 'd'; version = None"), "version = None; an integer of at least 1"),
    "no_estimator": (
        "from clusterbench.plugins import Step\nclass Mine(Step):\n    name = 'mine'\nSTEP = Mine",
        "Mine has no estimator; def estimator(self): ...",
    ),
    "instance": ("STEP = 3", "holds a int called STEP; STEP = MyStep"),
    "no_type": (STEP.format(body="name = 'd'; by = 2"), "cannot be imported: PydanticUserError: A non-annotated"),
    "impute": (STEP.format(body="name = 'impute'"), "2 steps have this name: clusterbench.preprocessing and "),
}


def write(workspace: Path, file: str, text: str, kind: str = "algorithms") -> Path:
    path = workspace / kind / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def process_state() -> tuple[object, ...]:
    return (
        *(os.getcwd(), dict(os.environ), np.geterr(), list(warnings.filters), list(sys.path), sys.getrecursionlimit()),
        *(random.getstate(), np.random.get_state()[1].tolist()),  # noqa: NPY002
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A workspace with usable and broken plug-ins."""
    folder = tmp_path_factory.mktemp("workspace")
    write(folder, "turns.py", CHANGES + PLUGIN.format(name="turns"))
    write(folder, "_shared.py", "raise RuntimeError('never run')")
    shutil.copy(shipped_place() / "kmeans.py", folder / "algorithms")
    (folder / "algorithms" / "folder.py").mkdir()
    write(folder, "doubled.py", STEP.format(body="name = 'doubled'; version = 2"), "steps")
    for name, (text, _) in BROKEN_ALGORITHMS.items():
        write(folder, f"{name}.py", text)
    for name, (text, _) in BROKEN_STEPS.items():
        write(folder, f"{name}.py", text, "steps")
    return folder


@pytest.fixture(scope="module")
def loaded(workspace):
    """The registry of the workspace, and the state of the process before and after."""
    before = process_state()
    registry = load_registry(workspace)
    return registry, before, process_state()


def test_shipped_algorithms_and_built_in_steps_are_found_from_any_folder(tmp_path):
    registry = load_registry(tmp_path)
    assert set(registry.algorithms) == SHIPPED
    assert {"impute", "pca", "drop"} <= set(registry.steps)
    assert registry.broken == ()
    assert list(registry.algorithms) == sorted(registry.algorithms)


def test_one_more_file_in_the_workspace_is_one_more_plugin(workspace, loaded):
    registry = loaded[0]
    assert set(registry.algorithms) == SHIPPED | {"turns"}
    where = str(workspace / "algorithms" / "turns.py")
    assert registry.algorithms.where("turns") == registry.algorithms["turns"].source == where
    assert registry.algorithms["turns"].build([0] * 5, 0)(k=2).tolist() == [0, 1, 0, 1, 0]
    assert registry.steps["doubled"].version == 2
    assert registry.steps["doubled"].source == str(workspace / "steps" / "doubled.py")


def test_a_workspace_that_is_the_shipped_place_is_searched_once():
    registry = load_registry(shipped_place().parent)
    assert (set(registry.algorithms), registry.broken) == (SHIPPED, ())


def test_an_installed_package_finds_the_plugins_that_it_carries(tmp_path):
    package = Path(clusterbench.plugins.__file__).parents[1]
    shutil.copytree(package, tmp_path / "clusterbench", ignore=shutil.ignore_patterns("__pycache__", "_shipped"))
    carried = tmp_path / "clusterbench" / "_shipped" / "algorithms"
    shutil.copytree(shipped_place(), carried, ignore=shutil.ignore_patterns("__pycache__"))
    write(tmp_path, "other.py", "raise RuntimeError('never run')")  # another package's folder in site-packages
    (tmp_path / "elsewhere").mkdir()
    code = (
        "from clusterbench.plugins import *; r = load_registry(); print(shipped_place(), len(r.algorithms), r.broken)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True
    )
    assert done.stdout.split(maxsplit=1) == [str(carried), f"{len(SHIPPED)} ()\n"], done.stderr


@pytest.mark.parametrize("name", [*BROKEN_ALGORITHMS, *BROKEN_STEPS])
def test_a_broken_plugin_is_refused_only_when_it_is_asked_for(workspace, loaded, name):
    registry = loaded[0]
    kind = "algorithms" if name in BROKEN_ALGORITHMS else "steps"
    _, reason = (BROKEN_ALGORITHMS | BROKEN_STEPS)[name]
    plugins = getattr(registry, kind)
    [broken] = [plugin for plugin in registry.broken if plugin.name == name]
    assert broken.where == str(workspace / kind / f"{name}.py")
    assert broken.reason.startswith(reason)
    assert name not in plugins
    with pytest.raises(RequestError) as caught:
        plugins[name]
    assert caught.value.where == broken.where
    assert f"{plugins.word} {name!r} cannot be used: {broken.reason}" in str(caught.value)


def test_loading_restores_what_an_import_changes_in_this_process(loaded):
    _, before, after = loaded
    assert after == before


def test_two_plugins_of_one_name_are_both_refused_and_both_named(tmp_path, monkeypatch):
    path = write(tmp_path, "kmeans.py", PLUGIN.format(name="kmeans"))
    monkeypatch.chdir(tmp_path)
    algorithms = load_registry().algorithms  # of the current folder
    assert "gmm" in algorithms
    with pytest.raises(RequestError, match="2 algorithms have this name") as caught:
        algorithms.where("kmeans")
    assert str(path) in str(caught.value)
    assert str(shipped_place() / "kmeans.py") in str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest_spelling(loaded):
    with pytest.raises(RequestError, match="unknown algorithm 'kmean', did you mean 'kmeans'"):
        loaded[0].algorithms["kmean"]
    with pytest.raises(RequestError, match="unknown step 'double', did you mean 'doubled'"):
        loaded[0].steps["double"]


def test_one_plugin_can_be_loaded_from_its_file_under_a_module_name_of_its_own(tmp_path):
    path = write(tmp_path, "hdbscan.py", PLUGIN.format(name="mine"))
    before = sys.modules.get("hdbscan")
    assert load_plugin(path).name == load_plugin(str(path)).name == "mine"
    assert sys.modules.get("hdbscan") is before
    names = [name for name in sys.modules if name.startswith("clusterbench_plugin_hdbscan_")]
    assert sum(sys.modules[name].__file__ == str(path) for name in names) == 1
    path.write_text(PLUGIN.format(name="edited"), encoding="utf-8")
    assert load_plugin(path).name == "edited"


def test_a_place_without_a_plugin_is_a_wrong_request(tmp_path):
    with pytest.raises(RequestError, match="FileNotFoundError"):
        load_plugin(tmp_path / "none.py")
    with pytest.raises(RequestError, match=r"none\.txt is not a Python file"):
        load_plugin(tmp_path / "none.txt")


def test_plugins_of_installed_packages_are_found(tmp_path, monkeypatch):
    (tmp_path / "turning_package.py").write_text(
        PLUGIN.format(name="turns") + STEP.format(body="name = 'doubled'"), encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    groups = {
        "clusterbench.algorithms": [
            importlib.metadata.EntryPoint("turns", "turning_package:ALGORITHM", "clusterbench.algorithms"),
            importlib.metadata.EntryPoint("gone", "no_such_package:ALGORITHM", "clusterbench.algorithms"),
        ],
        "clusterbench.steps": [importlib.metadata.EntryPoint("doubled", "turning_package:STEP", "clusterbench.steps")],
    }
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: groups.get(group, []))
    registry = load_registry(tmp_path / "no_workspace")
    assert registry.algorithms.where("turns") == "entry point turning_package:ALGORITHM"
    assert load_plugin(registry.algorithms.where("turns")).name == "turns"
    assert registry.steps["doubled"].__name__ == "Doubled"
    assert [plugin.name for plugin in registry.broken] == ["gone"]


def test_an_import_that_does_not_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("clusterbench.plugins.plugin_loading.IMPORT_SECONDS", 1.0)
    write(tmp_path, "hangs.py", "import time\ntime.sleep(300)\n")
    (broken,) = load_registry(tmp_path).broken
    assert (broken.name, broken.reason) == ("hangs", "its import did not end within 1 s")


def test_a_thread_that_an_import_leaves_running_is_not_waited_for(tmp_path):
    code = "import sys, threading, time\nif sys.argv[0] == '-c':  # in the process that tries the import\n"
    code += "    threading.Thread(target=time.sleep, args=(300,)).start()\n"
    write(tmp_path, "thread.py", code + PLUGIN.format(name="thread"))
    start = time.monotonic()
    assert "thread" in load_registry(tmp_path).algorithms
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("raises", [False, True])
def test_what_a_job_changes_is_restored(raises, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    before = process_state()
    try:
        with kept_state():
            os.chdir(gone)
            gone.rmdir()
            os.environ["CLUSTERBENCH_TEST"] = "changed"
            sys.path[:] = [str(tmp_path)]
            sys.setrecursionlimit(sys.getrecursionlimit() + 17)
            if raises:
                raise KeyError("inside")
    except KeyError:
        assert raises
    assert process_state() == before
