"""The estimate: three sums over the features, with coefficients that were fitted on tables with known classes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Coefficients of the features, and a constant, for three numbers in units of the adjusted Rand index."""

    low: Mapping[str, float]  # of the lower end of the interval of the regret
    high: Mapping[str, float]  # of the upper end
    random: Mapping[str, float]  # of the expected regret of a random pick
    tables: int  # with known classes, that they were fitted on
    coverage: float  # share of tables of batteries left out of the fit whose regret was inside the interval


CONSTANT = "constant"
NO_CLUSTERS = "No clusters were found, so the rank orders ways of cutting one cloud."


@dataclass(frozen=True, slots=True)
class TrustEstimate:
    """What the first place is likely to lose against the best partition of the table, in adjusted Rand index."""

    low: float  # end of the 90 % interval of the regret, within 0 to 1
    high: float
    random: float  # expected regret of a random pick among the partitions that pass the gate
    coefficients: Coefficients
    categories: bool = False  # whether the table has categories, which no table that they were fitted on has
    no_clusters: bool = False  # whether the structure tests found no clusters in the table

    @property
    def abstains(self) -> bool:
        """Whether the first place may be no better than a random pick, or nothing is known of tables like this."""
        return self.categories or self.high >= self.random

    @property
    def trusted(self) -> bool:
        """Whether the first place is likely to be close to clusters that the table has."""
        return not (self.abstains or self.no_clusters)

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        basis = f"as on {self.coefficients.tables} tables with known classes"
        warning = f" {NO_CLUSTERS}" if self.no_clusters else ""
        if self.categories:
            return (
                "How far the first place can be trusted is not known: the table has categories, none of the"
                f" {self.coefficients.tables} tables with known classes that this is judged by has.{warning}"
            )
        if self.abstains:
            return (
                f"No index can be trusted on a table like this: the first place may lose up to {self.high:.2f} of "
                f"adjusted Rand index against the best partition here, a random pick {self.random:.2f} ({basis})."
                f"{warning}"
            )
        return (
            f"The first place is likely to lose {self.low:.2f} to {self.high:.2f} of adjusted Rand index against the "
            f"best partition here (90 % interval, {basis}); a random pick would lose {self.random:.2f}.{warning}"
        )


@cache
def shipped_coefficients() -> Coefficients:
    """Return the coefficients of this version, for the default rule."""
    text = Path(__file__).with_name("coefficients.toml").read_text(encoding="utf-8")
    return TypeAdapter(Coefficients).validate_python(tomllib.loads(text))


def estimate_trust(features: Mapping[str, float], coefficients: Coefficients) -> TrustEstimate:
    """Return how much a first place with these features (`first_place_features`) is likely to lose."""
    high = _within(_sum(coefficients.high, features))
    low = min(_within(_sum(coefficients.low, features)), high)
    return TrustEstimate(low, high, _within(_sum(coefficients.random, features)), coefficients)


def _sum(coefficients: Mapping[str, float], features: Mapping[str, float]) -> float:
    return coefficients[CONSTANT] + sum(
        weight * features[name] for name, weight in coefficients.items() if name != CONSTANT
    )


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)
