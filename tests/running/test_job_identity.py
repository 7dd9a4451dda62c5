"""The key of a job changes with all that its labels depend on, and with nothing else."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.benchmark import FitJob
from clusterbench.naming import canonical_json
from clusterbench.plugins import Algorithm, Family
from clusterbench.running import job_key, prepare, versions_of

SPACE = "5" * 64
STEPS = {
    "raw": "[]",
    "standard": "[{ step = 'standardize' }]",
    "minmax": "[{ step = 'minmax' }]",
    "log1p": "[{ step = 'log1p' }]",
}


def build(X, seed, n_init=1):
    return lambda k: [0] * len(X)


ALGORITHM = Algorithm(name="one", family=Family.OTHER, summary="s", reference="r", build=build)
FIXED = replace(ALGORITHM, deterministic=True)
JOB = FitJob("cards", "raw", "one", '{"n_init": 1}', (3,), ('{"k": 2}', '{"k": 3}'))


def test_a_key_is_the_sha256_of_six_parts_in_canonical_json():
    version = importlib.metadata.version("scikit-learn")
    text = f'["{SPACE}", "one", 1, "{{\\"n_init\\": 1}}", 3, {{"scikit-learn": "{version}"}}]'
    assert job_key(JOB, ALGORITHM, SPACE) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("job", "algorithm", "space"),
    [
        (JOB, ALGORITHM, "6" * 64),
        (JOB, replace(ALGORITHM, name="two"), SPACE),
        (JOB, replace(ALGORITHM, version=2), SPACE),
        (replace(JOB, params='{"n_init": 2}'), ALGORITHM, SPACE),
        (replace(JOB, seeds=(4,)), ALGORITHM, SPACE),
        (replace(JOB, seeds=(4, 3)), ALGORITHM, SPACE),
        (JOB, FIXED, SPACE),
        (JOB, replace(ALGORITHM, packages={}), SPACE),
        (JOB, replace(ALGORITHM, packages={"numpy": "numpy"}), SPACE),
        (JOB, replace(ALGORITHM, packages={"sklearn": "scikit-learn", "numpy": "numpy"}), SPACE),
    ],
    ids=["space", "name", "version", "params", "seed", "first seed", "fixed", "no package", "other package", "more"],
)
def test_every_part_of_a_key_moves_it(job, algorithm, space):
    assert job_key(job, algorithm, space) != job_key(JOB, ALGORITHM, SPACE)


@pytest.mark.parametrize(
    ("job", "algorithm"),
    [
        (replace(JOB, dataset="other"), ALGORITHM),
        (replace(JOB, variant="other"), ALGORITHM),
        (replace(JOB, algorithm="alias"), ALGORITHM),
        (replace(JOB, cuts=('{"k": 9}',)), ALGORITHM),
        (replace(JOB, cuts=JOB.cuts[::-1]), ALGORITHM),
        (replace(JOB, seeds=(3, 8)), ALGORITHM),
        (JOB, replace(ALGORITHM, summary="told otherwise", reference="elsewhere", family=Family.CENTROID)),
        (JOB, replace(ALGORITHM, control=True, noise=True, max_rows=5, optimises=("silhouette",))),
        (JOB, replace(ALGORITHM, grid={"n_init": (1, 2)})),
        (JOB, replace(ALGORITHM, packages={"anything": "scikit-learn>=1.0"})),
    ],
    ids=["dataset", "variant", "alias", "cuts", "order", "seeds", "words", "roles", "grid", "requirement"],
)
def test_names_cuts_roles_and_words_move_no_key(job, algorithm):
    assert job_key(job, algorithm, SPACE) == job_key(JOB, ALGORITHM, SPACE)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4, unique=True))
def test_a_seed_without_influence_is_no_part_of_a_key(seeds):
    job = replace(JOB, seeds=tuple(seeds))
    assert job_key(job, FIXED, SPACE) == job_key(JOB, FIXED, SPACE)


def test_whether_the_seed_has_influence_may_depend_on_the_parameters():
    algorithm = replace(ALGORITHM, deterministic=lambda params: params["n_init"] == 1)
    moved = replace(JOB, seeds=(9,))
    assert job_key(moved, algorithm, SPACE) == job_key(JOB, algorithm, SPACE)
    many, many_moved = (replace(job, params='{"n_init": 5}') for job in (JOB, moved))
    assert job_key(many_moved, algorithm, SPACE) != job_key(many, algorithm, SPACE)


@given(st.tuples(st.integers(0, 99), st.integers(0, 99)), st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_two_keys_are_equal_exactly_where_seed_and_parameter_are(one, other):
    keys = [
        job_key(replace(JOB, seeds=(seed,), params=canonical_json({"n_init": n})), ALGORITHM, SPACE)
        for seed, n in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("numpy", "numpy"),
        ("numpy>=1.20", "numpy"),
        ("numpy>=1.20,<3", "numpy"),
        ("numpy[extra]", "numpy"),
        ("numpy ; python_version > '3'", "numpy"),
        ("scikit-learn~=1.0", "scikit-learn"),
    ],
)
def test_the_version_of_a_requirement_is_that_of_its_package(requirement, name):
    algorithm = replace(ALGORITHM, packages={"module": requirement})
    assert versions_of(algorithm) == {name: importlib.metadata.version(name)}


def test_a_package_that_is_not_installed_has_no_version():
    assert versions_of(replace(ALGORITHM, packages={"x": "no-such-package>=2"})) == {"no-such-package": ""}
    assert versions_of(replace(ALGORITHM, packages={})) == {}


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.dictionaries(st.text(max_size=5), plain | st.lists(plain, max_size=3), max_size=5))
def test_canonical_json_is_one_text_for_one_setting_in_any_order(settings):
    turned = dict(reversed(list(settings.items())))
    assert canonical_json(turned) == canonical_json(settings)
    assert json.loads(canonical_json(settings)) == settings


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_word_for_is_no_setting(value):
    with pytest.raises(ValueError, match="Out of range float values"):
        canonical_json({"eps": value})


def test_an_algorithm_that_standardises_is_fitted_once_to_columns_in_any_unit(tmp_path):
    names = ["raw", "standard", "minmax", "log1p"]
    path = tmp_path / "units.toml"
    path.write_text(
        "k = [2]\nalgorithms = [{ use = 'autoencoder_kmeans' }, { use = 'kmeans' }]\n"
        f"datasets = [{{ use = 'wine' }}]\nvariants = {{ {', '.join(f'{name} = {STEPS[name]}' for name in names)} }}\n"
    )
    plan, _ = prepare(path, workspace=Path.cwd())
    keys = {
        (each.job.algorithm, each.job.variant): each.key
        for each in plan.jobs
        if each.job.seed == plan.benchmark.seeds[0]
    }
    trained = [keys["autoencoder_kmeans", name] for name in names]
    assert trained[0] == trained[1] == trained[2] != trained[3]
    assert len({keys["kmeans", name] for name in names}) == 4
