"""The leaderboard as a table of printed fields: the same for every format."""

from collections.abc import Callable, Mapping, Sequence

from clusterbench.metrics import SHOWN_METRICS, Direction, MetricFacts
from clusterbench.ranking import GENERATORS, Column
from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.model import BoardTable, Field, Heading
from clusterbench.report.number_text import NOTHING, exact_text, fixed, is_missing, number_of, significant
from clusterbench.results import StoredRun
from clusterbench.results.sampled_fits import FITTED_ROWS
from clusterbench.text import printable

_BEFORE_SCORES = ("rank", "interval", "tie", "entry", "variant", "k", "k_policy", "sizes", "coverage")
_AFTER_SCORES = ("stability", "fit_seconds", "peak_mb")
_HIGHER_FIRST = ("coverage", "score", "calibrated", "beaten", "stability", *SHOWN_METRICS)
_BAND_KEY = ["dataset", "metric", "space", "k", "mean"]
_OWN_HEADINGS = {
    "interval": (
        "Interval",
        "Central interval of the rank over samples of the same size, widened to contain the published rank.",
    ),
    "entry": ("Algorithm", "The algorithm, with those parameters in which its settings differ."),
    "sizes": ("Sizes", "Rows per cluster with the first seed, largest first; the hatched end is noise."),
}
_OWN_TEXTS: dict[str, Callable[[Entry], str]] = {
    "interval": lambda entry: entry.interval,
    "entry": lambda entry: entry.name,
    "fit_seconds": lambda entry: significant(entry.fit_seconds),
    "sizes": lambda entry: " / ".join(map(str, entry.sizes)) + (f" + {entry.n_noise} noise" if entry.n_noise else ""),
}


def leaderboard_table(board: Board) -> BoardTable:
    """Return the rows of a board, and those columns that are neither empty nor the same for all by declaration."""
    columns = {column.name: column for column in board.run.board.columns}
    scores = [name for name, column in columns.items() if column.ranked and "@" in name]
    scores.sort(key=lambda name: name.partition("@")[0] not in board.run.record.ranking.order_metrics)
    chance = [name for name in ("calibrated", "beaten") if name in columns]
    known = [name for name in SHOWN_METRICS if name in columns]
    sampled = [FITTED_ROWS] if FITTED_ROWS in columns else []
    all_names = (*_BEFORE_SCORES, *sampled, board.order.value, *chance, *scores, *_AFTER_SCORES, *known)
    names = [name for name in all_names if _is_shown(name, board)]
    random_means: dict[tuple[str, str, int], list[float]] = {}
    bands = board.run.details.bands
    bands = bands[bands["dataset"] == board.dataset].sort_values("generator", ascending=False)  # centroids first
    for dataset, metric, space, k, mean in bands[_BAND_KEY].itertuples(index=False, name=None):
        random_means.setdefault((dataset, f"{metric}@{space}", int(k)), []).append(float(mean))
    headings = tuple(_heading(name, columns, board.metrics) for name in names)
    rows = tuple(
        (entry, tuple(_field(name, entry, columns, board.run, random_means) for name in names))
        for entry in board.entries
    )
    return BoardTable(headings, rows)


def column_explanations(run: StoredRun, tables: Sequence[BoardTable]) -> tuple[tuple[str, str, str], ...]:
    """Return (name, title, explanation) of every column: those of the tables first, then those in files alone."""
    shown = {heading.name: heading for table in tables for heading in table.headings}
    others = [column for column in run.board.columns if column.name not in shown]
    return (
        *((heading.name, heading.full_title, heading.explanation) for heading in shown.values()),
        *((column.name, column.title, printable(column.explanation)) for column in others),
    )


def _is_shown(name: str, board: Board) -> bool:
    if name == "interval":
        return any(entry.has_interval for entry in board.entries)
    if name == "sizes":
        return not board.overall
    if name == "k_policy":
        return len(board.run.record.ranking.k_policies) > 1
    if name == "coverage":
        return any(number_of(entry.row[name]) < 1.0 for entry in board.entries)
    return name in _OWN_HEADINGS or not all(is_missing(entry.row[name]) for entry in board.entries)


def _heading(name: str, columns: Mapping[str, Column], metrics: Mapping[str, MetricFacts]) -> Heading:
    if name in _OWN_HEADINGS:
        return Heading(name, *_OWN_HEADINGS[name], numeric=False)
    column = columns[name]
    metric_name, at, space = name.partition("@")
    if not at:
        higher, known = name in _HIGHER_FIRST, name in SHOWN_METRICS
        group, numeric = "Known classes, not ranked ↑" if known else "", bool(column.format)
        return Heading(name, column.title, column.explanation, group, numeric, higher, shown_only=known)
    metric = metrics[metric_name]
    higher = metric.direction is Direction.HIGHER
    group = f"{metric.title} {'↑' if higher else '↓'}"
    return Heading(name, printable(space), printable(column.explanation), group, higher_first=higher)


def _field(
    name: str,
    entry: Entry,
    columns: Mapping[str, Column],
    run: StoredRun,
    random_means: Mapping[tuple[str, str, int], Sequence[float]],
) -> Field:
    if name in _OWN_TEXTS:
        return Field(_OWN_TEXTS[name](entry), exact_text(entry.row.get(name)))
    value, column = entry.row[name], columns[name]
    text = printable(column.show(value)) or (NOTHING if column.format else "")
    z = number_of(entry.row.get(f"z:{name}"))
    notes = [] if is_missing(z) else [f"z {fixed(z, 1)}"]
    k = 0 if is_missing(entry.row["k"]) else int(number_of(entry.row["k"]))
    if (means := random_means.get((str(entry.row["dataset"]), name, k))) is not None:
        notes.append(f"random {', '.join(map(column.show, means))}")
    if name in ("calibrated", "beaten"):
        parts = [f"{'z' if name == 'calibrated' else name}_{short}" for short in GENERATORS]
        notes += [
            f"{short} {columns[part].show(entry.row[part])}" for short, part in zip(GENERATORS, parts, strict=True)
        ]
    optimised = name.partition("@")[0] in run.record.algorithms[entry.algorithm].optimises
    return Field(text, exact_text(value), tuple(notes), optimised, z)
