"""The commands that check an entry."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from clusterbench.naming import Cut
from clusterbench.report.entry_views import Entry
from clusterbench.report.number_text import is_missing
from clusterbench.results import StoredRun
from clusterbench.tables import CUT_KEY
from clusterbench.verification import entry_target


def check_commands(run: StoredRun, entry: Entry, settings: pd.DataFrame) -> Iterator[str]:
    """Yield the commands that check an entry of one dataset; `settings` has every algorithm and params of the run."""
    target = entry_target(settings, {name: str(entry.row[name]) for name in CUT_KEY})
    yield shlex.join(["clusterbench", "reproduce", *(["--"] if target.startswith("-") else []), target, run.name])
    # Into other folders: in those of the run nothing would be computed, and a part would replace the whole.
    yield f"{_run_command(run, entry)} --results again --reports again"
    hashes = [cell.labels_sha256 for cell in entry.cells]
    for sha in dict.fromkeys(sha[:12] for sha in hashes if not is_missing(sha)):
        yield f"clusterbench labels {sha}"


def _run_command(run: StoredRun, entry: Entry) -> str:
    """Return the command that fits and scores an entry (and the other settings of its algorithm) again."""
    words = ["clusterbench", "run", Path(run.record.path).stem, *(["--quick"] if run.record.quick else [])]
    conditions = {name: entry.row[name] for name in ("dataset", "algorithm", "variant")}
    if len(run.record.datasets) == 1:
        del conditions["dataset"]
    if not is_missing(entry.row["cut"]) and (k := Cut.parse(str(entry.row["cut"])).k) is not None:
        conditions["k"] = k
    return shlex.join([*words, *(word for name, value in conditions.items() for word in ("--only", f"{name}={value}"))])
