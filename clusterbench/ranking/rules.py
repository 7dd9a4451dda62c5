"""The rules of a ranking: spaces, metrics, weights, k policies, the order, and the seed of its draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, PlainSerializer

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics import DEFAULT_METRICS, MetricFacts, MetricKind, get_metric
from clusterbench.tables import OWN, STABILITY
from clusterbench.text import in_sentence, listed

BETTER_OF = "|"
"""Between metrics of which the better one counts."""


DEFAULT_SCORE: Final[Mapping[str, float]] = {"silhouette|mst_separation": 1.0, "size_evenness": 0.5}
"""The score of a benchmark that declares none, chosen on tables with known classes: docs/ranking-rule.md."""


class KPolicy(StrEnum):
    """How the cut of an entry is chosen among those that were run."""

    FIXED = "fixed"
    CALIBRATED = "calibrated"
    SILHOUETTE = "silhouette"
    SCORE = "score"
    ORACLE = "oracle"


class OrderRule(StrEnum):
    """What entries are ordered by: the mean of their ranks by every metric, or a score of their own."""

    MEAN_RANK = "mean_rank"
    SCORE = "score"

    @property
    def heading(self) -> str:
        """The title of the number that entries are ordered by, whose column has the name of the rule."""
        return "Score" if self is OrderRule.SCORE else "Mean rank"

    @property
    def sign(self) -> float:
        """1 where the lower number is better, -1 where the higher is."""
        return -1.0 if self is OrderRule.SCORE else 1.0


def _facts(given: object) -> object:
    return MetricFacts.from_json(given) if isinstance(given, Mapping) else given


StoredFacts = Annotated[MetricFacts, BeforeValidator(_facts), PlainSerializer(MetricFacts.to_json)]
"""Facts of a metric, in JSON without infinite numbers."""


Names = Annotated[frozenset[str], PlainSerializer(sorted)]
"""A set of names, in JSON in their order, so that equal rules have one text."""


@dataclass(frozen=True, slots=True)
class RankingSpec:
    """Rules of a leaderboard; RequestError for unknown names, contradictory policies or weights that are all 0."""

    reference_spaces: tuple[str, ...]  # whose scores are ranked; a labeling's own space is never one
    metrics: tuple[str, ...] = DEFAULT_METRICS  # names; without `facts`, of built-in metrics
    # Of each family in the mean rank, 1 for one that is not named. ``stability`` takes part where it was measured.
    weights: Mapping[str, float] = field(default_factory=dict)
    k_policies: tuple[KPolicy, ...] = ()  # none: ``calibrated`` where random baselines are given, else ``silhouette``
    order: OrderRule = OrderRule.MEAN_RANK
    # Weights of metrics, among them ``stability``, for the order and the k policy ``score``. A name such as
    # ``silhouette|dbcv`` stands for the better of both in each reference space.
    score: Mapping[str, float] = field(default_factory=dict)
    fixed_k: int | None = None  # number of clusters for the policy ``fixed``
    true_k: Mapping[str, int] = field(default_factory=dict)  # known classes per dataset, for the policy ``oracle``
    controls: Names = frozenset()  # of the algorithms that are controls
    seed: int = 0  # of all draws
    n_bootstrap: int = 1000  # simulated samples for rank intervals; 0 for none
    confidence: float = 0.90  # of rank intervals and of the separation behind tie letters
    # Of each metric, in the order of `metrics`: a ranking made from a store needs no plug-in.
    facts: tuple[StoredFacts, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "reference_spaces", tuple(self.reference_spaces))
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "controls", frozenset(self.controls))
        object.__setattr__(self, "k_policies", tuple(_member(KPolicy, name, "k_policies") for name in self.k_policies))
        object.__setattr__(self, "order", _member(OrderRule, self.order, "order"))
        given = {facts.name: facts for facts in self.facts}
        object.__setattr__(self, "facts", tuple(given.get(name) or get_metric(name).facts for name in self.metrics))
        self._check_names()
        self._check_numbers()

    def _check_names(self) -> None:
        for what, names in (("reference_spaces", self.reference_spaces), ("metrics", self.metrics)):
            if not names:
                raise RequestError(f"no {what} to rank in", where=what, allowed="at least one name")
            if len(set(names)) < len(names):
                raise RequestError(f"duplicate names: {', '.join(names)}", where=what)
        if OWN in self.reference_spaces:
            what = f"{OWN!r} differs between entries and cannot be ranked in"
            raise RequestError(what, where="reference_spaces", allowed="declared variants")
        for metric in self.facts:
            if metric.kind is MetricKind.DIAGNOSTIC:
                what = f"{metric.name!r} is a diagnostic: it is shown, and no measure of quality"
                raise RequestError(what, where="metrics", allowed="metrics of another kind")
        families = {metric.family for metric in self.facts} | {STABILITY}
        for family in self.weights:
            if family not in families:
                raise unknown("metric family", family, families, where="weights")
        for name in self.score_metrics:
            if name not in (known := {*self.metrics, STABILITY}):
                raise unknown("metric", name, known, where="score")
        if not self.score and (self.order is OrderRule.SCORE or KPolicy.SCORE in self.k_policies):
            raise RequestError("no metric makes up the score", where="score", allowed="weights of metrics")
        if len(set(self.k_policies)) < len(self.k_policies):
            raise RequestError("duplicate policy", where="k_policies")

    def _check_numbers(self) -> None:
        for family, weight in self.weights.items():
            if not math.isfinite(weight) or weight < 0:
                raise RequestError(f"{family} = {weight}", where="weights", allowed="0 or more")
        if all(self.weight(metric.family) == 0 for metric in self.facts):
            raise RequestError("every ranked family has weight 0", where="weights", allowed="one weight above 0")
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
        """Return the facts of a metric that is ranked or built in."""
        return next((facts for facts in self.facts if facts.name == name), None) or get_metric(name)

    @property
    def score_metrics(self) -> tuple[str, ...]:
        """The metrics that take part in the score."""
        return tuple(dict.fromkeys(name for part in self.score for name in part.split(BETTER_OF)))

    @property
    def is_default(self) -> bool:
        """Whether k is chosen and entries are ordered as in a benchmark that declares no rule."""
        by_score = self.order is OrderRule.SCORE and self.k_policies == (KPolicy.SCORE,)
        return by_score and dict(self.score) == DEFAULT_SCORE

    @property
    def order_metrics(self) -> tuple[str, ...]:
        """The metrics that entries are ordered by, stability among them where it was measured."""
        return self.score_metrics if self.order is OrderRule.SCORE else (*self.metrics, STABILITY)

    @property
    def rule_text(self) -> str:
        """How k is chosen and entries are ordered, in two sentences."""
        policies = listed([str(policy) for policy in self.k_policies])
        if self.order is not OrderRule.SCORE:
            how = f"Entries are ordered by the mean of their ranks by {listed(self._titles(self.metrics))}"
            return f"{how}, averaged over families of metrics. The k of each entry is chosen by the policy {policies}."
        parts = []
        for part, weight in self.score.items():
            titles = self._titles(part.split(BETTER_OF))
            text = (
                titles[0]
                if len(titles) == 1
                else f"the better of {listed(titles)}"
                if len(titles) == 2
                else f"the best of {listed(titles)}"
            )
            parts.append(text if weight == 1 else f"half of {text}" if weight == 0.5 else f"{weight:g} times {text}")
        what = f"The score of a partition is {', plus '.join(parts)}, averaged over the reference spaces"
        chosen = "takes the k with the highest score" if policies == KPolicy.SCORE else f"takes its k by {policies}"
        return f"{what} {listed(self.reference_spaces)}. Each entry {chosen}, and entries are ordered by their scores."

    def _titles(self, names: Sequence[str]) -> list[str]:
        titles = {facts.name: facts.title for facts in self.facts}
        return [in_sentence(titles.get(name, name)) for name in names]

    def weight(self, family: str) -> float:
        """Return the weight of a family in the mean rank."""
        return float(self.weights.get(family, 1.0))

    def policies(self, *, has_baselines: bool) -> tuple[KPolicy, ...]:
        """Return the k policies, or the default."""
        default = KPolicy.CALIBRATED if has_baselines else KPolicy.SILHOUETTE
        return self.k_policies or (default,)


_Member = TypeVar("_Member", bound=StrEnum)


def _member(kind: type[_Member], name: str, where: str) -> _Member:
    try:
        return kind(name)
    except ValueError:
        what = "k policy" if where == "k_policies" else where
        raise unknown(what, str(name), [str(member) for member in kind], where=where) from None
