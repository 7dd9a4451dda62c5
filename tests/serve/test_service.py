"""What the routes answer."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from opentelemetry.trace import NoOpTracer, TracerProvider
from starlette.testclient import TestClient

from clusterbench.segments import Bundle
from clusterbench.serve import MOST_ROWS, create_app


def test_a_row_gets_the_segment_of_the_program(client, bundle):
    answer = client.post("/assign", json={"INCOME": 800, "AGE": None})
    given = bundle.assign(np.array([[np.nan, 800.0]]))
    assert answer.status_code == 200
    assert answer.json() == {
        "segment": 2,
        "name": "large",
        "distance": float(given.distance[0]),
        "second_segment": 1,
        "second_name": "small",
        "margin": float(given.margin[0]),
        "imputed": ["AGE"],
        "out_of_range": [],
    }


def test_the_documentation_shows_what_is_answered(client):
    text = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    request = re.search(r"-d '(.*)'", text).group(1)
    shown, refused = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    given = client.post("/assign", content=request).json()
    assert {**given, "distance": round(given["distance"], 4), "margin": round(given["margin"], 4)} == shown
    assert client.post("/assign", content='{"AGE": NaN, "INCOME": 1}').json() == refused
    assert all(path in text for path in client.get("/openapi.json").json()["paths"])


def test_a_batch_gets_what_its_rows_get_alone(client):
    rows = [{"AGE": 20, "INCOME": 10}, {"AGE": None, "INCOME": 400.5}, {"AGE": 95, "INCOME": 0}]
    together = client.post("/assign/batch", json=rows).json()
    assert together == [client.post("/assign", json=row).json() for row in rows]
    assert together[2]["out_of_range"] == ["AGE"]
    assert client.post("/assign/batch", json=[]).json() == []


@pytest.fixture
def client_without_second(bundle) -> TestClient:
    """The service of a bundle whose second segment is no segment."""
    program = bundle.program
    ids = dataclasses.replace(program.decision, segments=np.array([1, 0]))
    changed = dataclasses.replace(program, operations=(*program.operations[:-1], ids))
    return TestClient(create_app(dataclasses.replace(bundle, program=changed)))


def test_a_row_without_segment_is_null(client_without_second):
    answer = client_without_second.post("/assign", json={"AGE": 90, "INCOME": 800}).json()
    assert (answer["segment"], answer["name"], answer["second_segment"]) == (None, None, 1)
    page = client_without_second.post("/", data={"AGE": "90", "INCOME": "800"}).text
    assert "<h1>No segment</h1>" in page
    assert "to segment 1 · small" in page


def test_a_batch_has_a_limit_of_rows(client):
    row = b'{"AGE":1,"INCOME":1}'
    assert client.post("/assign/batch", content=b"[" + b",".join([row] * MOST_ROWS) + b"]").status_code == 200
    refused = client.post("/assign/batch", content=b"[" + b",".join([row] * (MOST_ROWS + 1)) + b"]")
    assert refused.status_code == 422
    assert "more than 10000 rows" in refused.text


def test_segments_and_version_are_those_of_the_bundle(client, bundle):
    small, large = client.get("/segments").json()
    assert small == {"segment": 1, "name": "small", "rows": 5, "share": 0.5, "agreement": 1.0, "jaccard": 0.75}
    assert large["jaccard"] is None
    assert client.get("/version").json()["bundle"] == bundle.id


def test_ready_means_that_the_self_test_passes(client, bundle):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    test = dataclasses.replace(bundle.manifest.self_test, margin=(1.0, 1.0, 1.0))
    other = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, self_test=test))
    unready = TestClient(create_app(other)).get("/readyz")
    assert (unready.status_code, unready.json()) == (503, {"detail": "the margin of its test rows differs"})


def test_the_description_names_every_column_and_limit(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/assign", "/assign/batch", "/segments", "/version", "/healthz", "/readyz"}
    batch = paths["/assign/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert batch["maxItems"] == MOST_ROWS
    row = batch["items"]
    assert (row["required"], row["additionalProperties"]) == (["AGE", "INCOME"], False)
    assert [row["properties"][name]["type"] for name in row["required"]] == [["number", "null"], "number"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/docs", "/redoc", "/assign", "/style.css"])
def test_every_answer_has_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_telemetry_stays_off_where_a_provider_is_set(bundle, monkeypatch):
    asked = []

    class Provider(TracerProvider):
        def get_tracer(self, *args, **kwargs):
            asked.append(args)
            return NoOpTracer()

    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", Provider)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    assert TestClient(create_app(bundle)).post("/assign", json={"AGE": 1, "INCOME": 1}).status_code == 200
    assert asked == []


def test_no_page_of_fastapi_is_served(client):
    assert [client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_all_rows_of_the_real_table_get_the_segment_of_the_program(real_bundle: Bundle, real_rows: np.ndarray):
    names = real_bundle.program.columns
    rows = [dict(zip(names, (None if np.isnan(v) else v for v in row), strict=True)) for row in real_rows.tolist()]
    answer = TestClient(create_app(real_bundle)).post("/assign/batch", content=json.dumps(rows))
    assert len(rows) == 8950
    given = real_bundle.assign(real_rows)
    assert [one["segment"] for one in answer.json()] == given.segment.tolist()
    assert [one["margin"] for one in answer.json()] == given.margin.tolist()
