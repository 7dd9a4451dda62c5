"""The draft of a plug-in: a working file, its test, and a small benchmark that uses it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.plugins.registry import Plugins, load_registry

_ALGORITHM = '''"""$name: say here in one line what it does."""

import numpy as np

from clusterbench.plugins import Algorithm, Assignment, Family, Partition


def build(X, seed, *, n_iter=20):
    """Do here what all k share; `X` is float64 (n, d), read-only. The arguments after `*` may stand in a benchmark."""

    def cutter(k):
        rng = np.random.default_rng([seed, k])
        centres = X[rng.choice(len(X), size=k, replace=False)]
        for _ in range(n_iter):
            labels = ((X[:, np.newaxis] - centres) ** 2).sum(axis=2).argmin(axis=1)
            kept = [X[labels == cluster].mean(axis=0) if (labels == cluster).any() else centres[cluster]
                    for cluster in range(k)]
            centres = np.array(kept)
        inertia = ((X - centres[labels]) ** 2).sum()
        return Partition(labels, inertia=float(inertia))  # labels: one integer per row, -1 is noise

    return cutter


ALGORITHM = Algorithm(
    name="$name",
    family=Family.OTHER,
    summary="centroids of random rows, moved $$n_iter times",
    reference="the paper or page that describes it",
    build=build,
    deterministic=False,  # the seed matters
    noise=False,  # no label is -1
    max_rows=100_000,
    packages={},  # beside NumPy: import name to requirement, such as {"sklearn": "scikit-learn"}
    assignment=Assignment.NEAREST_CENTROID,  # of new rows
)
'''
_METRIC = '''"""$name: say here in one line what it measures."""

import numpy as np

from clusterbench.plugins import Direction, Metric


def $name(X, labels):
    """Return the share of the scatter between clusters; `X` is float64 (n, d), `labels` are 0 ... k - 1 (n,)."""
    centroids = np.array([X[labels == cluster].mean(axis=0) for cluster in range(labels.max() + 1)])
    total = ((X - X.mean(axis=0)) ** 2).sum()
    return float(1 - ((X - centroids[labels]) ** 2).sum() / total) if total > 0 else float("nan")


METRIC = Metric(
    name="$name",
    direction=Direction.HIGHER,
    lower=0.0,
    upper=1.0,
    digits=6,  # that are the same on any machine
    formula="1 - within scatter / total scatter",
    caveat="grows with k",
    reference="the paper or page that describes it",
    value=$name,
)
'''
_STEP = '''"""$name: say here in one line what it does to the columns."""

from clusterbench.plugins import Step


class $class_name(Step):
    """Take the root of the size of each value, and keep its sign."""

    name = "$name"

    power: float = 0.5  # an argument, its type and its default

    def estimator(self):
        import numpy as np
        from sklearn.preprocessing import FunctionTransformer

        def rooted(X):
            return np.sign(X) * np.abs(X) ** self.power

        return FunctionTransformer(rooted, feature_names_out="one-to-one")


STEP = $class_name
'''
_TEST = '''"""The $kind $name conforms: one test per check."""

from pathlib import Path

from clusterbench.plugins import parametrize_checks

FILE = Path(__file__).resolve().parent.parent / "${kind}s" / "$name.py"


@parametrize_checks(FILE, expected_failures={})
def test_${name}_conforms(check):
    check()
'''
_BENCHMARK = """title = "$name on wines"
seeds = [0]
k = { from = 2, to = 5 }
$metrics
[[datasets]]
use = "wine"

[variants]
standard = [{ step = "impute" }, { step = "standardize" }]
$variant
[[algorithms]]
use = "kmeans"

[[algorithms]]
use = "random_voronoi"
$algorithm
[stability]
resamples = 4
"""
_TEXTS = {"algorithm": _ALGORITHM, "metric": _METRIC, "step": _STEP}
_USES = {
    "algorithm": ("algorithm", '\n[[algorithms]]\nuse = "$name"\n'),
    "metric": ("metrics", 'metrics = ["silhouette", "$name"]\n'),
    "step": ("variant", '$name = [{ step = "impute" }, { step = "$name" }, { step = "standardize" }]\n'),
}


def write_plugin(kind: str, name: str, workspace: Path) -> list[Path]:
    """Write the files of a new plug-in; return their paths.

    RequestError if the name cannot be used or is taken, or a file exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise RequestError(f"the name {name!r}", allowed="a-z, 0-9 and _, a letter first, such as my_kmeans")
    registry = load_registry(workspace)
    kinds: dict[str, Plugins[Any]] = {
        "algorithm": registry.algorithms,
        "metric": registry.metrics,
        "step": registry.steps,
    }
    if name in kinds[kind]:
        where = kinds[kind].where(name)
        raise RequestError(f"there is {kind} {name!r} already", where=where, allowed="another name")
    place, use = _USES[kind]
    values = {
        **{"name": name, "kind": kind, "class_name": name.title().replace("_", "")},
        **dict.fromkeys(("metrics", "variant", "algorithm"), ""),
        place: Template(use).substitute(name=name),
    }
    texts = {
        f"{kind}s/{name}.py": _TEXTS[kind],
        f"tests/test_{name}.py": _TEST,
        f"benchmarks/{name}.toml": _BENCHMARK,
    }
    paths = {workspace / place: Template(text).substitute(values) for place, text in texts.items()}
    for path in paths:
        if path.exists():
            raise RequestError(f"{path.relative_to(workspace)} exists", allowed="another name, or remove it")
    for path, text in paths.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths)
