"""What the default rule loses on tables with known classes: the summary of the evidence in ``docs/ranking-rule.md``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from clusterbench.text import percent


@dataclass(frozen=True, slots=True)
class RuleEvidence:
    """Mean losses of adjusted Rand index against the best partition of a table, over tables with known classes."""

    tables: int  # that they are measured on, like `partitions`
    partitions: int
    regret: float  # of the first place by the default rule
    random: float  # of a random pick among the partitions that pass the gate
    silhouette: float  # of the partition with the largest silhouette
    first: Mapping[str, float]  # by algorithm: the share of tables on which it is first by the rule
    best: Mapping[str, float]  # and on which it is best by known classes

    @property
    def sentence(self) -> str:
        """The evidence in words."""
        return (
            f"On {self.tables} tables with known classes this rule loses {self.regret:.2f} of adjusted Rand index on "
            f"average against the best partition of a table (a random pick {self.random:.2f}, the largest silhouette "
            f"{self.silhouette:.2f}): the documentation, The ranking rule and its evidence."
        )

    @property
    def preference(self) -> str:
        """The algorithms that the rule puts first more often, and less often, than the known classes do by most."""
        excess = {name: share - self.best[name] for name, share in self.first.items()}
        favoured, neglected = max(excess, key=excess.__getitem__), min(excess, key=excess.__getitem__)
        shares = [
            f"{name} is first on {percent(self.first[name])} of these tables and best by known classes on"
            f" {percent(self.best[name])}"
            for name in (favoured, neglected)
        ]
        return "; ".join(shares) + "."


@cache
def shipped_evidence() -> RuleEvidence:
    """Return the evidence for the default rule of this version."""
    text = Path(__file__).with_name("evidence.toml").read_text(encoding="utf-8")
    return TypeAdapter(RuleEvidence).validate_python(tomllib.loads(text))
