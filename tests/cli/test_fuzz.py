"""Mutated benchmark files and tables: a wrong request that is explained, or a run; nothing else.

`CLUSTERBENCH_FUZZ_EXAMPLES` sets the number of examples per test (default 40; the long form is `tox -e fuzz`).
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterbench import run
from clusterbench.errors import RequestError
from clusterbench.running import Settings, Silent

EXAMPLES = int(os.environ.get("CLUSTERBENCH_FUZZ_EXAMPLES", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TOML = """title = "Fuzz"
seeds = [0]
k = [2]
reference_spaces = ["standard"]
metrics = ["silhouette", "davies_bouldin"]
[[datasets]]
path = "table.csv"
rows = "all"
drop = ["CUST_ID"]
[datasets.groups]
money = ["a", "b"]
[variants]
raw = [{ step = "impute", strategy = "median" }]
standard = [{ step = "impute" }, { step = "clip", lower = 0.01, upper = 0.99 }, { step = "standardize" }]
pca = [{ step = "impute" }, { step = "standardize" }, { step = "pca", n_components = 2 }]
[noise]
policy = "zero"
[gate]
min_rows = 2
min_share = 0.01
max_share = 0.95
max_noise = 0.3
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
[limits]
seconds = 60
[[algorithms]]
use = "kmeans"
n_init = 1
variants = ["raw", "standard", "pca"]
[[algorithms]]
use = "dbscan"
eps_quantile = [0.9]
min_samples = 4
"""
ODD = st.sampled_from(
    [
        *(
            "0",
            "-1",
            "1",
            "2",
            "1e308",
            "-0.0",
            "nan",
            "inf",
            "true",
            '""',
            '"x"',
            "[]",
            "[[]]",
            "{}",
            "[1, 2]",
            '["a"]',
        ),
        *("99999999999999999999", "1979-05-27", '"\\u0000"', '"é"', "{ from = 2, to = 3 }", '{ step = "x" }', "[{}]"),
    ]
)
JUNK = st.text(alphabet='[]{}="#.,\n -_x0\x00é', min_size=0, max_size=3)


@st.composite
def mutated_toml(draw):
    lines = TOML.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["value", "key", "delete", "repeat", "swap", "junk"]))
        key, equals, _ = lines[at].partition(" = ")
        if kind == "value" and equals:
            lines[at] = f"{key} = {draw(ODD)}"
        elif kind == "key" and equals:
            cut = draw(st.integers(0, len(key)))
            lines[at] = key[:cut] + draw(JUNK) + key[cut + 1 :] + lines[at][len(key) :]
        elif kind == "delete":
            del lines[at]
        elif kind == "repeat":
            lines.insert(draw(st.integers(0, len(lines))), lines[at])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            cut = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut] + draw(JUNK) + lines[at][cut:]
        if not lines:
            break
    return "\n".join(lines)


CELLS = st.sampled_from(
    [
        *("", " ", "nan", "NA", "inf", "-inf", "1e400", "-1e400", "1e-320", "1e308", "-1", "0", "x", '"', "'", ";"),
        *("\x00", "é", "1,5", "1_000", "0x10", "True", "=1+1", "1970-01-01", "9" * 400),
    ]
)


@st.composite
def mutated_csv(draw, table: pd.DataFrame):
    rows = [line.split(",") for line in table.to_csv(index=False).splitlines()]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.integers(0, len(rows) - 1))
        kind = draw(st.sampled_from(["cell", "drop cell", "add cell", "column", "drop rows", "repeat row", "same row"]))
        column = draw(st.integers(0, max(len(rows[row]) - 1, 0)))
        if kind == "cell" and rows[row]:
            rows[row][column] = draw(CELLS)
        elif kind == "drop cell" and rows[row]:
            del rows[row][column]
        elif kind == "add cell":
            rows[row].insert(column, draw(CELLS))
        elif kind == "column":
            value = draw(CELLS)
            for other in rows[1:]:
                if column < len(other):
                    other[column] = value
        elif kind == "drop rows":
            del rows[draw(st.integers(0, len(rows) - 1)) :]
        elif kind == "repeat row":
            rows.insert(row, list(rows[row]))
        else:
            rows[1:] = [list(rows[-1]) for _ in rows[1:]]
        if not rows:
            break
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1"]))
    return "\n".join(",".join(row) for row in rows).encode(encoding, errors="replace")


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(7)
    table = pd.DataFrame(rng.normal(size=(24, 3)) + 5 * (np.arange(24) % 2)[:, None], columns=["a", "b", "c"])
    table.insert(0, "CUST_ID", [f"C{i}" for i in range(24)])
    table.to_csv("table.csv", index=False)
    Path("bench.toml").write_text(TOML)
    return table


def outcome() -> str:
    """Run the benchmark; everything but a `RequestError` or a result is a failure of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            done = run("bench.toml", settings=Settings(workers=0), progress=Silent())
        except RequestError as error:
            told = str(error)
            assert told
            assert "Traceback" not in told
            assert len(told) < 2000
            return "refused"
    assert not done.cells.empty
    assert done.n_failed == 0, done.cells.loc[done.cells["status"] == "failed", "reason"].tolist()
    return "ran"


def test_the_unchanged_files_run(study):
    assert outcome() == "ran"


@FUZZ
@given(text=mutated_toml())
def test_a_mutated_benchmark_file_is_refused_or_runs(study, text):
    Path("bench.toml").write_text(text, encoding="utf-8")
    outcome()


@FUZZ
@given(data=st.data())
def test_a_mutated_table_is_refused_or_runs(study, data):
    Path("table.csv").write_bytes(data.draw(mutated_csv(study)))
    outcome()


@FUZZ
@given(flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6))
def test_flipped_bytes_are_refused_or_run(study, flips):
    for name, original in (("bench.toml", TOML.encode()), ("table.csv", study.to_csv(index=False).encode())):
        raw = bytearray(original)
        for at, byte in flips:
            raw[at % len(raw)] = byte
        Path(name).write_bytes(bytes(raw))
        outcome()
        Path(name).write_bytes(original)
