"""A part of a benchmark: which jobs stay, and how a wrong condition is explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.benchmark import FitJob
from clusterbench.datasets import Dataset, KnownClasses
from clusterbench.errors import RequestError
from clusterbench.running import Selection

JOB = FitJob("cards", "raw", "kmeans", "{}", (0,), tuple(f'{{"k": {k}}}' for k in range(2, 11)))


def test_conditions_are_read_and_joined():
    found = Selection.parse(["algorithm=kmeans, gmm", "k=3", "k=4"])
    assert dict(found.only) == {"algorithm": ("kmeans", "gmm"), "k": ("3", "4")}
    assert found.suffix == "-part"
    assert found.words() == "algorithm=kmeans,gmm; k=3,4"


def test_a_comma_may_begin_another_condition():
    found = Selection.parse(["k=2,3,variant=raw", "seed=0, algorithm=gmm,kmeans"])
    assert dict(found.only) == {"k": ("2", "3"), "variant": ("raw",), "seed": ("0",), "algorithm": ("gmm", "kmeans")}


@pytest.mark.parametrize("wrong", ["kmeans", "algorithm=", "=kmeans", "k"])
def test_what_is_no_condition_is_refused(wrong):
    with pytest.raises(RequestError, match="--only"):
        Selection.parse([wrong])


def test_everything_is_no_part():
    assert Selection().suffix == ""
    assert Selection().words() == ""
    assert Selection().narrow(JOB) == JOB


def test_a_job_is_narrowed_to_the_wanted_cuts():
    assert Selection.parse(["k=3,9"]).narrow(JOB).cuts == ('{"k": 3}', '{"k": 9}')
    assert Selection.parse(["k=30"]).narrow(JOB) is None
    assert Selection.parse(["algorithm=gmm"]).narrow(JOB) is None
    assert Selection.parse(["variant=raw", "dataset=cards"]).narrow(JOB) == JOB


def test_a_cut_without_k_is_no_concern_of_a_condition_on_k():
    job = FitJob("cards", "raw", "dbscan", "{}", (0, 1), ('{"eps": 0.5}',))
    assert Selection.parse(["k=3"]).narrow(job) == job


def test_quick_takes_every_second_cut_and_the_first_seed():
    quick = Selection(quick=True)
    assert list(quick.narrow(JOB).cuts) == ['{"k": 2}', '{"k": 4}', '{"k": 6}', '{"k": 8}', '{"k": 10}']
    assert quick.seeds((4, 5, 6)) == (4,)
    assert Selection.parse(["seed=6,4"]).seeds((4, 5, 6)) == (4, 6)


def test_a_quick_sample_keeps_rows_ids_and_truth_together():
    n = 5000
    frame = pd.DataFrame({"x": np.arange(n, dtype=float)})
    classes = (KnownClasses("kind", np.arange(n), tuple(map(str, range(n)))),)
    dataset = Dataset("d", frame, pd.Index([f"C{i}" for i in range(n)]), known_classes=classes)
    sample = Selection(quick=True).sample(dataset)
    assert sample.n_rows == 2000
    values = sample.frame["x"].to_numpy()
    assert (np.diff(values) > 0).all()
    assert sample.row_ids.tolist() == [f"C{int(v)}" for v in values]
    np.testing.assert_array_equal(sample.truth, values.astype(int))
    assert Selection().sample(dataset) is dataset
