"""The verbs, as a user calls them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import clusterbench
from clusterbench.cli import verbs
from clusterbench.labeling import canonical, labels_sha256
from clusterbench.metrics import COSTLY, METRICS
from clusterbench.tables import csv_text

from .conftest import TOML, environment


def test_a_run_prints_the_top_of_the_leaderboard_and_what_it_wrote(finished):
    assert "kmeans" in finished.out
    # 2 algorithms x 2 variants x 2 k x 2 seeds; ward has no seed, so that its 4 fits serve 8 cells.
    assert "16 partitions asked for: 12 fitted, 12 of them now; 4 shared" in finished.out
    first, others = re.search(r"^wrote    reports/blobs/(.*)\n +beside it: (.*)$", finished.out, re.MULTILINE).groups()
    names = [first, *others.split(", ")]
    assert names[0] == "index.html"
    for name in ("leaderboard.md", "leaderboard.csv", "scores.csv", "cells.csv", "manifest.json", "figures", "labels"):
        assert names.count(name) == 1
        assert (finished.folder / "reports" / "blobs" / name).exists()


def test_the_version_is_printed_and_every_verb_knows_the_short_help(call):
    assert call("--version").out == f"clusterbench {clusterbench.__version__}\n"
    assert call("run", "-h").out == call("run", "--help").out != ""


def test_progress_in_a_log_is_plain_lines(finished):
    assert "fitting: 12 of 12" in finished.err
    assert "\x1b" not in finished.err + finished.out


def test_a_stage_of_a_short_run_is_one_line_in_a_log(finished):
    stages = [line.split(" ", 1)[1].partition(":")[0] for line in finished.err.splitlines()]
    assert stages == ["fitting", "scoring", "draws", "scoring draws", "details", "report"]


def test_a_quiet_run_prints_nothing_where_nothing_fails(own, call):
    assert call("run", "blobs.toml", "--jobs", "0", "--quiet") == (0, "", "")


@pytest.mark.parametrize("arguments", [("run", "blobs.toml", "--jobs", "0", "--quiet"), ("report",)])
def test_the_page_opens_in_the_browser(own, call, monkeypatch, arguments):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    out = call(*arguments, "--open").out
    assert opened == [(own / "reports" / "blobs" / "index.html").as_uri()]
    assert "no browser could be started; the page is reports/blobs/index.html" in out  # `append` returns None


def test_the_first_failures_are_named_at_the_end_with_the_table_of_all(own, call):
    Path("algorithms").mkdir()
    Path("algorithms/picky.py").write_text(
        "from clusterbench.plugins import Algorithm, Family\n"
        "def build(X, seed):\n"
        "    def cutter(k):\n"
        "        raise ValueError(f'no {k} for me')\n"
        "    return cutter\n"
        "ALGORITHM = Algorithm('picky', Family.OTHER, summary='s', reference='r', build=build, packages={})\n"
    )
    text = TOML.replace("k = [2, 3]", "k = [2, 3, 4, 5]").replace('"kmeans"\nn_init = 1', '"picky"')
    Path("picky.toml").write_text(text)
    ended = call("run", "picky.toml", "--jobs", "0", "--quiet")
    assert ended.status == 1
    where = "(picky.py:4) (4 partitions: blobs / raw, blobs / standard)"
    assert ended.out.splitlines() == [
        *(f"failed   picky: ValueError: no {k} for me {where}" for k in (2, 3, 4)),
        "1 more reason and all 16 failed partitions: reports/picky/cells.csv, column reason",
    ]


def test_a_run_without_any_labels_ends_with_a_page_and_status_1(own, call):
    Path("algorithms").mkdir()
    Path("algorithms/picky.py").write_text(
        "from clusterbench.plugins import Algorithm, Family\n"
        "def build(X, seed):\n"
        "    raise ValueError('not these rows')\n"
        "ALGORITHM = Algorithm('picky', Family.OTHER, summary='s', reference='r', build=build, packages={})\n"
    )
    Path("none.toml").write_text(TOML.split("[[algorithms]]")[0] + '[[algorithms]]\nuse = "picky"\n')
    ended = call("run", "none.toml", "--jobs", "0", "--quiet")
    assert (ended.status, ended.err) == (1, "")
    assert "Nothing was ranked: 8 partitions: 8 failed. Most often: ValueError: not these rows" in ended.out
    assert "No entry could be ranked" in Path("reports/none/index.html").read_text()


def test_a_dry_run_has_one_line_for_each_setting(workspace, call):
    out = call("run", "blobs.toml", "--dry-run").out
    rows = [[field.strip() for field in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert rows == [
        ["blobs", "kmeans", "k = 2, 3", "all 2", "0, 1", "0"],
        ["blobs", "agglomerative", "k = 2, 3", "all 2", "0, 1", "0"],
    ]
    assert "Variants: raw, standard." in out


def test_a_dry_run_prints_the_open_cells_and_writes_nothing(workspace, call, tmp_path):
    ended = call("run", "blobs.toml", "--dry-run", "--results", str(tmp_path / "none"))
    assert ended.status == 0
    assert "16 are to do" in ended.out
    assert "never timed here" in ended.out
    assert not (tmp_path / "none").exists()


def test_a_dry_run_estimates_from_earlier_timings(own, call):
    assert "16 partitions need no work, 0 are to do" in call("run", "blobs.toml", "--dry-run").out
    Path("more.toml").write_text(TOML.replace("k = [2, 3]", "k = [2, 3, 4]"))
    out = call("run", "more.toml", "--dry-run").out
    assert "16 partitions need no work, 8 are to do" in out
    assert "Estimate: " in out
    assert "unknown" not in out


def test_the_exported_tables_have_the_documented_columns(workspace, call, tmp_path):
    assert call("export", "--format", "csv", "--out", str(tmp_path / "out")).status == 0
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert ",".join(scores.columns) == (
        "benchmark,dataset,variant,algorithm,params,cut,k,seed,labels_sha256,space,metric,value,status,reason"
    )
    cells = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert ",".join(cells.columns) == (
        "benchmark,dataset,variant,algorithm,params,cut,k,seed,labels_sha256,status,reason,n_clusters,noise_share,"
        "smallest,largest,fit_seconds,peak_mb,inertia,fitted_rows"
    )
    assert len(cells) == 16
    assert set(scores["space"]) == {"own", "standard"}
    assert set(scores["metric"]) == set(METRICS) - COSTLY
    assert len(scores) == 16 * 2 * (len(METRICS) - len(COSTLY))
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["threads"] == 1
    assert pd.read_csv(tmp_path / "out" / "leaderboard.csv").columns[0] == "rank"


def test_tables_are_exported_as_parquet(workspace, call, tmp_path):
    assert call("export", "--format", "parquet", "--out", str(tmp_path / "out")).status == 0
    assert call("export", "--out", str(tmp_path / "csv")).status == 0
    for name in ("scores", "cells", "leaderboard"):
        table = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert csv_text(table) == (tmp_path / "csv" / f"{name}.csv").read_text()
    assert (tmp_path / "out" / "manifest.json").read_bytes() == (tmp_path / "csv" / "manifest.json").read_bytes()


def test_labels_come_back_by_the_start_of_their_hash_with_the_row_ids(workspace, call, tmp_path):
    sha = pd.read_csv("reports/blobs/cells.csv")["labels_sha256"][0]
    out = call("labels", sha[:12]).out
    lines = out.strip().splitlines()
    assert lines[0] == "row_id,cluster"
    assert lines[1].startswith("C0,")
    labels = [int(line.split(",")[1]) for line in lines[1:]]
    assert labels_sha256(canonical(labels)) == sha
    assert call("labels", sha[:12], "--out", str(tmp_path / "labels.csv")).status == 0
    assert (tmp_path / "labels.csv").read_text() == out


def test_the_report_is_written_again_from_the_store_alone(workspace, call, tmp_path):
    assert call("report", "--reports", str(tmp_path / "again")).status == 0
    for name in ("index.html", "leaderboard.md", "leaderboard.csv", "scores.csv", "cells.csv"):
        assert (tmp_path / "again" / "blobs" / name).read_bytes() == Path("reports", "blobs", name).read_bytes()


def test_status_counts_cells(workspace, call):
    assert call("status").out == "blobs: 16 ok, 0 to do\n"


def test_a_part_of_a_benchmark_is_another_leaderboard(own, call):
    ended = call("run", "blobs.toml", "--only", "algorithm=kmeans", "--only", "k=2", "--jobs", "0")
    assert ended.status == 0
    assert "4 partitions asked for: 4 fitted, none of them now" in ended.out
    assert "algorithm=kmeans" in Path("reports/blobs-part/index.html").read_text()


def test_a_run_can_be_given_a_name(own, call):
    assert "reports/mine/index.html" in call("run", "blobs.toml", "--jobs", "0", "--name", "mine").out
    assert call("status").out == "mine: 16 ok, 0 to do\nblobs: 16 ok, 0 to do\n"
    assert set(pd.read_csv("reports/mine/cells.csv")["benchmark"]) == {"mine"}


def test_list_names_everything_that_a_benchmark_file_may_use(call):
    out = call("list").out
    for word in ("credit-card", "breast-cancer", "autoencoder_kmeans", "hdbscan", "log1p", "impute", "davies_bouldin"):
        assert word in out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dbscan", ["cuts       eps_quantile = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99], or eps", "│ min_samples │ 10 "]),
        ("impute", ["│ strategy ", '"median"', "What fills a missing value"]),
        ("silhouette", ["better     higher", "range      -1 to 1"]),
    ],
)
def test_list_shows_one_plugin_with_its_arguments(call, name, words):
    out = call("list", name).out
    assert [word for word in words if word not in out] == []


def test_list_says_why_a_plugin_cannot_be_used(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("algorithms").mkdir()
    Path("algorithms/number.py").write_text("ALGORITHM = 3\n")
    ended = call("list", "number")
    assert ended.status == 2
    assert "algorithms/number.py: 'number' cannot be used: holds a int called ALGORITHM" in ended.err


def test_list_offers_the_nearest_spelling(call):
    ended = call("list", "kmean")
    assert (ended.status, "did you mean 'kmeans'?" in ended.err) == (2, True)


def test_inspect_shows_a_table_of_any_path_and_writes_a_page(workspace, call, tmp_path):
    reports = ("--reports", str(tmp_path / "reports"))
    out = call("inspect", "blobs.csv", "--drop", "CUST_ID", *reports).out
    assert "blobs: 80 rows, 3 columns: 2 features and 1 id" in out
    assert [word in out for word in ("column", "missing %", "median", "│ x ", "│ y ")] == [True] * 5
    assert f"wrote    {tmp_path}/reports/inspect/blobs.html" in out
    assert json.loads((tmp_path / "reports/inspect/blobs.json").read_text())["rows"] == 80
    assert "wine: 178 rows, 14 columns: 13 features and 1 class column" in call("inspect", "wine", *reports).out
    (tmp_path / "notes.csv").write_text("x,n\n1,-\n2,3\n4,5\n")
    path = str(tmp_path / "notes.csv")
    assert 'missing = ["-"]' in call("inspect", path, *reports).err
    assert "3 rows, 2 columns: 2 features" in call("inspect", path, "--with", 'missing = ["-"]', *reports).out


def test_help_names_every_verb_and_imports_nothing_heavy():
    code = """
