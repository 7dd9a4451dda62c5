"""`init`: from a table to a page, and requests that it refuses."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterbench import RequestError
from clusterbench.benchmark import draft_toml

QUICK = """
[ranking]
random_partitions = 0
bootstraps = 5
[stability]
resamples = 2
[structure]
permutations = 0
"""


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    """A table with a category, a date, an id and decimal commas; its folder is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    group = np.arange(60) % 3
    frame = pd.DataFrame({"id": [f"C{i}" for i in range(60)], "spend": (rng.normal(size=60) + 9 * group + 20).round(2)})
    frame["region"] = np.array(["north", "south", "west"])[group]
    frame["since"] = [f"{1 + i % 28:02}.01.2024" for i in range(60)]
    frame.to_csv("shop.csv", index=False, sep=";", decimal=",")
    return tmp_path


def test_a_mixed_table_comes_to_a_page_without_an_edit(shop, call):
    ended = call("init", "shop.csv")
    assert ended.status == 0
    assert ended.out.splitlines()[0] == "shop.csv: separator ';', decimal ',': 60 rows, 4 columns: 3 features and 1 id"
    assert "clusterbench run shop.toml --quick" in ended.out
    toml = Path("shop.toml")
    toml.write_text(toml.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    only = ("--only", "algorithm=kmeans", "--only", "k=3", "--only", "variant=standard")
    ended = call("run", "shop.toml", "--jobs", "0", *only)
    assert ended.status == 0, ended.err
    assert "table    shop.csv: separator ';', decimal ','" in ended.out
    page = Path("reports/shop-part/index.html").read_text(encoding="utf-8")
    assert "one-hot" in page
    assert "separator" in page
    cells = pd.read_csv("reports/shop-part/cells.csv")
    assert cells["status"].tolist() == ["ok"]
    assert (cells["smallest"] == 20).all()


def test_every_dropped_column_has_its_own_reason(shop):
    n = range(40)
    columns = {
        "x": [i % 7 for i in n],
        "id": [f"A{i}" for i in n],
        "code": [f"B{i}" for i in n],
        "note": [f"is {i}" for i in n],
    }
    pd.DataFrame(columns).assign(one="a", y=[7 * i % 11 for i in n]).to_csv("t.csv", index=False)
    text = draft_toml("t.csv", folder=Path())
    assert "# code: different in every row; note: text; one: no two different values" in text


def test_a_line_settles_what_the_file_leaves_open(shop, call):
    Path("sums.csv").write_text("x,y\n" + "".join(f'{i},"{i + 1},{100 + i}"\n' for i in range(9)))
    assert 'allowed: decimal = "," or decimal = "."' in call("init", "sums.csv").err
    assert call("init", "sums.csv", "--with", 'decimal = "."', "--with", 'drop = ["x"]').status == 0
    declared = tomllib.loads(Path("sums.toml").read_text())["datasets"][0]
    assert declared == {"path": "sums.csv", "decimal": ".", "drop": ["x"]}
    for line, said in {"decimal = ": "not valid TOML", 'decimla = "."': "did you mean 'decimal'?"}.items():
        ended = call("init", "sums.csv", "--with", line, "--out", "other.toml")
        assert (ended.status, said in ended.err) == (2, True), ended.err


def test_requests_that_cannot_be_met_are_refused(shop, call):
    Path("shop.toml").write_text("mine")
    for arguments, said in {
        ("shop.csv",): "shop.toml exists (allowed: --out with another name",
        ("shp.csv",): "shp.csv does not exist, did you mean 'shop.csv'?",
        ("shop.csv", "--out", "x.txt"): "x.txt is no name of a benchmark file",
        ("shop.csv", "--out", "no/x.toml"): "no/x.toml cannot be written",
        ("shop.toml",): "unknown kind of file '.toml'",
        (".",): "is a folder",
        ("sqlite:///shop.db",): 'sql and database go together: sql = "SELECT ..."',
        ("sqlite:///shop.db", "--with", 'sql = "SELECT 1"'): "shop.db does not exist or is no file",
        ("nonsense://x", "--with", 'sql = "SELECT 1"'): "(allowed: sqlite:///FILE, duckdb:///FILE",
        ("http://127.0.0.1:9/t.csv",): "no connection to 127.0.0.1:9",
    }.items():
        ended = call("init", *arguments)
        assert ended.status == 2
        assert said in ended.err
        assert "Traceback" not in ended.err
    assert Path("shop.toml").read_text() == "mine"
    ended = call("run", "https://host/t.csv")
    assert (ended.status, "clusterbench init writes one for an address" in ended.err) == (2, True)


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_table_has_a_draft_or_is_refused(shop, data):
    content = bytearray(Path("shop.csv").read_bytes()[:400])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    Path("mutated.csv").write_bytes(bytes(content))
    with contextlib.suppress(RequestError):
        assert draft_toml(Path("mutated.csv"), folder=Path()).startswith("# mutated.csv")


def test_run_takes_the_lines_that_init_takes(shop, call):
    only = ("--only", "algorithm=kmeans", "--only", "k=3", "--only", "variant=standard", "--dry-run")
    Path("sums.csv").write_text("x,y\n" + "".join(f'{i % 7},"{i % 9 + 1},{100 + i}"\n' for i in range(60)))
    assert 'allowed: decimal = "," or decimal = "."' in call("run", "sums.csv", *only).err
    assert call("run", "sums.csv", "--with", 'decimal = "."', *only).status == 0
    ended = call("run", "shop.csv", "--with", 'drop = ["regoin"]', *only)
    assert (ended.status, "did you mean 'region'?" in ended.err) == (2, True), ended.err
    Path("shop.toml").write_text("")
    assert "shop.toml is no table" in call("run", "shop.toml", "--with", 'decimal = "."').err
