"""The leaderboard as a table of printed fields: the same for every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clusterbench.metrics import Direction, get_metric
from clusterbench.ranking import Column
from clusterbench.report.printed import NOTHING, fixed, is_nothing, readable, significant
from clusterbench.report.report_entries import Entry, Section
from clusterbench.results import Run

Baselines = Mapping[tuple[str, str, int], float]

_BEFORE_SCORES = ("rank", "interval", "tie", "entry", "variant", "k", "k_policy", "sizes", "coverage", "mean_rank")
_CALIBRATED = ("calibrated",)
_AFTER_SCORES = ("stability", "fit_seconds", "peak_mb")
_HIGHER_FIRST = ("coverage", "calibrated", "stability")
_OWN_FIELDS: dict[str, tuple[str, str]] = {
    "interval": (
        "Interval",
        "Central interval of the rank over the draws of the bootstrap, widened to hold the published rank.",
    ),
    "entry": ("Algorithm", "The algorithm, with those parameters that tell it from its siblings."),
    "sizes": ("Sizes", "Rows per cluster with the first seed, largest first; the hatched end is noise."),
}


@dataclass(frozen=True, slots=True)
class Heading:
    """A column as it is printed; columns of one `group` (a metric) stand under a common heading.

    `higher_first` says that a reader who sorts by it wants the highest value on top.
    """

    name: str
    title: str
    explanation: str
    group: str = ""
    numeric: bool = True
    higher_first: bool = False

    @property
    def full_title(self) -> str:
        return f"{self.group} ({self.title})" if self.group else self.title

    @property
    def spoken_title(self) -> str:
        """The full title without the arrow of the metric's direction."""
        return f"{self.group.rstrip(' ↑↓')} ({self.title})" if self.group else self.title


@dataclass(frozen=True, slots=True)
class Printed:
    """A field as it is printed: rounded `text`, the `exact` number behind it, and `notes` such as its z."""

    text: str
    exact: str = ""
    notes: tuple[str, ...] = ()
    optimised: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BoardTable:
    """One board, ready to print: as many fields in a row as there are headings."""

    section: Section
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Entry, tuple[Printed, ...]], ...]

    @property
    def groups(self) -> list[tuple[str, list[Heading]]]:
        """Neighbouring headings of one group together."""
        found: list[tuple[str, list[Heading]]] = []
        for heading in self.headings:
            if found and heading.group and found[-1][0] == heading.group:
                found[-1][1].append(heading)
            else:
                found.append((heading.group, [heading]))
        return found


def board_table(run: Run, section: Section) -> BoardTable:
    """Choose the columns that say something about a board, and print its rows."""
    columns = {column.name: column for column in run.board.columns}
    names = [name for name in _names(run, columns) if _says_something(name, section, run)]
    headings = tuple(_heading(name, columns) for name in names)
    baselines = _baselines(run)
    rows = tuple(
        (entry, tuple(_printed(name, entry, columns, run, baselines) for name in names)) for entry in section.entries
    )
    return BoardTable(section, headings, rows)


def legend(run: Run, tables: Sequence[BoardTable]) -> list[tuple[str, str, str]]:
    """Return (name, title, explanation) of every column: those of the tables first, then those in files alone."""
    shown = {heading.name: heading for table in tables for heading in table.headings}
    found = [(h.name, h.full_title, h.explanation) for h in shown.values()]
    others = [column for column in run.board.columns if column.name not in shown]
    return [*found, *((column.name, column.title, readable(column.explanation)) for column in others)]


def _baselines(run: Run) -> Baselines:
    """Return the mean score of random partitions by (dataset, column, k)."""
    bands = run.details.bands[["dataset", "metric", "space", "k", "mean"]].itertuples(index=False, name=None)
    return {(dataset, f"{metric}@{space}", int(k)): float(mean) for dataset, metric, space, k, mean in bands}


def _whole(value: Any) -> int:
    return 0 if is_nothing(value) else int(value)


def _names(run: Run, columns: Mapping[str, Column]) -> Sequence[str]:
    scores = [name for name, column in columns.items() if column.ranked and "@" in name]
    return (*_BEFORE_SCORES, *_CALIBRATED, *scores, *_AFTER_SCORES)


def _says_something(name: str, section: Section, run: Run) -> bool:
    """Leave out what is empty for all, or the same for all by declaration."""
    if name == "interval":
        return any(entry.has_interval for entry in section.entries)
    if name == "sizes":
        return not section.overall
    if name == "k_policy":
        return len(run.record.ranking.k_policies) > 1
    if name == "coverage":
        return any(not is_nothing(e.row["coverage"]) and e.row["coverage"] < 1.0 for e in section.entries)
    return name in _OWN_FIELDS or any(not is_nothing(entry.row[name]) for entry in section.entries)


def _heading(name: str, columns: Mapping[str, Column]) -> Heading:
    if name in _OWN_FIELDS:
        return Heading(name, *_OWN_FIELDS[name], numeric=False)
    column = columns[name]
    metric_name, at, space = name.partition("@")
    if not at:
        higher = name in _HIGHER_FIRST
        return Heading(name, column.title, column.explanation, numeric=bool(column.format), higher_first=higher)
    metric = get_metric(metric_name)
    higher = metric.direction is Direction.HIGHER
    group = f"{metric.title} {'↑' if higher else '↓'}"
    return Heading(name, readable(space), readable(column.explanation), group, higher_first=higher)


def _printed(name: str, entry: Entry, columns: Mapping[str, Column], run: Run, baselines: Baselines) -> Printed:
    if name in _OWN_PRINTED:
        return Printed(_OWN_PRINTED[name](entry), exact_text(entry.row.get(name)))
    value = entry.row[name]
    text = readable(columns[name].show(value)) or (NOTHING if columns[name].format else "")
    z = columns.get(f"z:{name}")
    notes = [] if z is None or is_nothing(entry.row[z.name]) else [f"z {fixed(entry.row[z.name], 1)}"]
    if (random := baselines.get((entry.row["dataset"], name, _whole(entry.row["k"])))) is not None:
        notes.append(f"random {columns[name].show(random)}")
    optimised = name.partition("@")[0] in run.record.algorithms[entry.row["algorithm"]].optimises
    return Printed(text, exact_text(value), tuple(notes), optimised)


_OWN_PRINTED: dict[str, Callable[[Entry], str]] = {
    "interval": lambda entry: entry.interval,
    "entry": lambda entry: entry.name,
    "fit_seconds": lambda entry: significant(entry.row["fit_seconds"]),
    "sizes": lambda entry: " / ".join(map(str, entry.sizes)) + (f" + {entry.n_noise} noise" if entry.n_noise else ""),
}


def exact_text(value: Any) -> str:
    """Return a number so that it reads back bit for bit, "" for anything else."""
    if is_nothing(value) or isinstance(value, bool | str):
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)
