"""An alert where the first entry does no better than on shuffled tables, or where all has one mode."""

from __future__ import annotations

import pytest

from clusterbench.ranking import AlertKind, Severity
from clusterbench.results import DipRecord, ShuffledTable, StructureFinding, structure_alerts

MANY_MODES, ONE_MODE = DipRecord(0.1, 0.001, 10), DipRecord(0.01, 0.6, 10)


def finding(reached: float | None, *shuffled: float | None, dip: DipRecord = MANY_MODES) -> StructureFinding:
    tables = tuple(ShuffledTable(value, None, {}) for value in shuffled)
    return StructureFinding("cards", dip, dip, reached, None, tables)


def test_a_first_entry_that_a_shuffled_table_equals_gets_a_serious_alert():
    (alert,) = structure_alerts([finding(0.1, 0.05, 0.12, None)])
    assert (alert.kind, alert.severity, alert.dataset) == (AlertKind.NO_STRUCTURE, Severity.SERIOUS, "cards")
    assert str(alert).startswith("cards: no structure beyond the null")


@pytest.mark.parametrize("harmless", [finding(0.13, 0.05, 0.12), finding(None), finding(0.1, None), finding(None, 0.9)])
def test_without_a_shuffled_table_that_does_as_well_there_is_no_alert(harmless):
    assert structure_alerts([harmless]) == []


@pytest.mark.parametrize(("better", "alarm"), [(0, False), (1, True), (19, True)])
def test_of_nineteen_shuffled_tables_one_that_is_as_good_is_one_too_many(better, alarm):
    alerts = structure_alerts([finding(0.2, *[0.2] * better, *[0.1] * (19 - better))])
    assert bool(alerts) == alarm
    if alarm:
        assert f"on {better} of 19 tables" in alerts[0].text
        assert f"p = {(1 + better) / 20:.2f}" in alerts[0].text


def test_one_mode_in_component_and_distances_is_a_warning_for_that_dataset_alone():
    alerts = structure_alerts([finding(None), finding(None, dip=ONE_MODE)])
    assert [(alert.kind, alert.severity) for alert in alerts] == [(AlertKind.ONE_MODE, Severity.WARNING)]
    assert "p = 0.60 and 0.60" in alerts[0].text
