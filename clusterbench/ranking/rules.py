"""What a ranking is asked to do: spaces, metrics, weights, k policies, and the seed of its bootstrap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics import DEFAULT_METRICS, MetricFacts, get_metric
from clusterbench.tables import OWN, STABILITY


class KPolicy(StrEnum):
    """How an entry's cut is chosen among those that were run."""

    FIXED = "fixed"
    CALIBRATED = "calibrated"
    SILHOUETTE = "silhouette"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class RankingSpec:
    """The rules of one leaderboard.

    Attributes
    ----------
    reference_spaces : tuple of str
        Spaces whose scores are ranked; a labeling's own space is never one.
    metrics : tuple of str
    weights : mapping of str to float
        Weight of each family in the mean rank; a family that is not named weighs 1.
        The family ``stability`` counts only where stability was measured.
    k_policies : tuple of KPolicy
        Empty: ``calibrated`` where random baselines are given, else ``silhouette``.
    fixed_k : int, optional
        Clusters asked for by the policy ``fixed``.
    true_k : mapping of str to int
        Known number of classes per dataset, for the policy ``oracle``.
    controls : frozenset of str
        Algorithms that are null competitors.
    seed : int
        All randomness of the ranking follows from it.
    n_bootstrap : int
        Draws for rank intervals; 0 switches them off.
    confidence : float
        Probability content of rank intervals and of the separation behind tie letters.
    plugin_metrics : tuple of MetricFacts
        The metrics among `metrics` that are not built in.

    Raises
    ------
    RequestError
        For unknown names, contradictory policies, or weights that leave nothing to rank by.
    """

    reference_spaces: tuple[str, ...]
    metrics: tuple[str, ...] = DEFAULT_METRICS
    weights: Mapping[str, float] = field(default_factory=dict)
    k_policies: tuple[KPolicy, ...] = ()
    fixed_k: int | None = None
    true_k: Mapping[str, int] = field(default_factory=dict)
    controls: frozenset[str] = frozenset()
    seed: int = 0
    n_bootstrap: int = 200
    confidence: float = 0.90
    plugin_metrics: tuple[MetricFacts, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "reference_spaces", tuple(self.reference_spaces))
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "controls", frozenset(self.controls))
        object.__setattr__(self, "k_policies", tuple(_policy(name) for name in self.k_policies))
        for name in self.metrics:
            self.metric(name)
        self._check_names()
        self._check_numbers()

    def _check_names(self) -> None:
        for what, names in (("reference_spaces", self.reference_spaces), ("metrics", self.metrics)):
            if not names:
                raise RequestError(f"no {what} to rank in", where=what, allowed="at least one name")
            if len(set(names)) < len(names):
                raise RequestError(f"names are repeated: {', '.join(names)}", where=what)
        if OWN in self.reference_spaces:
            what = f"{OWN!r} differs between competitors, so it ranks nothing"
            raise RequestError(what, where="reference_spaces", allowed="declared variants")
        families = {metric.family for metric in self.metric_list} | {STABILITY}
        for family in self.weights:
            if family not in families:
                raise unknown("metric family", family, families, where="weights")
        if len(set(self.k_policies)) < len(self.k_policies):
            raise RequestError("a policy is repeated", where="k_policies")

    def _check_numbers(self) -> None:
        for family, weight in self.weights.items():
            if not math.isfinite(weight) or weight < 0:
                raise RequestError(f"{family} = {weight}", where="weights", allowed="0 or more")
        if all(self.weight(metric.family) == 0 for metric in self.metric_list):
            raise RequestError("every ranked family weighs 0", where="weights", allowed="one weight above 0")
        if KPolicy.FIXED in self.k_policies and self.fixed_k is None:
            raise RequestError("the k policy 'fixed' needs fixed_k", where="k_policies", allowed="fixed_k = 2 or more")
        if self.fixed_k is not None and self.fixed_k < 2:
            raise RequestError(f"fixed_k = {self.fixed_k} has nothing to compare", where="fixed_k", allowed="2 or more")
        if KPolicy.ORACLE in self.k_policies and not self.true_k:
            raise RequestError("the k policy 'oracle' needs true_k of a dataset", where="k_policies")
        if self.n_bootstrap < 0:
            raise RequestError(f"n_bootstrap = {self.n_bootstrap}", where="n_bootstrap", allowed="0 or more")
        if not 0.0 < self.confidence < 1.0:
            raise RequestError(f"confidence = {self.confidence}", where="confidence", allowed="between 0 and 1")

    def metric(self, name: str) -> MetricFacts:
        """Return the facts of a metric, built in or among `plugin_metrics`.

        Raises
        ------
        RequestError
            If there is none, with the nearest spelling.
        """
        return next((metric for metric in self.plugin_metrics if metric.name == name), None) or get_metric(name)

    @property
    def metric_list(self) -> tuple[MetricFacts, ...]:
        return tuple(self.metric(name) for name in self.metrics)

    def weight(self, family: str) -> float:
        """Return the weight of a family in the mean rank."""
        return float(self.weights.get(family, 1.0))

    def policies(self, *, has_baselines: bool) -> tuple[KPolicy, ...]:
        """Return the k policies, the default filled in."""
        default = KPolicy.CALIBRATED if has_baselines else KPolicy.SILHOUETTE
        return self.k_policies or (default,)


def _policy(name: str) -> KPolicy:
    try:
        return KPolicy(name)
    except ValueError:
        raise unknown("k policy", str(name), [str(policy) for policy in KPolicy], where="k_policies") from None
