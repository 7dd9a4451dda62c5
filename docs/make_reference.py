"""Write the pages of the reference that follow from declarations.

python docs/make_reference.py writes docs/reference/toml-keys.md, which is committed; conf.py writes the others when the
documentation is built.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from clusterbench.benchmark import BenchmarkFile
from clusterbench.cli.app import build_app
from clusterbench.metrics import EXTERNAL_METRICS
from clusterbench.plugins import Registry, arguments_of, load_registry
from clusterbench.preprocessing import STEPS
from clusterbench.toml_writing import toml_value

FOLDER = Path(__file__).parent / "reference"
Schema = Mapping[str, Any]
INTRODUCTION = """\
# Keys of a benchmark file

Made by `docs/make_reference.py` from the declarations in the code, and kept so by a test. A key that is not here is
refused, with the nearest spelling.

"""
DATASETS = "One table per dataset; exactly one of `use`, `path`, `url` and `sql`."
ALGORITHMS = """\
One table per algorithm. Further keys are its own arguments, where a list is a grid, and the cut by which it is run;
`clusterbench list NAME` shows both."""
STEPS_INTRODUCTION = """\
## `[variants]`: the steps

A variant is a list of steps, `standard = [{ step = "impute" }, { step = "standardize" }]`; the order is the pipeline.

