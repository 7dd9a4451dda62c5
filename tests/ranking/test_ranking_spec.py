"""A ranking that cannot be meant is refused before anything is computed."""

from __future__ import annotations

import pytest

from clusterbench.errors import RequestError
from clusterbench.ranking import KPolicy, RankingSpec


@pytest.mark.parametrize(
    ("changes", "culprit"),
    [
        ({"reference_spaces": ()}, "no reference_spaces"),
        ({"reference_spaces": ("standard", "standard")}, "repeated"),
        ({"reference_spaces": ("own",)}, "'own' differs between competitors"),
        ({"metrics": ("silhouete",)}, "did you mean 'silhouette'"),
        ({"metrics": ()}, "no metrics"),
        ({"weights": {"separatoin": 1.0}}, "did you mean 'separation'"),
        ({"weights": {"separation": -1.0}}, "separation = -1.0"),
        ({"weights": {"separation": 0.0}}, "every ranked family weighs 0"),
        ({"k_policies": ("silhuette",)}, "did you mean 'silhouette'"),
        ({"k_policies": ("silhouette", "silhouette")}, "repeated"),
        ({"k_policies": ("fixed",)}, "needs fixed_k"),
        ({"k_policies": ("fixed",), "fixed_k": 1}, "fixed_k = 1"),
        ({"k_policies": ("oracle",)}, "needs true_k"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(changes, culprit):
    with pytest.raises(RequestError) as error:
        RankingSpec(**{"reference_spaces": ("standard",), **changes})
    assert culprit in str(error.value)


def test_names_from_a_file_become_policies_and_tuples():
    spec = RankingSpec(reference_spaces=["standard"], k_policies=["silhouette"], controls=["random"])
    assert spec.reference_spaces == ("standard",)
    assert spec.k_policies == (KPolicy.SILHOUETTE,)
    assert spec.controls == frozenset({"random"})


def test_the_default_policy_calibrates_where_there_is_something_to_calibrate_with():
    spec = RankingSpec(reference_spaces=("standard",))
    assert spec.policies(has_baselines=True) == (KPolicy.CALIBRATED,)
    assert spec.policies(has_baselines=False) == (KPolicy.SILHOUETTE,)
