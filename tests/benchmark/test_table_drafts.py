"""Benchmark files drafted from tables: every awkward file gives spaces without an edit."""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench import RequestError
from clusterbench.benchmark import draft_toml, parse_benchmark
from clusterbench.datasets import load_dataset
from clusterbench.plugins import load_registry
from clusterbench.preprocessing import DEFAULT_VARIANTS, fit_space, parse_steps

N = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "Kunde": [f"K{i:03}" for i in range(N)],
        "Umsatz": RNG.gamma(2.0, 500.0, N).round(2),
        "Größe": RNG.normal(0.0, 3.0, N).round(2),
        "Filiale": ["Nord", "Süd", "West", None] * (N // 4),
        "Seit": [f"2024-{1 + i % 12:02}-01" if i % 7 else None for i in range(N)],
        "Notiz": [f"sagt, er sei {i}" for i in range(N)],
        "leer": [None] * N,
    }
)
GERMAN = FRAME.to_csv(index=False, sep=";", decimal=",")
NUMBERS = FRAME[["Umsatz", "Größe"]].abs()
FILES = {
    "semicolons.csv": GERMAN.encode(),
    "western.csv": GERMAN.encode("cp1252"),
    "bom.csv": GERMAN.encode("utf-8-sig"),
    "wide.csv": GERMAN.encode("utf-16"),
    "windows.csv": GERMAN.replace("\n", "\r\n").encode(),
    "tabs.tsv": FRAME.to_csv(index=False, sep="\t").encode(),
    "pipes.csv": FRAME.to_csv(index=False, sep="|").encode(),
    "breaks.csv": FRAME.replace({"Notiz": r"$"}, {"Notiz": "\nzweite Zeile, lang"}, regex=True)
    .to_csv(index=False)
    .encode(),
    "names.csv": GERMAN.replace("Umsatz;Größe", 'x;"a ""b""\nc"', 1).replace("leer", "x", 1).encode(),
    "unnamed.csv": FRAME.to_csv(sep=";").encode(),
    "packed.csv.gz": gzip.compress(GERMAN.encode()),
    "lines.jsonl": "\n".join(json.dumps(row) for row in FRAME.to_dict("records")).replace("NaN", "null").encode(),
    "numbers.csv": NUMBERS.to_csv(index=False).encode(),
    "one.csv": NUMBERS[["Umsatz"]].to_csv(index=False).encode(),
    "few.csv": NUMBERS.head(5).to_csv(index=False).encode(),
    "binary.csv": pd.DataFrame({"x": NUMBERS["Umsatz"], "flag": [0, 1] * (N // 2)}).to_csv(index=False).encode(),
}
REGISTRY = load_registry(None)


@pytest.mark.parametrize("name", FILES)
def test_an_awkward_file_gives_all_its_spaces_without_an_edit(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    bench = parse_benchmark(draft_toml(tmp_path / name, folder=tmp_path), REGISTRY, path=tmp_path / "b.toml")
    dataset = load_dataset(bench.datasets[0], base=tmp_path)
    assert dataset.n_rows == len(FRAME if name != "few.csv" else FRAME.head(5))
    for variant, steps in bench.variants.items():
        space = fit_space(dataset, steps, where=variant)
        assert np.isfinite(space.values).all()
        if variant == "standard" and "Filiale" in dataset.coded:
            assert {"Filiale=Nord", "Filiale=(missing)", "Seit.days"} <= set(space.columns)
    assert max(bench.ks) <= dataset.n_rows


def test_the_draft_of_plain_numbers_has_the_default_variants(tmp_path):
    (tmp_path / "numbers.csv").write_bytes(FILES["numbers.csv"])
    bench = parse_benchmark(draft_toml(tmp_path / "numbers.csv", folder=tmp_path), REGISTRY, path=tmp_path / "b.toml")
    expected = {name: parse_steps(steps, where=name) for name, steps in DEFAULT_VARIANTS.items()}
    assert bench.variants == expected
    assert bench.reference_spaces == ("standard", "log1p")


def test_roles_are_declared_with_the_reason(tmp_path):
    (tmp_path / "t.csv").write_bytes(FILES["western.csv"])
    text = draft_toml(tmp_path / "t.csv", folder=tmp_path)
    declared = tomllib.loads(text)["datasets"][0]
    assert declared == {
        "path": "t.csv",
        "id": "Kunde",
        "drop": ["Notiz", "leer"],
        "roles": {"Filiale": "category", "Seit": "date"},
    }
    assert text.startswith(
        "# t.csv: separator ';', decimal ',', encoding cp1252: 60 rows, 7 columns: 4 features, 1 id and 2 texts\n"
    )
    assert "# negative values in Größe: log1p leaves them as they are" in text
    assert tomllib.loads(text)["gate"] == {"min_rows": 3}


def test_a_table_elsewhere_is_named_by_its_whole_path(tmp_path):
    (tmp_path / "numbers.csv").write_bytes(FILES["numbers.csv"])
    (tmp_path / "here").mkdir()
    text = draft_toml(tmp_path / "numbers.csv", folder=tmp_path / "here")
    assert Path(tomllib.loads(text)["datasets"][0]["path"]) == tmp_path / "numbers.csv"


def test_a_table_that_cannot_be_used_has_no_draft(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\ninf,3\n")
    with pytest.raises(RequestError, match="column 'x' is infinite in row 2"):
        draft_toml(tmp_path / "t.csv", folder=tmp_path)
