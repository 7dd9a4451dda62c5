"""The pages of the reference that follow from declarations are complete and up to date."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make_reference

import clusterbench
from clusterbench.benchmark import list_benchmarks
from clusterbench.cli import verbs
from clusterbench.plugins import load_registry

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "toml-keys.md"


def test_the_page_of_keys_is_what_the_declarations_give():
    assert PAGE.read_text(encoding="utf-8") == make_reference.toml_keys(), "run python docs/make_reference.py"


def documented(title: str) -> set[str]:
    """Keys in the table of a section."""
    section = re.search(rf"^#+ {re.escape(title)}.*?\n(.*?)(?=^#|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def used_keys(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(section, key) of everything that a benchmark file says, but for arguments of algorithms."""
    for key, value in document.items():
        yield "The file", key
        if isinstance(value, dict) and key != "variants" and key != "k":
            yield from ((f"`[{key}]`", name) for name in value)
    yield from (("`[[datasets]]`", name) for table in document["datasets"] for name in table)
    steps = (step for variant in document.get("variants", {}).values() for step in variant)
    yield from ((step["step"], name) for step in steps for name in step if name != "step")


def test_every_key_of_a_shipped_benchmark_is_on_the_page():
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in list_benchmarks(ROOT).values()]
    used = {pair for document in files for pair in used_keys(document)}
    assert len(used) > 20
    assert sorted(pair for pair in used if pair[1] not in documented(pair[0])) == []


def test_every_algorithm_metric_and_verb_has_a_section():
    registry = load_registry(ROOT)
    assert re.findall(r"^## (\w+)$", make_reference.algorithms(registry), re.MULTILINE) == list(registry.algorithms)
    assert set(registry.metrics) < set(re.findall(r"^\| `(\w+)` \|", make_reference.metrics(registry), re.MULTILINE))
    names = sorted(path.stem for path in Path(verbs.__file__).parent.glob("*.py") if path.stem != "__init__")
    assert re.findall(r"^## clusterbench (\w+)$", make_reference.command_line(), re.MULTILINE) == names


def test_every_exported_name_is_on_the_page_of_the_api():
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8").partition("## Plug-ins")[0]
    named = re.findall(r"^\.\. auto\w+:: (\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted(set(clusterbench.__all__) - {"__version__"})


def test_an_option_has_its_value_default_and_meaning():
    text = make_reference.command_line()
    assert "| `--results DIR` | `results` | Folder of the store. |" in text
    assert "| `--quick` |  | First seed, every second k, at most 2,000 rows. |" in text
