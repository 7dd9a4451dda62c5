"""The Slurm example of the documentation, executed against a queue that starts each job at once."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import subprocess_environment

# Not imported here: its import replaces this process's handler of SIGINT.
pytestmark = pytest.mark.skipif(find_spec("dask_jobqueue") is None, reason="needs dask-jobqueue")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "many-machines.md"
SBATCH = """#!/bin/sh
for script; do :; done
cp "$script" "$QUEUE/$$.sh"
setsid sh "$QUEUE/$$.sh" > "$QUEUE/$$.log" 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = '#!/bin/sh\nfor job; do kill -- "-$job"; done\n'
TOML = """
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 0
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
"""
CHANGES = {
    "cores=8": "cores=1",
    "processes=8": "processes=1",
    '"source /shared/venv/bin/activate"': '"true"',
    "jobs=10)": "jobs=2)",
    '"credit-card"': '"blobs.toml"',
}


def test_the_example_runs_on_the_queue_and_gives_the_labels_of_one_machine(tmp_path):
    [code] = re.findall(r"```python\n(from dask_jobqueue.*?)```", DOCS.read_text(), flags=re.DOTALL)
    for text, other in CHANGES.items():
        assert text in code
        code = code.replace(text, other)
    values = np.random.default_rng(0).normal(size=(60, 2)) + 8 * (np.arange(60) % 2)[:, None]
    pd.DataFrame(values, columns=["x", "y"]).to_csv(tmp_path / "blobs.csv", index=False)
    (tmp_path / "blobs.toml").write_text(TOML)
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    environment = subprocess_environment(QUEUE=tmp_path)
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    end = "\nprint(run.manifest.executor, *run.cells['labels_sha256'])\n"
    here = "\nprint(*clusterbench.run('blobs.toml', results='here').cells['labels_sha256'])\n"
    (tmp_path / "example.py").write_text(f"if __name__ == '__main__':\n{_indented(code + end + here)}")
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    (executor, *there), here_too = (line.split() for line in done.stdout.splitlines())
    assert executor == "dask"
    assert there == here_too
    assert len(list(tmp_path.glob("*.sh"))) == 2


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())
