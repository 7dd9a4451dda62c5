"""The commands that check an entry."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from clusterbench.naming import Cut
from clusterbench.report.entry_views import Entry, Row
from clusterbench.report.number_text import is_missing
from clusterbench.results import StoredRun
from clusterbench.tables import CUT_KEY, ENTRY_IDENTITY, OVERALL
from clusterbench.verification import entry_target


def check_commands(run: StoredRun, entry: Entry) -> Iterator[str]:
    """Yield the commands that check an entry; on the board over all datasets, those of its row on each dataset."""
    rows: list[Row] = [entry.row]
    if entry.row["dataset"] == OVERALL:
        table = run.board.table[run.board.table["dataset"] != OVERALL]
        same = (table[ENTRY_IDENTITY].astype(str) == list(entry.key)).all(axis=1)
        rows = [{str(name): value for name, value in row.items()} for row in table[same].to_dict("records")]
    for row in rows:
        target = entry_target(run.cells, {name: str(row[name]) for name in CUT_KEY})
        yield shlex.join(["clusterbench", "reproduce", *(["--"] if target.startswith("-") else []), target, run.name])
    # Into other folders: in those of the run nothing would be computed, and a part would replace the whole.
    yield f"{_run_command(run, entry)} --results again --reports again"
    for sha in dict.fromkeys(sha[:12] for sha in entry.cells["labels_sha256"] if not is_missing(sha)):
        yield f"clusterbench labels {sha}"


def _run_command(run: StoredRun, entry: Entry) -> str:
    """Return the command that fits and scores an entry (and the other settings of its algorithm) again."""
    words = ["clusterbench", "run", Path(run.record.path).stem, *(["--quick"] if run.record.quick else [])]
    conditions = {name: entry.row[name] for name in ("dataset", "algorithm", "variant")}
    if entry.row["dataset"] == OVERALL or len(run.record.datasets) == 1:
        del conditions["dataset"]
    if not is_missing(entry.row["cut"]) and (k := Cut.parse(str(entry.row["cut"])).k) is not None:
        conditions["k"] = k
    return shlex.join([*words, *(word for name, value in conditions.items() for word in ("--only", f"{name}={value}"))])
