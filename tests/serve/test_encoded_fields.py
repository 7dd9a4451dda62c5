"""The service of a bundle whose table has categories and dates: rows are given as the table was."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from clusterbench.plugins import load_registry
from clusterbench.segments import load_bundle
from clusterbench.serve import create_app

from ..segments.workbench import mixed_bundle, mixed_table

FIELDS = ["spend", "region", "size", "since"]


@pytest.fixture(scope="module")
def segment(mixed_folder) -> np.ndarray:
    return np.load(mixed_folder / "segment.npy")


@pytest.fixture(scope="module")
def mixed_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    np.save(folder / "segment.npy", mixed_bundle(load_registry(folder), folder))
    return folder


@pytest.fixture(scope="module")
def client(mixed_folder) -> TestClient:
    return TestClient(create_app(load_bundle(mixed_folder / "bundle")))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return json.loads(mixed_table()[FIELDS].to_json(orient="records"))


def test_rows_in_texts_have_the_segments_of_the_table(client, rows, segment):
    answer = client.post("/assign/batch", json=rows)
    assert answer.status_code == 200, answer.text
    assert [row["segment"] for row in answer.json()] == segment.tolist()
    timed = {**rows[20], "since": f"{rows[20]['since']}T00:00:00Z"}
    assert client.post("/assign", json=timed).json() == answer.json()[20]


def test_the_schema_and_the_example_row_are_of_these_fields(client, rows):
    schema = client.get("/openapi.json").json()["paths"]["/assign"]["post"]["requestBody"]
    properties = schema["content"]["application/json"]["schema"]["properties"]
    assert {name: one.get("type", one.get("enum")) for name, one in properties.items()} == {
        "spend": ["number", "null"],
        "region": ["string", "null"],
        "size": ["l", "m", "s", None],
        "since": ["string", "null"],
    }
    example = json.loads(re.search(r"\{\"spend\".*?\}", html.unescape(client.get("/api").text))[0])
    assert example["region"] in ("north", "south", "west")
    assert client.post("/assign", json=example).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("size", "xl-secret", "must be a level of the fitted table"),
        ("region", 7, "must be a text"),
        ("since", "2024-02-30", "must be a date such as 2024-03-02"),
        ("since", "soon-secret", "must be a date such as 2024-03-02"),
        ("since", 12, "must be a text"),
        ("spend", "1", "must be a number"),
    ],
)
def test_a_wrong_value_is_refused_by_field_without_the_value(client, rows, field, value, message):
    answer = client.post("/assign", json={**rows[20], field: value})
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"message": message, "field": field, "row": 1}])
    assert "secret" not in answer.text


def test_a_level_that_was_not_there_counts_as_the_rare_ones(client, rows):
    moon, islet = (client.post("/assign", json={**rows[20], "region": name}).json() for name in ("moon", "islet"))
    assert (moon.pop("out_of_range"), islet.pop("out_of_range")) == (["region"], [])
    assert moon == islet


def test_the_form_offers_levels_and_dates(client, rows):
    page = client.get("/").text
    selects = re.findall(r'<select [^>]*name="(\w+)".*?</select>', page, re.DOTALL)
    assert selects == ["size", "region"]
    offered = re.findall(r'<option value="(\w*)"', page)
    assert offered == ["", "l", "m", "s", "", "atoll", "islet", "north", "reef", "south", "west"]
    assert '<input id="field-3" name="since" value="" type="date"' in page
    texts = {name: "" if value is None else str(value) for name, value in rows[20].items()}
    shown = client.post("/", data=texts)
    assert shown.status_code == 200
    assert '<option value="west" selected>west</option>' in shown.text
    answer = client.post("/assign", json=rows[20]).json()
    assert f"Segment {answer['segment']} · {answer['name']}" in shown.text


def test_the_result_names_the_level_and_another_one_that_moves_the_row(client, rows):
    texts = {name: "" if value is None else str(value) for name, value in rows[20].items()}
    page = html.unescape(client.post("/", data=texts).text)
    assert re.findall(r'<th scope="row">(region.*?)</th>\s*<td class="n">(\w+)</td>', page) == [("region", "west")]
    assert "The median of a category is the level of more than half of the rows" in page
    assert re.search(r"Another level of region \(such as \w+\) moves this row\.", page)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("size", "xl", "Choose one of the levels."),
        ("since", "2024-02-30", "Write a date such as 2024-03-02."),
        ("since", "soon", "Write a date such as 2024-03-02."),
    ],
)
def test_the_form_says_what_is_wrong(client, rows, field, text, said):
    texts = {name: "" if value is None else str(value) for name, value in rows[20].items()}
    shown = client.post("/", data={**texts, field: text})
    assert (shown.status_code, said in shown.text) == (422, True)
