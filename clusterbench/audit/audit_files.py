"""The answer to a claim as text, as JSON, as Markdown and as a page that needs no network."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from clusterbench.audit.audit_findings import Finding, FindingKind
from clusterbench.audit.auditing import Audit, ResultAudit, Standing
from clusterbench.audit.claimed_numbers import Agreement
from clusterbench.report.number_text import fixed, json_value
from clusterbench.report.templating import part, template
from clusterbench.report.writing import write_atomically
from clusterbench.text import listed, printable

_PACKAGE = "clusterbench.audit"
_ANSWERS = {
    Agreement.REPRODUCED: "The numbers are reproduced",
    Agreement.CLOSE: "The numbers are reproduced closely, not to every digit",
    Agreement.NOT: "The numbers are not reproduced as claimed",
    Agreement.NOTHING: "No number is claimed",
}
_STANDINGS = {
    Standing.HOLDS: "and the claim holds under the rules of trust",
    Standing.RESERVATIONS: "and the claim holds under the rules of trust, with reservations",
    Standing.FAILS: "and the claim does not hold under the rules of trust",
}


def sentence(audit: Audit) -> str:
    """Return the answer in one sentence; findings that do not count in a second one."""
    counted = _headings(audit.counted_findings)
    others = [heading for heading in _headings(audit.all_findings) if heading not in counted]
    why = f": {listed(counted)}" if counted else ""
    beside = f" Of other results: {listed(others)}." if others else ""
    return f"{_ANSWERS[audit.agreement]}, {_STANDINGS[audit.standing]}{why}.{beside}"


def _headings(findings: Sequence[Finding]) -> list[str]:
    kinds = {finding.kind for finding in findings}
    return [kind.heading for kind in FindingKind if kind in kinds]


def gathered(audit: Audit) -> list[tuple[Finding, tuple[str, ...]]]:
    """Return the findings in the order of their kinds; equal evidence about several results once, with their names."""
    found: dict[tuple[FindingKind, str], list[str]] = {}
    first: dict[tuple[FindingKind, str], Finding] = {}
    for kind in FindingKind:
        for finding in audit.all_findings:
            if finding.kind is kind:
                key = (kind, finding.evidence)
                first.setdefault(key, finding)
                found.setdefault(key, []).append(finding.result)
    return [(first[key], tuple(filter(None, names))) for key, names in found.items()]


def audit_text(audit: Audit) -> str:
    """Return an audit as plain text for the terminal."""
    lines = [printable(audit.title), sentence(audit), ""]
    lines += [f"table    {audit.dataset}: {audit.n_rows} of {audit.n_all} rows", f"steps    {audit.pipeline}"]
    lines += [f"assumed  {printable(text)}" for text in audit.assumptions]
    for result in audit.results:
        lines += ["", f"{result.name}: {result.agreement}"]
        lines += [
            f"  {one.agreement:15} {one.name}: claimed {one.claimed}, found {one.found}" for one in result.numbers
        ]
        lines.append(f"  {facts_of(result)}")
    lines.append("")
    for finding, names in gathered(audit):
        about = f" [{'; '.join(names)}]" if names and len(audit.results) > 1 else ""
        lines.append(f"finding  {finding.kind.heading}: {finding.evidence}{about}")
    if not audit.all_findings:
        lines.append("none of the thirteen findings applies")
    return "\n".join(lines)


def facts_of(result: ResultAudit) -> str:
    """Return what a partition is worth, whatever was claimed of it."""
    noise = f", {result.n_noise} rows of noise" if result.n_noise else ""
    sizes = ", ".join(map(str, result.sizes)) or "none"
    places = {"its own space": result.own_silhouette, **result.reference_silhouettes}
    known = "; ".join(f"{fixed(value, 3)} in {name}" for name, value in places.items())
    stable = "" if math.isnan(result.stability) else f"; refits to halves agree by ARI {fixed(result.stability, 2)}"
    return f"sizes {sizes}{noise}; silhouette {known}{stable}"


def audit_json(audit: Audit) -> str:
    """Return an audit as a JSON document."""
    document = {
        **{name: getattr(audit, name) for name in ("title", "source", "quotes", "dataset", "n_rows", "n_all")},
        **{name: getattr(audit, name) for name in ("pipeline", "scored_in", "assumptions")},
        "agreement": audit.agreement,
        "standing": audit.standing,
        "answer": sentence(audit),
        "findings": [_finding(finding) for finding in audit.all_findings],
        "results": [
            {
                "name": result.name,
                "agreement": result.agreement,
                "numbers": [
                    {"name": n.name, "claimed": n.claimed, "found": n.found, "agreement": n.agreement}
                    for n in result.numbers
                ],
                "sizes": result.sizes,
                "noise": result.n_noise,
                "own_silhouette": json_value(result.own_silhouette),
                "reference_silhouettes": {k: json_value(v) for k, v in result.reference_silhouettes.items()},
                "stability": json_value(result.stability),
                "findings": [_finding(finding) for finding in result.findings],
            }
            for result in audit.results
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "title": finding.kind.heading,
        "refutes": finding.kind.refutes,
        "evidence": finding.evidence,
        "result": finding.result,
    }


def audit_html(audits: Sequence[Audit]) -> str:
    """Return one page about some claims; it asks for nothing from outside."""
    page = template("audit.html.j2", _PACKAGE)
    return page.render(audits=audits, style=part("page.css"), sentence=sentence, gathered=gathered, facts_of=facts_of)


def audit_markdown(audits: Sequence[Audit]) -> str:
    """Return the same as Markdown."""
    page = template("audit.md.j2", _PACKAGE)
    return page.render(audits=audits, sentence=sentence, gathered=gathered, facts_of=facts_of) + "\n"


def write_audit(audits: Sequence[Audit], folder: Path) -> list[Path]:
    """Write ``index.html``, ``audit.md``, and one JSON document per claim; return their paths."""
    texts = {"index.html": audit_html(audits) + "\n", "audit.md": audit_markdown(audits)}
    texts["audit.json"] = "[\n" + ",\n".join(audit_json(one).rstrip("\n") for one in audits) + "\n]\n"
    return [write_atomically(folder / name, text) for name, text in texts.items()]
