"""Alerts from the structure tests of a run."""

from collections.abc import Iterable

from clusterbench.ranking import Alert, AlertKind
from clusterbench.results.records import StructureFinding

_SIGNIFICANT = 0.05


def structure_alerts(findings: Iterable[StructureFinding]) -> list[Alert]:
    """Return an alert for every dataset whose structure is in doubt."""
    alerts = []
    for finding in findings:
        nulls = [table.silhouette for table in finding.shuffled if table.silhouette is not None]
        reached = finding.silhouette
        better = sum(reached is not None and value >= reached for value in nulls)
        tables = len(finding.shuffled)
        if better > max(0, int(_SIGNIFICANT * (tables + 1)) - 1):
            text = (
                f"no structure beyond the null: the first entry's silhouette {reached:.3f} is reached by the same"
                f" job on {better} of {tables} tables whose columns were shuffled independently"
                f" (p = {(1 + better) / (1 + tables):.2f}, highest {max(nulls):.3f})."
            )
            alerts.append(Alert(AlertKind.NO_STRUCTURE, text, finding.dataset))
        if min(finding.first_component.p, finding.distances.p) > _SIGNIFICANT:
            text = (
                "neither the first principal component nor the distances have more than one mode"
                f" (dip test, p = {finding.first_component.p:.2f} and {finding.distances.p:.2f})."
            )
            alerts.append(Alert(AlertKind.ONE_MODE, text, finding.dataset))
    return alerts
