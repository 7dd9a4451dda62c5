"""The scoring engine against scikit-learn, and how it grows. Run with ``tox -e speed``.

Prints the ratio, the first compile apart, and peak memory; writes a table and a drawing to ``reports/speed/``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clusterbench.environment import usable_cores
from clusterbench.metrics import calibrate, score_labelings

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "reports" / "speed"
ROWS, COLUMNS, LABELINGS = 8950, 17, 54  # 54 labelings of k = 2..10: 324 clusters
TARGET = 150
METRICS = ["silhouette", "davies_bouldin", "calinski_harabasz"]

FRESH = """
import sys, threading, time
import psutil
sys.path.insert(0, {folder!r})
from test_scoring_speed import make_labelings, make_table
X = make_table({rows}, {columns})
labelings = make_labelings(X, {labelings})
import clusterbench.metrics as scoring
start = time.perf_counter()
scoring.score_labelings(X, labelings)
print(time.perf_counter() - start)
process, sizes, done = psutil.Process(), [], threading.Event()
def watch():
    while not done.is_set():
        sizes.append(process.memory_info().rss)
        time.sleep(0.001)
watcher = threading.Thread(target=watch)
watcher.start()
start = time.perf_counter()
scoring.score_labelings(X, labelings)
print(time.perf_counter() - start)
done.set()
watcher.join()
print((max(sizes) - sizes[0]) / 1e6)
print(max(sizes) / 1e6)
"""


def make_table(n: int, d: int = COLUMNS) -> np.ndarray:
    """Return a mixture of 6 groups with tails, as customers have them."""
    rng = np.random.default_rng(0)
    groups = rng.normal(scale=1.5, size=(6, d))
    return groups[rng.integers(0, 6, n)] + rng.standard_t(4, size=(n, d))


def make_labelings(X: np.ndarray, m: int) -> list[np.ndarray]:
    """Return m partitions into 2 to 10 Voronoi cells of random rows."""
    rng = np.random.default_rng(1)
    found = []
    for j in range(m):
        centroids = X[rng.choice(len(X), 2 + j % 9, replace=False)]
        squares = (centroids**2).sum(axis=1) - 2.0 * X @ centroids.T
        found.append(squares.argmin(axis=1))
    return found


@pytest.fixture(scope="module")
def growth():
    """Collects (what, size, seconds); writes them down at the end."""
    rows: list[tuple[str, int, float]] = []
    yield rows
    if rows:
        REPORT.mkdir(parents=True, exist_ok=True)
        lines = [f"| {what} | {size} | {seconds:.4f} |" for what, size, seconds in rows]
        head = ["| growth over | size | seconds |", "|---|---:|---:|"]
        (REPORT / "scoring.md").write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
        draw(rows, REPORT / "scoring.svg")
        print(f"\ngrowth: {REPORT / 'scoring.md'}, {REPORT / 'scoring.svg'}")


def draw(rows: list[tuple[str, int, float]], path: Path) -> None:
    """Draw seconds against size, one panel per kind of growth, both axes logarithmic."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    kinds = sorted({what for what, _, _ in rows})
    figure = Figure(figsize=(5 * len(kinds), 4), layout="constrained")
    FigureCanvasSVG(figure)
    for place, kind in enumerate(kinds, start=1):
        axes = figure.add_subplot(1, len(kinds), place)
        sizes, seconds = zip(*[(size, taken) for what, size, taken in rows if what == kind], strict=True)
        axes.loglog(sizes, seconds, marker="o", color="#0072B2")
        axes.set_xlabel(kind)
        axes.set_ylabel("seconds")
        axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(path, format="svg", metadata={"Date": None, "Title": "Growth of the scoring engine"})


def by_scikit_learn(X: np.ndarray, labelings: list[np.ndarray]) -> np.ndarray:
    """Score as everybody does, with all cores for whatever scikit-learn and its libraries do in parallel."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
    from threadpoolctl import threadpool_limits

    functions = (silhouette_score, davies_bouldin_score, calinski_harabasz_score)
    with threadpool_limits(usable_cores()):  # the engine takes them all, whatever OMP_NUM_THREADS says
        return np.array([[function(X, labels) for function in functions] for labels in labelings])


def test_engine_against_scikit_learn(benchmark):
    X = make_table(ROWS)
    labelings = make_labelings(X, LABELINGS)
    table = benchmark.pedantic(score_labelings, args=(X, labelings), warmup_rounds=2, rounds=10)
    start = time.perf_counter()
    expected = by_scikit_learn(X, labelings)
    theirs = time.perf_counter() - start
    np.testing.assert_allclose(table["value"].to_numpy().reshape(-1, 3), expected, rtol=1e-6, atol=1e-9)
    ours = benchmark.stats.stats.median
    ratio = theirs / ours
    benchmark.extra_info.update(scikit_learn_seconds=round(theirs, 2), ratio=round(ratio, 1))
    print(f"\nscikit-learn {theirs:.1f} s, engine {ours:.3f} s (median of 10): {ratio:.0f} times faster")
    assert ratio >= TARGET


def test_first_compile_and_second_process(benchmark, tmp_path):
    """A fresh cache: the first process compiles, the second loads; memory is what the engine adds to the process."""
    code = FRESH.format(folder=str(Path(__file__).parent), rows=ROWS, columns=COLUMNS, labelings=LABELINGS)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def process() -> list[float]:
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return [float(line) for line in done.stdout.split()]

    first = process()
    second = benchmark.pedantic(process, rounds=1)
    names = ("first_compile_s", "second_process_first_call_s", "warm_s", "added_mb", "process_mb")
    benchmark.extra_info.update(zip(names, (first[0], *second), strict=True))
    print(f"\nfirst compile {first[0]:.1f} s; second process: first call {second[0]:.2f} s, warm {second[1]:.3f} s")
    added, whole = second[2], second[3]
    print(f"peak memory with {LABELINGS} labelings of {ROWS} x {COLUMNS}: {whole:.0f} MB, {added:.0f} MB for warm work")
    assert second[0] < first[0] / 2


@pytest.mark.parametrize("rows", [2_000, 4_000, 8_000, 16_000, 32_000])
def test_growth_with_rows(benchmark, growth, rows):
    X = make_table(rows)
    labelings = make_labelings(X, LABELINGS)
    benchmark.pedantic(score_labelings, args=(X, labelings), warmup_rounds=1, rounds=3)
    benchmark.extra_info["rows"] = rows
    growth.append((f"rows ({LABELINGS} labelings)", rows, benchmark.stats.stats.median))


@pytest.mark.parametrize("labelings", [10, 50, 100, 250, 500])
def test_growth_with_labelings(benchmark, growth, labelings):
    X = make_table(ROWS)
    given = make_labelings(X, labelings)
    benchmark.pedantic(score_labelings, args=(X, given), warmup_rounds=1, rounds=3)
    benchmark.extra_info["labelings"] = labelings
    growth.append((f"labelings ({ROWS} rows)", labelings, benchmark.stats.stats.median))


def test_as_many_labelings_as_one_run_scores(benchmark):
    X = make_table(ROWS)
    given = make_labelings(X, 900)
    benchmark.pedantic(score_labelings, args=(X, given), kwargs={"metrics": METRICS}, warmup_rounds=1, rounds=3)


def test_calibration_of_nine_k(benchmark):
    """100 random partitions for each k of 2..10, drawn and scored."""
    benchmark.pedantic(calibrate, args=(make_table(ROWS), range(2, 11)), warmup_rounds=1, rounds=2)
