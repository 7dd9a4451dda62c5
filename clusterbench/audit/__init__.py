"""Audit: a published clustering is fitted again, its numbers are compared, and it is judged by the rules of trust."""

from clusterbench.audit.audit_files import audit_html, audit_json, audit_markdown, audit_text, write_audit
from clusterbench.audit.audit_findings import Finding, FindingKind
from clusterbench.audit.auditing import Audit, ResultAudit, Standing, audit
from clusterbench.audit.claim import Claim, ClaimedResult, load_claim
from clusterbench.audit.claimed_numbers import Agreement, ComparedNumber

__all__ = [
    "Agreement",
    "Audit",
    "Claim",
    "ClaimedResult",
    "ComparedNumber",
    "Finding",
    "FindingKind",
    "ResultAudit",
    "Standing",
    "audit",
    "audit_html",
    "audit_json",
    "audit_markdown",
    "audit_text",
    "load_claim",
    "write_audit",
]
