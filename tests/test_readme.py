"""The examples of the README work."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from clusterbench.benchmark import parse_benchmark
from clusterbench.cli import main
from clusterbench.datasets import load_dataset
from clusterbench.plugins import check_algorithm, load_plugin, load_registry
from clusterbench.preprocessing import fit_space

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_benchmark_file_of_the_readme_is_valid():
    (text,) = blocks("toml")
    bench = parse_benchmark(text, load_registry(None), path=Path("README.toml"))
    assert {run.algorithm.name for run in bench.runs} == {"kmeans", "dbscan"}
    assert len(bench.jobs()) == 2 * 2 * 3 + 3


@pytest.mark.parametrize("number", [0, 1])
def test_the_plugins_of_the_readme_pass_the_conformance_check(tmp_path, number):
    sources = [block for block in blocks("python") if "ALGORITHM" in block]
    path = tmp_path / "mine.py"
    path.write_text(sources[number])
    failed = [check for check in check_algorithm(load_plugin(path)) if not check.ok]
    assert failed == []


def test_the_step_of_the_readme_works_in_a_benchmark(tmp_path):
    (source,) = [block for block in blocks("python") if "STEP" in block]
    assert len(source.splitlines()) <= 30
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "signed_root.py").write_text(source)
    text = """
    title = "T"
    k = [2]
    datasets = [{ use = "iris" }]
    algorithms = [{ use = "kmeans" }]
    reference_spaces = ["rooted"]
    variants.rooted = [{ step = "impute" }, { step = "signed_root", degree = 3 }]
    """
    bench = parse_benchmark(text, load_registry(tmp_path), path=Path("README.toml"))
    dataset = load_dataset(bench.datasets[0], base=tmp_path)
    values = fit_space(dataset, bench.variants["rooted"], where="v").values
    np.testing.assert_allclose(values, np.cbrt(dataset.frame.to_numpy()), rtol=1e-12)


def test_the_commands_of_the_readme_exist_with_their_options(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    lines = [line for block in blocks("") for line in block.splitlines() if line.startswith("clusterbench ")]
    assert len(lines) >= 9
    for line in lines:
        words = shlex.split(line.partition("#")[0].replace("[", " ").replace("]", " "))
        monkeypatch.setattr(sys, "argv", ["clusterbench", words[1], "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
        assert not ended.value.code, line
        assert {word for word in words if word.startswith("--")} <= known, line


def test_the_python_example_of_the_readme_runs(tmp_path, monkeypatch):
    (source,) = [block for block in blocks("python") if "clusterbench.run(" in block]
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(source, names)
    assert sorted(names["run"].labels().value_counts()) == [60, 60, 60]
    assert (tmp_path / "report" / "index.html").exists()


def test_every_link_into_the_repository_leads_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []
