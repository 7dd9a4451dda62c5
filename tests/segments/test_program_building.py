"""Programs made of pipelines, models and labels: they give the space and the fitted segments again, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.plugins import Encoder, LatentCentroids, ShiftedModel
from clusterbench.preprocessing import DEFAULT_VARIANTS, Step, fit_space
from clusterbench.segments import build_program

from .workbench import PCA, STANDARD, Fitted

IMPUTE = {"step": "impute"}
BALANCE = [IMPUTE, {"step": "select", "columns": "BALANCE"}, {"step": "log1p"}]
MONEY = ["BALANCE", "PURCHASES", "CREDIT_LIMIT"]
PIPELINES = {
    **DEFAULT_VARIANTS,
    "mean": [{"step": "impute", "strategy": "mean", "override": {"CREDIT_LIMIT": "most_frequent"}}],
    "constant": [{"step": "impute", "strategy": "constant", "fill_value": 7.0}, {"step": "robust"}],
    "clip": [{"step": "clip", "lower": 0.05, "upper": 0.9}, IMPUTE],
    "clip_one_side": [{"step": "clip", "upper": 0.9, "columns": MONEY}, IMPUTE],
    "power": [IMPUTE, {"step": "power"}],
    "power_raw": [IMPUTE, {"step": "power", "standardize": False, "columns": MONEY}],
    "box_cox": [IMPUTE, {"step": "power", "method": "box-cox", "columns": ["CREDIT_LIMIT", "TENURE"]}],
    "scales": [IMPUTE, {"step": "minmax", "feature_range": [-1, 2], "clip": True, "columns": MONEY}],
    "centre": [IMPUTE, {"step": "standardize", "with_std": False}, {"step": "robust", "with_centering": False}],
    "nothing": [IMPUTE, {"step": "standardize", "with_std": False, "with_mean": False}],
    "l1": [IMPUTE, {"step": "l2_normalize", "norm": "l1"}],
    "l2": [IMPUTE, {"step": "l2_normalize", "columns": MONEY}],
    "whiten": [IMPUTE, {"step": "pca", "columns": MONEY, "n_components": 2, "whiten": True}, {"step": "minmax"}],
    "select": [
        IMPUTE,
        {"step": "log1p"},
        {"step": "select", "columns": MONEY},
        {"step": "drop", "columns": "PURCHASES"},
    ],
    "drop_late": [IMPUTE, {"step": "pca", "columns": MONEY}, {"step": "drop", "columns": ["pca1", "TENURE"]}],
    "twice": [*STANDARD, {"step": "select", "columns": [*MONEY, "TENURE"]}, {"step": "pca"}],
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_program_gives_the_space_of_its_pipeline(cards, name):
    fitted = cards.fit("kmeans", PIPELINES[name], k=3)
    fit = fitted.program()
    rows = cards.dataset.frame[list(fit.program.columns)].to_numpy()
    assert np.allclose(fit.program.state(rows).T, fitted.space.values, rtol=1e-9, atol=1e-9)
    assert (fit.method, fit.overall) == ("the fitted model", 1.0)


def test_columns_that_a_pipeline_leaves_out_are_not_asked_for(cards):
    program = cards.fit("kmeans", PIPELINES["select"], k=3).program().program
    assert program.columns == ("BALANCE", "CREDIT_LIMIT")
    assert program.filled == {"BALANCE", "CREDIT_LIMIT"}
    assert [step.word for step in program.steps] == ["fill", "log1p"]


@pytest.mark.parametrize(
    ("algorithm", "given"),
    [
        ("kmeans", {}),
        ("gmm", {}),
        ("gmm", {"covariance_type": "tied"}),
        ("gmm", {"covariance_type": "diag"}),
        ("gmm", {"covariance_type": "spherical"}),
        ("kmedoids", {}),
        ("kmedoids", {"metric": "manhattan"}),
        ("kmedoids", {"metric": "chebyshev"}),
        ("kmedoids", {"metric": "cosine"}),
        ("clara", {}),
    ],
)
@pytest.mark.parametrize("steps", [STANDARD, PCA])
def test_a_model_that_predicts_gives_every_row_its_segment_again(cards, algorithm, given, steps):
    fitted = cards.fit(algorithm, steps, k=4, **given)
    fit = fitted.program()
    assigned = fit.program.assign(cards.dataset.frame.to_numpy())
    assert fit.method == "the fitted model"
    assert ((assigned.segment == fitted.segment) | (assigned.margin == 0)).all()
    assert fit.overall == 1.0 or given == {"metric": "chebyshev"}  # there two medoids may be equally far


def labelled(cards, segment, model=None, raw=STANDARD):
    steps = cards.steps(raw)
    return Fitted(cards.dataset, steps, fit_space(cards.dataset, steps, where="v"), np.asarray(segment), model)


def test_an_encoder_with_centroids_becomes_matrices(cards):
    rng = np.random.default_rng(0)
    space = cards.fit("kmeans", k=2).space
    layers = ((rng.normal(size=(17, 6)), rng.normal(size=6)), (rng.normal(size=(6, 2)), rng.normal(size=2)))
    encoder = Encoder(space.values.mean(axis=0), np.full(17, 2.0), layers)
    model = LatentCentroids(encoder, encoder.encode(space.values[:3]))
    labels = model.predict(space.values)
    fit = labelled(cards, labels + 1, model).program()
    assert fit.overall == 1.0
    assert [step.word for step in fit.program.steps][-4:] == ["affine", "matrix", "relu", "matrix"]


def test_a_model_of_shifted_rows_is_shifted_in_its_program(cards):
    fitted = cards.fit("kmeans", k=3)
    fitted.model.cluster_centers_ -= 5.0
    shifted = fitted._replace(model=ShiftedModel(fitted.model, np.full(17, 5.0)))
    labels = shifted.model.predict(fitted.space.values)
    assert np.array_equal(labels == labels[0], fitted.segment == fitted.segment[0])
    assert shifted.program().overall == 1.0


def test_a_model_may_offer_operations_of_its_own(cards):
    class Threshold:
        def operations(self):
            return [{"op": "matrix", "weights": np.eye(17)[:, :1], "bias": [0.0]}, self.last]

        last = {"op": "nearest", "centres": [[-1.0], [1.0]], "metric": "euclidean"}  # noqa: RUF012

    space = cards.fit("kmeans", k=2).space
    fit = labelled(cards, np.where(space.values[:, 0] > 0, 1, 2), Threshold()).program()
    assert (fit.method, fit.overall) == ("the fitted model", 1.0)


def test_segments_are_numbered_by_the_labels_whatever_the_model_calls_its_clusters(cards):
    fitted = cards.fit("kmeans", k=3)
    fitted.model.cluster_centers_ = fitted.model.cluster_centers_[[2, 0, 1]]
    fit = fitted.program()
    rows = cards.dataset.frame.to_numpy()
    assert fit.overall == 1.0
    assert np.array_equal(fit.program.assign(rows).segment, fitted.segment)
    assert np.bincount(fitted.segment)[1:].tolist() == sorted(np.bincount(fitted.segment)[1:], reverse=True)


def test_without_a_model_the_way_that_agrees_best_is_taken(cards):
    fitted = cards.fit("kmeans", k=3)
    assert fitted._replace(model=None).program().method == "nearest centroid"
    fit = cards.fit("agglomerative", k=3).program()
    assert fit.method == "nearest labelled row"
    assert set(fit.program.arrays()) == {"rows", "segments"}


def test_labelled_rows_are_judged_by_the_others(cards):
    fitted = cards.fit("agglomerative", k=3)
    values = fitted.space.values
    squares = ((values[:, np.newaxis] - values) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    assert fitted.program().overall == np.mean(fitted.segment[squares.argmin(axis=1)] == fitted.segment)


def test_rows_without_a_segment_stay_without_one(cards):
    segment = cards.fit("kmeans", BALANCE, k=3).segment
    fit = labelled(cards, np.where(segment == 3, 0, segment), raw=BALANCE).program()
    rows = cards.dataset.frame[["BALANCE"]].to_numpy()
    assert (fit.method, fit.program.segments) == ("nearest labelled row", (1, 2))
    assert np.array_equal(fit.program.assign(rows).segment == 0, segment == 3)


def test_labels_that_no_program_gives_again_are_refused_with_the_figures(cards):
    segment = 1 + np.arange(300) % 2
    with pytest.raises(
        RequestError, match=r"new rows: the best, .* \d+\.\d %, segment 1 \d+\.\d %.*at least 95 % .* 80 %"
    ):
        labelled(cards, segment).program()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"step": "impute", "strategy": "knn"}], "step 1: knn fills a value from other rows"),
        ([{"step": "impute", "override": {"TENURE": "knn"}}], "step 1: knn fills a value from other rows"),
        ([{"step": "impute", "add_indicator": True}], "step 1: columns of add_indicator"),
    ],
)
def test_a_step_without_operations_is_refused_by_name(cards, steps, message):
    with pytest.raises(RequestError, match=message):
        labelled(cards, 1 + np.arange(300) % 2, raw=steps).program()


class Square(Step):
    """Square the values."""

    name = "square"

    def estimator(self):
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(np.square, feature_names_out="one-to-one")


class Halve(Square):
    """Divide by two."""

    name = "halve"

    def estimator(self):
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(lambda X: X / 2, feature_names_out="one-to-one")

    def operations(self, fitted):
        return [{"op": "affine", "shift": np.zeros(2), "scale": np.full(2, 2.0)}]


def test_a_step_of_a_workspace_needs_operations(cards):
    (impute,) = cards.steps([IMPUTE])
    segment = cards.fit("kmeans", k=3).segment
    steps = (impute, Square())
    with pytest.raises(RequestError, match=r"step 2: step square has no operations .*a method `operations`"):
        build_program(cards.dataset.frame, steps, fit_space(cards.dataset, steps, where="v"), segment, None)


def test_a_step_of_a_workspace_may_offer_operations(cards):
    (impute,) = cards.steps([IMPUTE])
    steps = (impute, Halve(columns=("BALANCE", "TENURE")))
    space = fit_space(cards.dataset, steps, where="v")
    segment = cards.fit("kmeans", [IMPUTE], k=2).segment
    fit = build_program(cards.dataset.frame, steps, space, segment, None)
    assert np.array_equal(fit.program.state(cards.dataset.frame.to_numpy()).T, space.values)