import sys
from clusterbench.cli import main
sys.argv = ["clusterbench", "--help"]
try:
    main()
except SystemExit:
    pass
heavy = {"tensorflow", "sklearn", "pandas", "numpy", "matplotlib", "numba", "scipy", "pydantic"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout.strip().endswith("[]")
    names = "clean compare export inspect labels list report reproduce run status"
    for name in names.split():
        assert f"│ {name} " in done.stdout


def test_a_verb_is_one_file(monkeypatch, tmp_path, call):
    (tmp_path / "rows.py").write_text(
        '"""`clusterbench rows`."""\n\n'
        "from clusterbench.cli.console import say\n\n\n"
        "def verb(dataset: str) -> None:\n"
        '    """Print the number of rows of a dataset."""\n'
        "    from pathlib import Path\n\n"
        "    from clusterbench.datasets import DatasetSpec, load_dataset\n\n"
        "    say(str(load_dataset(DatasetSpec(use=dataset), base=Path.cwd()).n_rows))\n"
    )
    monkeypatch.setattr(verbs, "__path__", [*verbs.__path__, str(tmp_path)])
    assert call("rows", "wine").out == "178\n"
    assert "Print the number of rows of a dataset." in call("--help").out
    monkeypatch.delitem(sys.modules, "clusterbench.cli.verbs.rows")


def test_a_worker_process_gives_the_same_labels_as_this_process(workspace, call, tmp_path):
    arguments = ("--jobs", "1", "--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports"))
    assert call("run", "blobs.toml", *arguments).status == 0
    hashes = [
        pd.read_csv(place / "blobs" / "cells.csv")["labels_sha256"] for place in (Path("reports"), tmp_path / "reports")
    ]
    pd.testing.assert_series_equal(*hashes)


