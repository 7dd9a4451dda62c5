"""Ranking rules under test: each is a `[ranking]` table of a benchmark file, by name."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from clusterbench.benchmark import RankingTable
from clusterbench.errors import RequestError, unknown
from clusterbench.ranking import KPolicy, RankingSpec

DEFAULT = "default"
"""The rule of a benchmark that declares none."""

_SHIPPED = Path(__file__).parent / "rules.toml"
_TABLES = TypeAdapter(dict[str, RankingTable])


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: how k is chosen, and how entries are ordered."""

    name: str
    table: RankingTable

    def spec(self, declared: RankingSpec, k_policy: KPolicy | None = None) -> RankingSpec:
        """Return the rules of a run with those of this rule in their place, without rank intervals.

        `k_policy` replaces the rule's own.
        """
        policies = self.table.k_policies[:1] if k_policy is None else (k_policy,)
        return replace(
            declared,
            k_policies=policies,
            order=self.table.order,
            score=self.table.used_score,
            weights=self.table.weights,
            fixed_k=self.table.fixed_k if KPolicy.FIXED in policies else None,
            n_bootstrap=0,
        )


def shipped_rules() -> dict[str, Rule]:
    """Return the rules that are compared unless others are named, the default rule first."""
    return {DEFAULT: Rule(DEFAULT, RankingTable()), **_read(_SHIPPED)}


def load_rules(names: Sequence[str] = ()) -> dict[str, Rule]:
    """Return rules by name; a name that ends in ``.toml`` is a file of rules, none at all means the shipped ones.

    Raises
    ------
    RequestError
        For an unknown name, or a file that is no table of rules.
    """
    shipped = shipped_rules()
    if not names:
        return shipped
    rules = {DEFAULT: shipped[DEFAULT]}
    for name in names:
        if name.endswith(".toml"):
            rules |= _read(Path(name))
        elif name in shipped:
            rules[name] = shipped[name]
        else:
            raise unknown("rule", name, shipped, where="--rules")
    return rules


def _read(path: Path) -> dict[str, Rule]:
    try:
        tables = _TABLES.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise RequestError(what, where=str(path), allowed="[NAME] tables with the keys of [ranking]") from error
    return {name: Rule(name, table) for name, table in tables.items()}
