"""All 8,950 rows of the real table: programs, files and three databases give the fitted segments."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from clusterbench.segments import Dialect, assign_file, load_bundle

from .workbench import PCA, STANDARD, bundle_of

PREDICTING = {
    "kmeans": ("kmeans", STANDARD, {"k": 4}),
    "kmeans-pca": ("kmeans", PCA, {"k": 6}),
    "gmm": ("gmm", STANDARD, {"k": 4}),
    "gmm-pca": ("gmm", PCA, {"k": 4}),
    "kmedoids": ("kmedoids", STANDARD, {"k": 4}),
    "clara": ("clara", STANDARD, {"k": 4}),
    "autoencoder": ("autoencoder_kmeans", STANDARD, {"k": 4, "epochs": 3}),
}


@pytest.fixture(scope="module")
def fitted(real):
    fits = {}

    def fit(name):
        if name not in fits:
            algorithm, steps, given = PREDICTING[name]
            fits[name] = real.fit(algorithm, steps, **given)
        return fits[name]

    return fit


@pytest.mark.parametrize("name", PREDICTING)
def test_a_program_gives_every_customer_the_fitted_segment(real, fitted, name):
    fit = fitted(name).program()
    rows, parts = real.dataset.frame.to_numpy(), np.array_split(np.arange(8950), 7)
    assert (fit.method, fit.overall) == ("the fitted model", 1.0)
    whole = fit.program.assign(rows)
    assert np.array_equal(np.concatenate([fit.program.assign(rows[part]).margin for part in parts]), whole.margin)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("name", ["kmeans", "kmeans-pca", "gmm", "kmedoids"])
def test_a_query_gives_every_customer_the_fitted_segment(real, fitted, run, name, dialect):
    one = fitted(name)
    result = run(dialect, one.program().program, real.dataset.frame.to_numpy())
    assert np.array_equal(result["segment"], one.segment)


def test_a_file_gives_every_customer_the_fitted_segment(fitted, real_table_folder, tmp_path):
    one, given = fitted("gmm"), io.BytesIO()
    bundle = load_bundle(bundle_of(one, tmp_path / "bundle"))
    assign_file(bundle, real_table_folder / "CC_GENERAL.csv", given)
    result = pd.read_csv(io.BytesIO(given.getvalue()))
    assert result["id"].iloc[0] == "C10001"
    assert np.array_equal(result["segment"], one.segment)
    assert result["imputed"].notna().sum() == 314


def test_ward_is_assigned_by_the_nearest_labelled_row(real):
    fit = real.fit("agglomerative", PCA, k=4).program()
    assert fit.method == "nearest labelled row"
    assert fit.overall == pytest.approx(0.991, abs=0.003)
    assert min(fit.per_segment) > 0.96
