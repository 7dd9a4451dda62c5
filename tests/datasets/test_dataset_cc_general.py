"""The real table: where it is looked for, and that nothing else passes for it."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.datasets import cc_general as cc
from clusterbench.datasets.layouts import CREDIT_CARD_COLUMNS
from clusterbench.errors import RequestError


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No variable of the caller decides where the table comes from, and no test fills the user's cache."""
    for variable in (cc.DATA_VARIABLE, cc.OPENML_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def original(real_table_folder):
    return (real_table_folder / "CC_GENERAL.csv").read_bytes()


@pytest.fixture(scope="module")
def real(real_table_folder):
    return pd.read_csv(real_table_folder / "CC_GENERAL.csv", float_precision="round_trip")


class Handler(SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - shared on purpose

    def log_message(self, *args):
        self.asked.append(self.path)


@pytest.fixture
def served(tmp_path):
    """A folder and the address under which its files are served, on the loopback."""
    folder = tmp_path / "served"
    folder.mkdir()
    Handler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def as_arff(frame: pd.DataFrame) -> str:
    head = ["% a comment", "@RELATION 'Credit Card'", ""]
    head += [f"@ATTRIBUTE {c} {'STRING' if c == 'CUST_ID' else 'REAL'}" for c in frame.columns]
    body = frame.to_csv(header=False, index=False, na_rep="?", lineterminator="\n")
    return "\n".join([*head, "", "@DATA", body])


def folder_with(monkeypatch, folder: Path, content: bytes):
    folder.mkdir(exist_ok=True)
    (folder / "CC_GENERAL.csv").write_bytes(content)
    monkeypatch.setenv(cc.DATA_VARIABLE, str(folder))


def load(**keys):
    return load_dataset(DatasetSpec(use="cc-general", **keys), base=Path())


def test_the_constants_are_facts_of_the_original(original, real):
    assert hashlib.sha256(original).hexdigest() == cc.CSV_SHA256[0]
    assert hashlib.sha256(original.replace(b"\r\n", b"\n")).hexdigest() == cc.CSV_SHA256[1]
    assert cc.values_sha256([real[c] for c in CREDIT_CARD_COLUMNS]) == cc.VALUES_SHA256
    for column, facts in cc.FACTS.items():
        values = real[column]
        assert (values.isna().sum(), (values == 0).sum()) == (facts.missing, facts.zeros)
        assert values.mean() == pytest.approx(facts.mean, rel=1e-9)
        assert cc.values_sha256([values]).startswith(facts.sha256)
    assert cc.differences(real) == []


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_both_known_forms_are_taken_and_are_one_table(monkeypatch, tmp_path, original, real, line_end):
    folder_with(monkeypatch, tmp_path, original.replace(b"\r\n", line_end))
    dataset = load(drop=["CUST_ID"])
    assert dataset.frame.to_numpy() == pytest.approx(real[list(CREDIT_CARD_COLUMNS)].to_numpy(), rel=0, nan_ok=True)
    assert dataset.row_ids.tolist() == real["CUST_ID"].tolist()
    assert dataset.truth is None
    assert set(dataset.groups) == {"monetary", "counts", "frequencies"}
    assert dataset.content_hash == load().content_hash


def test_complete_rows_are_those_of_the_source(monkeypatch, real_table_folder, real):
    monkeypatch.setenv(cc.DATA_VARIABLE, str(real_table_folder))
    dataset = load(rows="complete", drop=["CUST_ID", "MINIMUM_PAYMENTS"])
    assert dataset.n_rows == 8636
    assert dataset.row_ids.tolist() == real.dropna()["CUST_ID"].tolist()
    assert dataset.warnings == ("314 of 8950 rows with missing values were left out",)


def rounded(frame):
    return frame.round(2)


def imputed(frame):
    return frame.assign(MINIMUM_PAYMENTS=frame["MINIMUM_PAYMENTS"].fillna(frame["MINIMUM_PAYMENTS"].median()))


def shuffled(frame):
    return frame.iloc[::-1]


ALTERED = [
    (rounded, "11 of 17 columns differ"),
    (imputed, "MINIMUM_PAYMENTS: 0 missing instead of 313"),
    (shuffled, "other values or another order, with the same mean"),
    (lambda frame: frame.dropna(), "8636 rows instead of 8950"),
    (lambda frame: frame.drop(columns="TENURE"), "columns TENURE are absent"),
    (lambda frame: frame.assign(cluster=1), "columns cluster are not part of it"),
    (lambda frame: frame.assign(TENURE="a year"), "TENURE is not numeric"),
    (lambda frame: frame.assign(CUST_ID=frame["CUST_ID"].str.lower()), "CUST_ID: other ids"),
    (lambda frame: frame.assign(TENURE=np.nan), "TENURE: 8950 missing instead of 0"),
    (lambda frame: frame.assign(PAYMENTS=frame["PAYMENTS"].replace(0.0, 1e-6)), "PAYMENTS: 0 zeros instead of 240"),
    (lambda frame: frame.assign(BALANCE=frame["BALANCE"] * 1.01), "BALANCE: mean 1580.119"),
]


@pytest.mark.parametrize(("alter", "said"), ALTERED)
def test_a_near_copy_is_refused_with_what_differs(monkeypatch, tmp_path, real, alter, said):
    folder_with(monkeypatch, tmp_path, alter(real).to_csv(index=False).encode())
    with pytest.raises(RequestError, match="this is not the real table") as caught:
        load()
    assert said in str(caught.value)
    assert cc.CSV_SHA256[0] in str(caught.value)


def test_a_copy_written_in_another_way_is_refused(monkeypatch, tmp_path, original):
    folder_with(monkeypatch, tmp_path, original.replace(b",0,", b",0.0,"))
    with pytest.raises(RequestError, match="values are equal, but they are written in another way"):
        load()


def test_a_folder_without_the_file_is_an_error_that_names_it(monkeypatch, tmp_path):
    monkeypatch.setenv(cc.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(RequestError, match=r"there is no .*CC_GENERAL\.csv.*CLUSTERBENCH_DATA"):
        load()


@pytest.mark.parametrize("with_ids", [True, False])
def test_the_openml_copy_is_downloaded_once_and_equals_the_file(monkeypatch, served, real, with_ids):
    folder, address = served
    copy = real if with_ids else real.drop(columns="CUST_ID")
    (folder / "dataset").write_text(as_arff(copy.astype({"TENURE": float})))
    monkeypatch.setenv(cc.OPENML_VARIABLE, f"{address}/dataset")
    first, second = load(drop=["CUST_ID"]), load(drop=["CUST_ID"])
    assert Handler.asked == ["/dataset"]
    assert first.content_hash == second.content_hash
    assert first.frame.equals(real[list(CREDIT_CARD_COLUMNS)].astype(float))
    if with_ids:
        assert first.row_ids.tolist() == real["CUST_ID"].tolist()
    else:
        assert first.row_ids.tolist() == list(range(8950))
        assert first.warnings == ("this copy has no CUST_ID: rows are known by their number, from 0",)


def test_a_parquet_copy_is_read_as_well(served, tmp_path, real):
    folder, address = served
    real.drop(columns="CUST_ID").to_parquet(folder / "dataset.pq")
    raw = cc.load_cc_general(urls=[f"{address}/dataset.pq"], cache=tmp_path / "other")
    assert cc.differences(raw.frame) == []


def test_an_altered_download_is_refused_and_not_kept(monkeypatch, served, tmp_path, real):
    folder, address = served
    (folder / "dataset").write_text(as_arff(imputed(real)))
    monkeypatch.setenv(cc.OPENML_VARIABLE, f"{address}/dataset")
    with pytest.raises(RequestError, match="MINIMUM_PAYMENTS: 0 missing instead of 313"):
        load()
    assert list((tmp_path / "cache").iterdir()) == []
    (folder / "dataset").write_text(as_arff(real))
    assert load().n_rows == 8950


def test_a_spoilt_cache_is_downloaded_anew(monkeypatch, served, tmp_path, real):
    folder, address = served
    (folder / "dataset").write_text(as_arff(real))
    monkeypatch.setenv(cc.OPENML_VARIABLE, f"{address}/dataset")
    load()
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(cached.read_bytes()[:1000])
    assert load().n_rows == 8950
    assert Handler.asked == ["/dataset", "/dataset"]


def test_the_second_address_serves_where_the_first_fails(served, tmp_path, real):
    folder, address = served
    (folder / "good").write_text(as_arff(real))
    raw = cc.load_cc_general(urls=[f"{address}/bad", f"{address}/good"], cache=tmp_path / "c")
    assert len(raw.frame) == 8950
    assert Handler.asked == ["/bad", "/good"] or len(Handler.asked) == 3  # the server also logs the error


def test_without_file_and_network_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv(cc.OPENML_VARIABLE, "http://127.0.0.1:9/dataset")
    with pytest.raises(RequestError) as caught:
        load()
    message = str(caught.value)
    assert message.startswith("dataset 'cc-general': cc-general could not be had: http://127.0.0.1:9/dataset")
    assert "set CLUSTERBENCH_DATA to a folder that holds CC_GENERAL.csv" in message


def test_the_default_addresses_are_those_of_data_set_43618():
    assert all(url.startswith("https://") for url in cc.OPENML_URLS)
    assert "dataset_43618" in cc.OPENML_URLS[1]


def test_values_have_one_hash_whatever_their_types_zeros_and_missing_values():
    one = cc.values_sha256([[1, 0, 2], [0.5, np.nan, 3.25]])
    assert one == cc.values_sha256([np.array([1.0, -0.0, 2.0]), np.array([0.5, -np.nan, 3.25000000001])])
    assert one != cc.values_sha256([[1, 0, 2], [0.5, np.nan, 3.250001]])
    assert one != cc.values_sha256([[0.5, np.nan, 3.25], [1, 0, 2]])