"""


def toml_keys() -> str:
    """Return the page on every key of a benchmark file."""
    schema = BenchmarkFile.model_json_schema()
    tables = schema["$defs"]
    single = [name for name, field in schema["properties"].items() if "$ref" in field]
    parts = [
        INTRODUCTION,
        *key_section("The file", "", schema, tables),
        *key_section("`[[datasets]]`", DATASETS, tables["DatasetSpec"], tables),
        *key_section("`[[algorithms]]`", ALGORITHMS, tables["AlgorithmTable"], tables),
        *(part for name in single for part in key_section(f"`[{name}]`", "", table_of(schema, name), tables)),
        STEPS_INTRODUCTION,
        *(part for step in STEPS.values() for part in step_section(step)),
    ]
    return "".join(parts).rstrip("\n") + "\n"


def table_of(schema: Schema, name: str) -> Schema:
    """Return the schema of the table that a key of the file holds."""
    return schema["$defs"][schema["properties"][name]["$ref"].rpartition("/")[2]]


def key_section(title: str, text: str, schema: Schema, tables: Schema) -> Iterator[str]:
    """Yield a section on the keys of one table."""
    required = schema.get("required", [])
    rows = []
    for name, field in schema["properties"].items():
        value = value_text(field, tables)
        default = "required" if name in required else "" if value == "table" else written(field.get("default"))
        rows.append((f"`{name}`", value, default, one_line(field["description"])))
    yield f"## {title}\n\n" + (f"{text}\n\n" if text else "")
    yield markdown_table(("key", "value", "default", "meaning"), rows)


def step_section(step: Any) -> Iterator[str]:
    """Yield a section on one step and its arguments."""
    schema = step.model_json_schema()
    summary, _, _ = inspect.getdoc(step).partition("Parameters\n")
    yield f"### {step.name}\n\n{one_line(summary)}\n\n"
    rows = []
    for argument in arguments_of(step):
        field = schema["properties"][argument.name]
        value = field.get("description") or value_text(field, schema.get("$defs", {}))
        rows.append((f"`{argument.name}`", value, code(argument.default), argument.meaning))
    yield markdown_table(("argument", "value", "default", "meaning"), rows)


def value_text(field: Schema, tables: Schema) -> str:
    """Return in words what a JSON schema allows."""
    if "anyOf" in field:
        return " or ".join(value_text(one, tables) for one in field["anyOf"] if one.get("type") != "null")
    if "$ref" in field:
        return value_text(tables[field["$ref"].rpartition("/")[2]], tables)
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kind = field.get("type")
    if kind == "array":
        return f"list of: {value_text(field['items'], tables)}"
    if kind == "object":
        more = field.get("additionalProperties")
        return f"table of: {value_text(more, tables)}" if isinstance(more, dict) and more else "table"
    if kind in ("integer", "number"):
        return kind + bounds(field)
    return {"boolean": "true or false", "string": "text"}.get(str(kind), "any")


def bounds(field: Schema) -> str:
    """Return the range of a number in words."""
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    given = [f"{word} {field[name]:,}" for name, word in words.items() if name in field]
    if "multipleOf" in field:
        given.append(f"a multiple of {field['multipleOf']}")
    return f", {', '.join(given)}" if given else ""


def written(value: object) -> str:
    """Return a default as a benchmark file would have it."""
    return "" if value in (None, {}, []) else code(toml_value(value))


def algorithms(registry: Registry) -> str:
    """Return the page on the shipped algorithms and their arguments."""
    parts = ["# Algorithms\n\n`clusterbench list NAME` shows the same for an algorithm of your own.\n\n"]
    for algorithm in registry.algorithms.values():
        cuts = [f"`{cut.name}`" + (f" (default {code(toml_value(cut.default))})" if cut.default else "")
                for cut in algorithm.cuts]  # fmt: skip
        facts = [f"Family {algorithm.family}", f"cut by {' or '.join(cuts)}"]
        facts += [f"fitted to a sample of tables above {limit:,} rows"] if (limit := algorithm.max_rows) else []
        facts += ["may label rows as noise"] * algorithm.noise
        parts.append(f"## {algorithm.name}\n\n{algorithm.summary}. {'; '.join(facts)}.\n\n{algorithm.reference}\n\n")
        rows = [(f"`{one.name}`", code(one.default), one.meaning) for one in arguments_of(algorithm)]
        parts.append(markdown_table(("argument", "default", "meaning"), rows) if rows else "")
    return "".join(parts)


def metrics(registry: Registry) -> str:
    """Return the page on the built-in metrics."""
    rows = [
        (f"`{one.name}`", one.direction, f"{one.lower:g} to {one.upper:g}", one.formula, one.caveat, one.reference)
        for one in (*registry.metrics.values(), *EXTERNAL_METRICS.values())
    ]
    header = ("metric", "better", "range", "formula", "caveat", "reference")
    return f"# Metrics\n\n{markdown_table(header, rows)}"


def command_line() -> str:
    """Return the page on every verb with its arguments and options."""
    parts = ["# Command line\n\n`clusterbench VERB --help` prints the same.\n\n"]
    verbs: Any = typer.main.get_command(build_app())
    for name, verb in verbs.commands.items():
        rows = [
            (f"`{option_text(option)}`", default_text(option), one_line(option.help or ""))
            for option in verb.params
            if not option.hidden and option.name != "help"
        ]
        parts.append(f"## clusterbench {name}\n\n{inspect.cleandoc(verb.help or '')}\n\n")
        parts.append(markdown_table(("argument or option", "default", "meaning"), rows) if rows else "")
    return "".join(parts)


def option_text(option: Any) -> str:
    """Return how an argument or option is written."""
    if not option.opts[0].startswith("-"):
        return str(option.metavar or option.name.upper())
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join((*option.opts, *option.secondary_opts)) + value


def default_text(option: Any) -> str:
    """Return the default of an argument or option; a switch has none."""
    shown = None if getattr(option, "is_flag", False) or option.default is None else str(option.default)
    return "required" if option.required else "" if shown is None else code(shown)


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, with a line break after it."""
    lines = [list(header), None, *map(list, rows)]
    cells = [["---"] * len(lines[0]) if line is None else [cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells) + "\n"


def one_line(text: str) -> str:
    """Return text on one line, with single backticks."""
    return " ".join(text.split()).replace("``", "`")


def code(text: str) -> str:
    """Return a value in backticks; words that are no value as they are."""
    return text if text in ("", "required") else f"`{text}`"


def write_pages(folder: Path) -> None:
    """Write all pages into a folder."""
    registry = load_registry(folder)
    pages = {"algorithms": algorithms(registry), "metrics": metrics(registry), "command-line": command_line()}
    for name, text in {**pages, "toml-keys": toml_keys()}.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    (FOLDER / "toml-keys.md").write_text(toml_keys(), encoding="utf-8")
