"""Bundles: loaded without heavy packages, checked byte by byte, refused by name, readable for ever."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.segments import load_bundle

from .workbench import bundle_of

SCHEMA_1 = Path(__file__).parent / "bundle-schema-1"
N_FUZZED = 1000


def copy_of(folder: Path, place: Path) -> Path:
    return Path(shutil.copytree(folder, place / "copy"))


def rewritten(folder: Path, manifest: dict, **files: bytes) -> Path:
    """Write a manifest, and files given with _ for a dot, which the manifest then describes."""
    contents = {name.replace("_", "."): content for name, content in files.items()}
    for record in manifest["files"]:
        if content := contents.get(record["name"]):
            (folder / record["name"]).write_bytes(content)
            record.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_bundle_assigns_as_the_program_it_was_made_of(cards, kmeans_folder):
    fitted = cards.fit("kmeans", k=4)
    bundle = load_bundle(kmeans_folder)
    assert np.array_equal(bundle.assign(cards.dataset.frame.to_numpy()).segment, fitted.segment)
    assert bundle.id == hashlib.sha256((kmeans_folder / "manifest.json").read_bytes()).hexdigest()


def test_the_manifest_describes_columns_and_segments(cards, kmeans_folder):
    manifest, frame = load_bundle(kmeans_folder).manifest, cards.dataset.frame
    limit = next(column for column in manifest.columns if column.name == "CREDIT_LIMIT")
    assert (limit.unit, limit.filled) == ("currency", True)
    assert (limit.minimum, limit.maximum) == (frame["CREDIT_LIMIT"].min(), frame["CREDIT_LIMIT"].max())
    assert limit.quantiles[manifest.levels.index(0.5)] == frame["CREDIT_LIMIT"].median()
    assert limit.missing_share == frame["CREDIT_LIMIT"].isna().mean()
    purchases = next(column for column in manifest.columns if column.name == "PURCHASES")
    assert purchases.zero_share == (frame["PURCHASES"] == 0).mean()
    assert [segment.name for segment in manifest.segments] == ["it's 1", "it's 2", "it's 3", "it's 4"]
    assert sum(segment.rows for segment in manifest.segments) == 300
    assert (manifest.agreement, manifest.contains_rows) == (1.0, False)


def test_without_rows_no_row_of_the_table_is_in_a_bundle(cards, kmeans_folder):
    tests = np.array(load_bundle(kmeans_folder).manifest.self_test.rows, dtype=float)
    rows = cards.dataset.frame.to_numpy()
    assert not (np.isclose(tests[:, np.newaxis], rows, equal_nan=True).all(axis=2)).any()
    text = "".join(path.read_text() for path in kmeans_folder.iterdir())
    assert not any(f'"{row}"' in text for row in cards.dataset.row_ids)


def test_labelled_rows_are_arrays_beside_the_program(rows_folder):
    bundle = load_bundle(rows_folder)
    assert bundle.manifest.contains_rows
    assert {path.name for path in rows_folder.iterdir()} >= {"arrays.npz", "manifest.json", "program.json"}
    assert "confidential" in (rows_folder / "model-card.md").read_text()


def test_rows_of_an_earlier_bundle_do_not_stay_in_the_folder(cards, rows_folder, kmeans_folder, tmp_path):
    shutil.copytree(rows_folder, tmp_path / "bundle")
    bundle_of(cards.fit("kmeans", k=4), tmp_path / "bundle")
    assert {path.name for path in (tmp_path / "bundle").iterdir()} == {path.name for path in kmeans_folder.iterdir()}


def test_the_same_segmentation_gives_the_same_bytes(cards, rows_folder, tmp_path):
    again = bundle_of(cards.fit("agglomerative", k=3), tmp_path / "again")
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in rows_folder.iterdir()
    }


def test_a_fresh_process_loads_and_assigns_without_heavy_packages(rows_folder, cards):
    heavy = ("sklearn", "pandas", "scipy", "tensorflow", "keras", "pyarrow", "matplotlib")
    code = (
        "import sys; from clusterbench.segments import load_bundle; import numpy as np;"
        f"bundle = load_bundle({str(rows_folder)!r});"
        "print(bundle.assign(np.ones((1, len(bundle.program.columns)))).segment[0]);"
        f"print(*sorted(set({heavy!r}) & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    expected = load_bundle(rows_folder).assign(np.ones((1, 17))).segment[0]
    assert (ran.stderr, ran.stdout.split()) == ("", [str(expected)])


def test_a_bundle_of_schema_1_stays_loadable():
    bundle = load_bundle(SCHEMA_1, expect="579bcbb308bebcead57f9cc9162ccc895b0c20ac89b39754a8e71499fb646ad0")
    given = bundle.assign(np.array([[0.0, 10.0], [np.nan, 400.0]]))
    assert given.segment.tolist() == [1, 2]
    assert [bundle.names[number] for number in given.segment] == ["small", "large"]


def test_a_bundle_with_another_id_is_refused(kmeans_folder):
    own = load_bundle(kmeans_folder).id
    assert load_bundle(kmeans_folder, expect=own.upper()).id == own
    with pytest.raises(RequestError, match=f"its id is {own}"):
        load_bundle(kmeans_folder, expect="0" * 64)


def test_any_changed_byte_is_refused(rows_folder, tmp_path):
    own, rng = load_bundle(rows_folder).id, np.random.default_rng(0)
    place = copy_of(rows_folder, tmp_path)
    for path in sorted(place.iterdir()):
        content = path.read_bytes()
        for at in rng.integers(0, len(content), 40):
            changed = bytearray(content)
            changed[at] ^= int(rng.integers(1, 256))
            path.write_bytes(changed)
            with pytest.raises(RequestError):
                load_bundle(place, expect=own)
        path.write_bytes(content)
    assert load_bundle(place, expect=own).id == own


@pytest.mark.parametrize("name", ["manifest.json", "program.json", "arrays.npz", "model-card.md"])
def test_a_missing_or_shortened_file_is_refused_by_name(rows_folder, tmp_path, name):
    place = copy_of(rows_folder, tmp_path)
    (place / name).write_bytes((place / name).read_bytes()[:-10])
    with pytest.raises(RequestError, match=name.replace(".", "[.]")):
        load_bundle(place)
    (place / name).unlink()
    with pytest.raises(RequestError, match=f"{name} cannot be read"):
        load_bundle(place)


def test_the_folder_around_a_bundle_is_refused_with_that_of_the_bundle(kmeans_folder):
    with pytest.raises(RequestError, match=f"manifest.json cannot be read: .*allowed: {kmeans_folder}"):
        load_bundle(kmeans_folder.parent)


def test_a_file_that_is_too_large_is_not_read(kmeans_folder, tmp_path):
    place = copy_of(kmeans_folder, tmp_path)
    with (place / "manifest.json").open("ab") as file:
        file.truncate(2**24 + 1)
    with pytest.raises(RequestError, match="larger than 16777216 bytes"):
        load_bundle(place)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version: Input should be 1"),
        ({"code": "import os"}, "code: Unexpected keyword argument"),
        ({"contains_rows": True}, "contains_rows is True of a bundle without rows"),
        ({"files": []}, r"lists no program\.json"),
        ({"files": [{"name": "../x.json", "size": 1, "sha256": "a" * 64}]}, "files.0.name"),
        ({"levels": [0.5]}, "has not 1 quantiles"),
        ({"columns": []}, "columns of the manifest are not those of the program"),
        ({"segments": []}, "segments of the manifest are not those of the program"),
        ({"agreement": 2.0}, "agreement: Input should be less than or equal to 1"),
        ({"n_rows": "300"}, "n_rows: Input should be a valid integer"),
    ],
)
def test_a_manifest_that_is_not_sound_is_refused(kmeans_folder, tmp_path, changes, message):
    place = copy_of(kmeans_folder, tmp_path)
    manifest = json.loads((place / "manifest.json").read_text()) | changes
    (place / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RequestError, match=message):
        load_bundle(place)


@pytest.mark.parametrize("field", ["segment", "second", "distance", "margin"])
def test_a_program_that_assigns_the_test_rows_otherwise_is_refused(kmeans_folder, tmp_path, field):
    place = copy_of(kmeans_folder, tmp_path)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["self_test"][field][0] += 1
    with pytest.raises(RequestError, match=f"the {field} of its test rows differs"):
        load_bundle(rewritten(place, manifest))


def mutated(rng: np.random.Generator, value: object) -> object:
    """Change one place of a JSON value: another type, size, depth or number, or nothing there at all."""
    if isinstance(value, dict | list) and value and rng.random() < 0.9:
        copy = dict(value) if isinstance(value, dict) else list(value)
        places = list(copy) if isinstance(copy, dict) else range(len(copy))
        at = places[int(rng.integers(len(places)))]
        if rng.random() < 0.1:
            del copy[at]
        else:
            copy[at] = mutated(rng, copy[at])
        return copy
    odd = [
        None,
        True,
        -1,
        0,
        2**70,
        1e308,
        -1e308,
        1e-320,
        "",
        "x",
        "9" * 30,
        [],
        {},
        [value],
        [[[value]]],
        {"a": value},
    ]
    return odd[int(rng.integers(len(odd)))]


def test_no_malformed_bundle_gives_a_traceback(cards, tmp_path):
    rng, refused = np.random.default_rng(1), 0
    one_column = [{"step": "impute"}, {"step": "select", "columns": "BALANCE"}]
    rows = bundle_of(cards.fit("agglomerative", one_column, k=2, linkage="average"), tmp_path / "two")
    places = [copy_of(SCHEMA_1, tmp_path / "one"), rows]
    given = [{name: (place / name).read_bytes() for name in ("manifest.json", "program.json")} for place in places]
    arrays = (places[1] / "arrays.npz").read_bytes()
    for case in range(N_FUZZED):
        place, files = places[case % 2], given[case % 2]
        manifest, program = (json.loads(files[name]) for name in ("manifest.json", "program.json"))
        if case % 3 == 0:
            manifest = mutated(rng, manifest)
        elif case % 3 == 1:
            program = mutated(rng, program)
        content = json.dumps(program).encode()
        if case % 17 == 0:
            content = content[: rng.integers(len(content))] + rng.bytes(3) + content[rng.integers(len(content)) :]
        changed = bytearray(arrays)
        if case % 6 == 5:
            changed[int(rng.integers(len(changed)))] ^= int(rng.integers(1, 256))
        try:
            rewritten(place, manifest, program_json=content, arrays_npz=changed)
        except (TypeError, AttributeError, KeyError, OSError, ValueError):
            (place / "manifest.json").write_text(json.dumps(manifest))
        try:
            load_bundle(place)
        except RequestError:
            refused += 1
    assert refused > 0.5 * N_FUZZED
