"""`inspect`, `init` and `list`: what there is to run on and with."""

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from clusterbench.benchmark import declared_spec, draft_toml, list_benchmarks, table_source
from clusterbench.cli.console import name_files, open_in_browser, say, show
from clusterbench.datasets import ColumnRole, draft_dataset, list_datasets, no_file
from clusterbench.errors import RequestError
from clusterbench.inspection import findings, inspect_table, write_inspection
from clusterbench.plugins import load_registry, missing_packages
from clusterbench.preprocessing import DEFAULT_VARIANTS, describe, parse_steps
from clusterbench.report import check_writable
from clusterbench.text import printable

_FACTS = {
    "column": "column",
    "role": "role",
    "unit": "unit",
    "missing_percent": "missing %",
    "zero_percent": "zero %",
    "distinct": "distinct",
    "q0": "min",
    "q50": "median",
    "q100": "max",
    "mean": "mean",
    "skew": "skew",
}
"""What `inspect` shows of each column, and its title."""


def list_everything() -> None:
    """Print what a benchmark file can name."""
    registry = load_registry(Path.cwd())
    rows: dict[str, list[tuple[str, str]]] = {
        "benchmarks": [(name, str(path)) for name, path in list_benchmarks(Path.cwd()).items()],
        "datasets": [(entry.name, entry.summary) for entry in list_datasets()],
        "algorithms": [
            (name, f"{algorithm.summary} [{missing_packages(algorithm.packages) or algorithm.family}]")
            for name, algorithm in registry.algorithms.items()
        ],
        "broken plug-ins": [(plugin.name, plugin.reason) for plugin in registry.broken],
        "variants": [(name, describe(parse_steps(steps, where=name))) for name, steps in DEFAULT_VARIANTS.items()],
        "steps": [(name, (step.__doc__ or "").partition("\n")[0]) for name, step in registry.steps.items()],
        "metrics": [(m.name, f"{m.formula} ({m.direction} is better)") for m in registry.metrics.values()],
    }
    for title, entries in rows.items():
        if entries:
            say(f"\n{title}", style="bold")
            for name, text in entries:
                say(f"  {name:22} {text}")


def show_dataset(
    dataset: str, drop: Sequence[str], lines: Sequence[str], reports: Path, *, levels: bool, open_page: bool
) -> None:
    """Print facts of a dataset and of its columns, and write them as a page and JSON."""
    known = {entry.name for entry in list_datasets()}
    is_path = dataset not in known and ("." in dataset or "/" in dataset)
    source: dict[str, object] = {**(table_source(dataset) if is_path else {"use": dataset})}
    spec = declared_spec(lines, **source, **({"drop": tuple(drop)} if drop else {}))
    drafted = draft_dataset(spec, base=Path.cwd())
    check_writable(reports)
    loaded = drafted.dataset
    say(f"{loaded.name}: {loaded.n_rows:,} rows, {printable(drafted.column_counts)}", style="bold")
    say(f"source: {loaded.source}")
    say(f"hash: {loaded.content_hash}")
    for classes in loaded.known_classes:
        noise = int((classes.codes < 0).sum())
        left_out = f", {noise} rows without a class" if noise else ""
        say(f"truth: {len(classes.names)} classes ({classes.name}){left_out}")
    for role in ColumnRole:
        if names := [name for name, one in drafted.roles.items() if one is role]:
            say(f"{role} ({len(names)}): {', '.join(map(printable, names))}")
    for name, columns in loaded.groups.items():
        say(f"group {name}: {', '.join(columns)}")
    inspection = inspect_table(drafted, levels=levels)
    for finding in findings(inspection):
        say(f"{'warning: ' if finding in loaded.warnings else ''}{printable(finding)}", style="yellow")
    facts = inspection.facts.reset_index()
    table = Table()
    for name, title in _FACTS.items():
        table.add_column(title, justify="left" if name in ("column", "role", "unit") else "right", no_wrap=True)
    for row in facts[list(_FACTS)].itertuples(index=False):
        table.add_row(*map(_short, row))
    show(table)
    written = write_inspection(inspection, reports)
    name_files(written)
    if open_page:
        open_in_browser(written[0])


def write_draft(table: str, lines: Sequence[str], out: Path | None) -> None:
    """Write the benchmark file of a table, and print what to do next."""
    source: dict[str, object] = {**table_source(table)}
    path = out or Path(f"{declared_spec(lines, **source).stable_name}.toml")
    if path.suffix != ".toml":
        raise RequestError(f"{path} is no name of a benchmark file", where="--out", allowed="NAME.toml")
    if "path" in source and not Path(table).is_file():
        raise no_file(Path(table))
    text = draft_toml(table, folder=path.parent, declared=lines)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RequestError(f"{path} exists", allowed="--out with another name, or remove it") from None
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror or error}") from error
    for line in itertools.takewhile(lambda line: line.startswith("# "), text.splitlines()):
        say(line.removeprefix("# "))
    say(f"wrote    {path}")
    say(f"next     look at roles and variants in it, then: clusterbench run {shlex.quote(str(path))} --quick")


def _short(value: object) -> str:
    """Return a number with about four digits, "" for none, anything else as it is."""
    if not isinstance(value, float):
        return str(value)
    return "" if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
