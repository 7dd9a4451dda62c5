"""The form and its result, as a browser without scripts sees them."""

from __future__ import annotations

import dataclasses
import logging
import re
from html import unescape
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from clusterbench import RequestError
from clusterbench.segments import Bundle, Program, explain_row
from clusterbench.serve import MOST_BYTES, create_app

from ..segments.workbench import random_program, random_rows


def sent(client, **texts: str):
    return client.post("/", data=texts)


def heading(answer) -> str:
    return unescape(re.search("<h1>(.*?)</h1>", answer.text).group(1))


def shown_texts(answer) -> list[str]:
    return [unescape(text) for text in re.findall(r'<input[^>]* value="(.*?)"', answer.text)]


def test_the_empty_form_shows_label_unit_range_and_example(client):
    page = client.get("/").text
    assert '<label for="field-0">AGE <small>years</small></label>' in page
    assert "18 to 90; may be empty" in page
    assert 'placeholder="such as 40"' in page
    assert page.count(" required>") == 1  # INCOME is not filled
    assert "<script" not in page


def test_the_result_names_segment_next_segment_reasons_and_change(client, bundle):
    page = sent(client, AGE="30", INCOME="5.5")
    one = explain_row(bundle, [30.0, 5.5])
    text = " ".join(unescape(re.sub("<[^>]*>", " ", page.text)).split())
    assert page.status_code == 200
    assert heading(page) == "Segment 1 · small"
    assert "Size 5 of 10 rows (50.0 %)" in text
    assert f"Segment 2 · large, by a margin of {one.margin:.3g}" in text
    assert f"{one.change.column} from 30 to {one.change.to:.3g}" in text
    assert [f"{reason.weight:+.3g}" for reason in one.reasons] == re.findall(r'"n">([+-]\d\.\d+)</td>', page.text)
    assert shown_texts(page) == ["30", "5.5"]


def test_the_result_shows_the_medians_of_the_segment_where_the_bundle_has_a_profile(client, bundle):
    profile = b"segment,column,median\n1,AGE,33.25\n1,INCOME,4\n2,AGE,55.75\n2,INCOME,600\n"
    page = sent(TestClient(create_app(dataclasses.replace(bundle, files={"profile.csv": profile}))), AGE="", INCOME="1")
    assert '<td class="n">33.2</td>' in page.text
    assert "55.8" not in page.text
    assert "Median of the segment" not in sent(client, AGE="", INCOME="1").text


def test_a_profile_of_something_else_is_refused_at_the_start(bundle):
    for content in (b"a,b\n1,2\n", b"segment,column,median\n1,AGE,x\n", b"segment,column,median\n1\n", b"\xff"):
        with pytest.raises(RequestError, match=r"profile\.csv"):
            create_app(dataclasses.replace(bundle, files={"profile.csv": content}))


def test_an_empty_field_is_filled_where_the_program_fills_it(client):
    page = sent(client, AGE="", INCOME="800")
    assert heading(page) == "Segment 2 · large"
    assert "<small>filled</small>" in page.text
    assert "outside of 18 to 90" in sent(client, AGE="120", INCOME="800").text


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"AGE": "30", "INCOME": ""}, "A number is needed here"),
        ({"AGE": "1,234.50", "INCOME": "5"}, "without separators of thousands"),
        ({"AGE": "12,5", "INCOME": "5"}, "Write a number such as 1234.5"),
        ({"AGE": "nan", "INCOME": "5"}, "Write a number"),
        ({"AGE": "inf", "INCOME": "5"}, "Write a number"),
        ({"AGE": "1_0", "INCOME": "5"}, "Write a number"),
        ({"AGE": "0x10", "INCOME": "5"}, "Write a number"),
        ({"AGE": "\N{FULLWIDTH DIGIT ONE}", "INCOME": "5"}, "Write a number"),
        ({"AGE": "1e400", "INCOME": "5"}, "larger than 1e+100"),
        ({"AGE": "30", "INCOME": "-5"}, "The number has no log1p"),
        ({"AGE": '"><script>alert(1)</script>', "INCOME": "5"}, "Write a number"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_written_stays(client, caplog, texts, words):
    caplog.set_level(logging.DEBUG)
    page = sent(client, **texts)
    assert page.status_code == 422
    assert words in page.text
    assert 'aria-invalid="true"' in page.text
    assert shown_texts(page) == list(texts.values())
    assert "<script" not in page.text
    assert not any(text in caplog.text for text in texts.values() if len(text) > 3)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"AGE=1&INCOME=2&OTHER=3", "a field that is no column"),
        (b"AGE=1&AGE=2&INCOME=2", "This field must be sent once"),
        (b"AGE=1", "This field must be sent once"),
        (b"AGE=%ff&INCOME=1", "The form cannot be read"),
        (b"AGE=%ed%a0%80&INCOME=1", "The form cannot be read"),
        (b"\xff", "The form cannot be read"),
        (b"&".join([b"AGE=1"] * 9), "The form cannot be read"),
        (b"", "This field must be sent once"),
    ],
)
def test_what_no_browser_sends_is_refused(client, body, words):
    page = client.post("/", content=body)
    assert page.status_code == 422
    assert words in page.text


