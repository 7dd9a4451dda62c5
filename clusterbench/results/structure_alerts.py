"""Alerts from the structure tests of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIGNIFICANT = 0.05


def alerts(findings: Mapping[str, Any]) -> list[str]:
    """Return a sentence for every dataset whose structure is in doubt."""
    told = []
    for name, found in findings.items():
        nulls = [value for value in found.get("permuted_silhouettes", []) if value is not None]
        reached = found.get("champion_silhouette")
        better = sum(reached is not None and value >= reached for value in nulls)
        tables = len(found.get("permuted_silhouettes", []))
        if better > max(0, int(_SIGNIFICANT * (tables + 1)) - 1):
            told.append(
                f"{name}: no structure beyond the null: the champion's silhouette {reached:.3f} is reached by the same"
                f" job on {better} of {tables} tables whose columns were shuffled independently"
                f" (p = {(1 + better) / (1 + tables):.2f}, highest {max(nulls):.3f})."
            )
        if all(found[kind]["p"] > _SIGNIFICANT for kind in ("dip_pc1", "dip_distances")):
            told.append(
                f"{name}: neither the first principal component nor the distances have more than one mode"
                f" (dip test, p = {found['dip_pc1']['p']:.2f} and {found['dip_distances']['p']:.2f})."
            )
    return told
