"""What is no row of the bundle is refused, by field, and without the given value."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from clusterbench.serve import MOST_BYTES, create_app

SECRET = "7777777.25"

# Body, field that is named, words of the message.
BODIES = {
    "NaN": (b'{"AGE": NaN, "INCOME": 7777777.25}', "AGE", "must be a finite number"),
    "Infinity": (b'{"AGE": Infinity, "INCOME": 7777777.25}', "AGE", "must be a finite number"),
    "minus Infinity": (b'{"AGE": -Infinity, "INCOME": 7777777.25}', "AGE", "must be a finite number"),
    "1e400": (b'{"AGE": 1e400, "INCOME": 7777777.25}', "AGE", "must be a finite number"),
    "integer of 400 digits": (b'{"AGE": %s, "INCOME": 7777777.25}' % (b"7" * 400), "AGE", "must be a finite number"),
    "integer of 5000 digits": (b'{"AGE": %s, "INCOME": 7777777.25}' % (b"7" * 5000), None, "no JSON"),
    "number too large": (b'{"AGE": 7.77777725e200, "INCOME": 1}', "AGE", "up to 1e+100"),
    "lone surrogate as a value": (b'{"AGE": "\\ud800 7777777.25", "INCOME": 1}', None, "no JSON"),
    "lone surrogate as a name": (b'{"AGE": 1, "INCOME": 1, "\\udfff7777777.25": 1}', None, "no JSON"),
    "duplicate key": (b'{"AGE": 7777777.25, "INCOME": 1, "AGE": 7777777.25}', "AGE", "occurs twice"),
    "unknown duplicate key": (b'{"AGE": 1, "INCOME": 1, "7777777.25": 1, "7777777.25": 1}', None, "occurs twice"),
    "true": (b'{"AGE": true, "INCOME": 7777777.25}', "AGE", "must be a number"),
    "number as text": (b'{"AGE": "7777777.25", "INCOME": 1}', "AGE", "must be a number"),
    "list as a value": (b'{"AGE": [7777777.25], "INCOME": 1}', "AGE", "must be a number"),
    "object as a value": (b'{"AGE": {"INCOME": 7777777.25}, "INCOME": 1}', "AGE", "must be a number"),
    "null where nothing is filled": (b'{"AGE": 7777777.25, "INCOME": null}', "INCOME", "must be a number"),
    "unknown field": (b'{"AGE": 1, "INCOME": 1, "INCOMES": 7777777.25}', None, "did you mean 'INCOME'?"),
    "unknown field that is a value": (b'{"AGE": 1, "INCOME": 1, "Ada 7777777.25": 1}', None, "is no column"),
    "many unknown fields": (b'{%s"AGE": 1}' % b"".join(b'"%d": 1,' % n for n in range(9)), None, "10 fields, not 2"),
    "missing field": (b'{"INCOME": 7777777.25}', "AGE", "is missing"),
    "no logarithm": (b'{"AGE": 1, "INCOME": -7777777.25}', "INCOME", "has no log1p"),
    "a list": (b"[7777777.25]", None, "must be a JSON object"),
    "null": (b"null", None, "must be a JSON object"),
    "nothing": (b"", None, "no JSON"),
    "half an object": (b'{"AGE": 7777777.25', None, "no JSON"),
    "two objects": (b'{"AGE": 1, "INCOME": 1} {"AGE": 7777777.25}', None, "no JSON"),
    "a comment": (b'{"AGE": 1, "INCOME": 1} // 7777777.25', None, "no JSON"),
    "deep nesting": (b"[" * 100_000, None, "no JSON"),
    "Latin-1": (b'{"AGE": "\xe9 7777777.25"}', None, "no JSON"),
    "UTF-16": ('{"AGE": 1, "INCOME": 1}'.encode("utf-16"), None, "no JSON"),
    "byte order mark": (b'\xef\xbb\xbf{"AGE": 1, "INCOME": 1}', None, "no JSON"),
    "a form": (b"AGE=7777777.25&INCOME=1", None, "no JSON"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_without_its_values(client, caplog, name):
    body, field, words = BODIES[name]
    caplog.set_level(logging.DEBUG)
    answer = client.post("/assign", content=body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert any(error["field"] == field and words in error["message"] for error in errors), errors
    assert SECRET not in answer.text + caplog.text
    assert "7777777" not in answer.text + caplog.text


@pytest.mark.parametrize("name", [name for name in BODIES if "no JSON" not in BODIES[name][2]])
def test_in_a_batch_the_row_is_named(client, name):
    body, field, words = BODIES[name]
    answer = client.post("/assign/batch", content=b'[{"AGE": 1, "INCOME": 2}, %s]' % body)
    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert any((error["field"], error["row"]) == (field, 2) and words in error["message"] for error in errors), errors


def chunks(n_bytes: int) -> Iterator[bytes]:
    for _ in range(n_bytes // 2**16):
        yield b" " * 2**16


@pytest.mark.parametrize("path", ["/assign", "/assign/batch"])
@pytest.mark.parametrize("length", [None, "10", str(2**40)], ids=["none", "too small", "too large"])
def test_a_long_body_is_refused_whatever_its_length_is_said_to_be(client, path, length):
    headers = {} if length is None else {"content-length": length}
    answer = client.post(path, content=chunks(MOST_BYTES + 2**17), headers=headers)
    assert (answer.status_code, answer.json()) == (413, {"detail": "the body is longer than 16777216 bytes"})


def test_an_unknown_address_is_not_logged(client, caplog):
    caplog.set_level(logging.INFO, "clusterbench.serve")
    assert client.get(f"/assign/{SECRET}?income={SECRET}").status_code == 404
    assert client.get(f"/assign?income={SECRET}").status_code == 405
    assert [record.getMessage().split(":")[0] for record in caplog.records if record.name == "clusterbench.serve"] == [
        "GET an unknown path",
        "GET /assign",
    ]
    assert SECRET not in " ".join(record.getMessage() for record in caplog.records if "clusterbench" in record.name)


def test_a_failure_is_answered_and_logged_without_its_message(bundle, caplog, monkeypatch):
    def fail(*_: object) -> None:
        raise ArithmeticError(f"of {SECRET}")

    monkeypatch.setattr("clusterbench.segments.Bundle.assign", fail)
    answer = TestClient(create_app(bundle)).post("/assign", json={"AGE": 1, "INCOME": 1})
    assert (answer.status_code, answer.json()) == (500, {"detail": "internal error"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ArithmeticError" in caplog.text
    assert SECRET not in caplog.text
