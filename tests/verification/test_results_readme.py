"""The description of exported files: every column and every key, as the schemas declare them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from clusterbench.environment import Environment
from clusterbench.results import DeclaredRules, Manifest
from clusterbench.tables import BOARD_SCHEMA, CELL_SCHEMA, SCORE_SCHEMA

README_PATH = Path(__file__).resolve().parents[2] / "results" / "README.md"
README = README_PATH.read_text()
SECTIONS = dict(re.findall(r"^## (\S+?)(?::[^\n]*)?\n(.*?)(?=^## |\Z)", README, flags=re.MULTILINE | re.DOTALL))


def rows(section):
    """Return the rows of the table of a section, without its head."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[field.strip() for field in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("name", "schema"),
    [("scores.csv", SCORE_SCHEMA), ("cells.csv", CELL_SCHEMA), ("leaderboard.csv", BOARD_SCHEMA)],
)
def test_every_column_is_described_as_in_its_schema(name, schema):
    assert rows(name) == [
        [f"`{field.name}`", f"{field.kind}{', may be empty' * field.optional}", field.meaning] for field in schema
    ]


@pytest.mark.parametrize(
    "board", sorted(README_PATH.parent.glob("reference/*/leaderboard.csv")), ids=lambda path: path.parent.name
)
def test_every_column_of_a_committed_leaderboard_is_described(board):
    described = {
        name
        for section in ("leaderboard.csv", "statistics")
        for row in rows(section)
        for name in re.findall(r"`(.+?)`", row[0])
    }
    columns = board.read_text().partition("\n")[0].split(",")
    assert {re.sub(r"\w+@.+", "METRIC@SPACE", name) for name in columns} - described == set()


def test_every_key_of_a_manifest_is_described():
    keys = [key for row in rows("manifest.json") for key in re.findall(r"`(\w+)`", row[0])]
    expected = {field.name for part in (Environment, Manifest) for field in fields(part)} - {"environment"}
    assert sorted(keys) == sorted(expected)
    text = SECTIONS["manifest.json"]
    assert [field.name for field in fields(DeclaredRules) if f"`{field.name}`" not in text] == []
