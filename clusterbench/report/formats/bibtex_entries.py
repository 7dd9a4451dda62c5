"""How to cite a run and the software that made it, as BibTeX."""

import hashlib

from clusterbench.report.declared_parts import Format
from clusterbench.report.formats.latex_table import escaped
from clusterbench.report.model import ReportModel
from clusterbench.report.number_text import slug


def bibtex(report: ReportModel) -> str:
    """Return two BibTeX entries: the run, identified by the SHA-256 of its record, and the software."""
    run, version = report.run, report.run.manifest.environment.clusterbench
    record_hash = hashlib.sha256(run.record.to_json().encode()).hexdigest()
    date = run.manifest.finished[:10]
    entries = {
        f"misc{{{slug(f'run-{report.name}-{record_hash[:8]}')}": {
            "title": f"{report.title}: a leaderboard of clusterings",
            "author": "{The clusterbench developers}",
            "year": date[:4],
            "note": f"Run {report.name} of {date}, record SHA-256 {record_hash}. {report.citation}",
        },
        "software{clusterbench": {
            "title": "clusterbench: a comparative benchmark of clustering algorithms",
            "author": "{The clusterbench developers}",
            "year": date[:4],
            "version": version,
        },
    }
    texts = []
    for head, fields in entries.items():
        lines = [f"  {name} = {{{value if name == 'author' else escaped(value)}}}," for name, value in fields.items()]
        texts.append("\n".join([f"@{head},", *lines, "}\n"]))
    return "\n".join(texts)


FORMAT = Format("bibtex", lambda report: {"citation.bib": bibtex(report)}, {"citation.bib": "how to cite this run"}, 35)
