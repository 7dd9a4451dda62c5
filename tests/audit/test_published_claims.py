"""The ten published claims on the real table are answered as their facts say; skipped where the table is not here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from clusterbench.audit import Agreement, FindingKind, audit, load_claim
from clusterbench.plugins import load_registry

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "benchmarks" / "published"
NAMES = ("A1", "C1", "C2", "C3", "D1", "G1", "J1", "L1", "Q1", "S1")
# What published.json says of a case beside its numbers, and what every audit of it must therefore find.
LESSONS = {
    "C3": FindingKind.DEGENERATE,  # one cluster plus noise
    "D1": FindingKind.LOCAL_OPTIMUM,
    "J1": FindingKind.ROWS_DROPPED,
    "L1": FindingKind.NOISE_CLUSTER,
    "Q1": FindingKind.LOCAL_OPTIMUM,
    "S1": FindingKind.ROWS_DROPPED,
}


def test_the_committed_page_answers_all_ten_claims_as_their_facts_say():
    audits = json.loads((ROOT / "reports" / "reference" / "published" / "audit.json").read_text(encoding="utf-8"))
    by_case = {re.match(r"\w+", one["title"])[0]: one for one in audits}
    assert tuple(by_case) == NAMES
    for name, one in by_case.items():
        assert one["agreement"] == Agreement.REPRODUCED, name
        kinds = {finding["kind"] for finding in one["findings"]}
        assert name not in LESSONS or LESSONS[name] in kinds


def test_every_number_of_the_published_cases_is_claimed(real_table_folder):
    cases = json.loads((real_table_folder / "published.json").read_text())["cases"]
    for case in cases:
        text = (FOLDER / f"{case['id']}.toml").read_text(encoding="utf-8")
        numbers = [*_numbers(case)]
        assert numbers
        assert [number for number in numbers if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text)] == []


def _numbers(value: object, key: str = ""):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("agreement_with_C1_k3", "lesson"):
                yield from _numbers(inner, name)
    elif isinstance(value, list):
        yield from (str(each) for each in value if isinstance(each, int))
    elif isinstance(value, float | int):
        yield str(value)


@pytest.mark.parametrize(("name", "numbers"), [("Q1", 2), ("L1", 10)])
def test_a_claim_on_the_real_table_is_answered(real_table_folder, monkeypatch, name, numbers):
    monkeypatch.setenv("CLUSTERBENCH_DATA", str(real_table_folder))
    found = audit(load_claim(FOLDER / f"{name}.toml", load_registry(ROOT)))
    assert sum(len(result.numbers) for result in found.results) == numbers
    assert found.agreement is Agreement.REPRODUCED
    assert LESSONS[name] in {finding.kind for finding in found.all_findings}