def test_any_names_of_columns_and_segments_are_shown_as_text(bundle):
    names = ("<b>\"&'</b>", "__proto__ \N{RIGHT-TO-LEFT OVERRIDE}é")
    manifest = bundle.manifest
    columns = tuple(dataclasses.replace(one, name=name) for one, name in zip(manifest.columns, names, strict=True))
    segments = tuple(dataclasses.replace(one, name="<i>'one'</i>") for one in manifest.segments)
    other = dataclasses.replace(
        bundle,
        manifest=dataclasses.replace(manifest, columns=columns, segments=segments, title="<u>", dataset="</style>"),
        program=dataclasses.replace(bundle.program, columns=names),
    )
    client = TestClient(create_app(other))
    answer = client.post("/assign", json=dict(zip(names, (30, 5), strict=True)))
    assert answer.json()["name"] == "<i>'one'</i>"
    page = client.post("/", data=dict(zip(names, ("30", "5"), strict=True)))
    assert heading(page) == "Segment 1 · <i>'one'</i>"
    for text in (page.text, client.get("/").text, client.get("/api").text):
        assert not re.search("<[ub]>|<i>|</style>", text)


def test_a_long_form_is_refused(client):
    assert client.post("/", content=b"AGE=" + b"1" * MOST_BYTES).status_code == 413


def test_the_interface_is_described_without_a_request_to_outside(client):
    page = client.get("/api").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page + client.get("/").text)
    assert "<script" not in page
    assert client.get("/style.css").headers["content-type"].startswith("text/css")


def test_the_form_gives_the_segment_of_the_program_for_rows_of_the_real_table(real_bundle, real_rows):
    client, some = TestClient(create_app(real_bundle)), real_rows[:: len(real_rows) // 60]
    segments = real_bundle.assign(some).segment
    for row, segment in zip(some.tolist(), segments.tolist(), strict=True):
        texts = ["" if np.isnan(value) else repr(value) for value in row]
        page = client.post("/", content=urlencode(dict(zip(real_bundle.program.columns, texts, strict=True))))
        assert heading(page) == f"Segment {segment} · {real_bundle.names[segment]}"


@pytest.mark.parametrize("last", ["nearest", "gaussian", "neighbours"])
def test_form_interface_and_program_agree_for_random_programs(bundle, last):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        program = random_program(rng, last=(last,))
        rows = random_rows(rng, program, 20)
        client = TestClient(create_app(bundle_with(bundle, program)))
        values = [
            dict(zip(program.columns, (None if np.isnan(value) else value for value in row), strict=True))
            for row in rows.tolist()
        ]
        given = program.assign(rows)
        answers = client.post("/assign/batch", json=values).json()
        assert [one["segment"] or 0 for one in answers] == given.segment.tolist()
        assert [(one["distance"], one["margin"]) for one in answers] == list(
            zip(given.distance.tolist(), given.margin.tolist(), strict=True)
        )
        for row, segment in zip(values[:4], given.segment.tolist(), strict=False):
            texts = {name: "" if value is None else repr(value) for name, value in row.items()}
            page = client.post("/", content=urlencode(texts))
            assert heading(page) == (f"Segment {segment} · name {segment}" if segment else "No segment")


def bundle_with(bundle: Bundle, program: Program) -> Bundle:
    """A bundle of another program, whose columns have the range of AGE."""
    manifest = bundle.manifest
    columns = [dataclasses.replace(manifest.columns[0], name=n, filled=n in program.filled) for n in program.columns]
    segments = [dataclasses.replace(manifest.segments[0], id=i, name=f"name {i}") for i in program.segments]
    other = dataclasses.replace(manifest, columns=tuple(columns), segments=tuple(segments))
    return dataclasses.replace(bundle, manifest=other, program=program)