def test_a_run_of_another_file_of_the_same_name_is_refused(own, call, finished):
    frame = pd.read_csv("blobs.csv")
    frame.assign(x=frame["x"] + 1).to_csv("blobs.csv", index=False)  # the same file in another folder, with other data
    ended = call("run", "blobs.toml", "--jobs", "0")
    assert ended.status == 2
    for word in (str(finished.folder / "blobs.toml"), str(own / "blobs.toml"), "--name", "--results"):
        assert word in ended.err
    assert call("run", "blobs.toml", "--jobs", "0", "--name", "february").status == 0
    assert call("status").out.startswith("february: ")


def test_a_copied_or_edited_file_keeps_its_name_and_is_not_computed_again(own, call):
    again = call("run", "blobs.toml", "--jobs", "0")  # a copy with equal data
    assert "none of them now: all were in the store" in again.out
    Path("blobs.toml").write_text(TOML.replace("Two blobs", "Three blobs"))
    assert call("run", "blobs.toml", "--jobs", "0").status == 0


def test_a_run_that_ranks_nothing_exits_with_1_and_says_why(own, call):
    Path("blobs.toml").write_text(Path("blobs.toml").read_text() + "[gate]\nmin_rows = 79\n")
    ended = call("run", "blobs.toml", "--jobs", "0", "--name", "nothing")
    assert ended.status == 1
    assert "Nothing was ranked: 16 partitions: 16 rejected. Most often: " in ended.out
