"""Requests made up from the OpenAPI description of the service."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, given, settings

from clusterbench.serve import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed (extra 'test')")
CASES = [("GET", path, "positive") for path in ("/segments", "/version", "/healthz", "/readyz")] + [
    ("POST", path, mode) for path in ("/assign", "/assign/batch") for mode in ("positive", "negative")
]


@pytest.fixture(scope="module")
def schema(bundle):
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(bundle))


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_answers_are_as_described_and_none_is_a_server_error(schema, method, path, mode):
    # A description cannot say of which columns the logarithm is taken: such rows are refused too.
    unsaid = [schemathesis.checks.positive_data_acceptance]
    statuses = set()

    @settings(max_examples=40 if method == "POST" else 2, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def check(case):
        statuses.add(case.call_and_validate(excluded_checks=unsaid).status_code)

    check()
    assert statuses & ({422} if mode == "negative" else {200})
