"""The real table: where it is read from, and that no other table is accepted for it."""

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
from clusterbench.errors import RequestError

DATA, OPENML = "CLUSTERBENCH_DATA", "CLUSTERBENCH_OPENML"
CSV_SHA256 = "29eea6389837c40fd760c927b5782563edeff55a37824598489716bdb3563be1"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No variable of the caller decides where the table comes from, and no test fills the user's cache."""
    for variable in (DATA, OPENML):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def original(real_table_folder):
    return (real_table_folder / "CC_GENERAL.csv").read_bytes()


@pytest.fixture(scope="module")
def real(real_table_folder):
    return pd.read_csv(real_table_folder / "CC_GENERAL.csv", float_precision="round_trip")


class Handler(SimpleHTTPRequestHandler):
    requested: list[str] = []  # noqa: RUF012 - shared on purpose

    def log_message(self, *args):
        self.requested.append(self.path)


@pytest.fixture
def served(tmp_path):
    """A folder and the address under which its files are served, on the loopback."""
    folder = tmp_path / "served"
    folder.mkdir()
    Handler.requested.clear()
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


@pytest.fixture(scope="module")
def arff(real):
    return as_arff(real)


def folder_with(monkeypatch, folder: Path, content: bytes):
    folder.mkdir(exist_ok=True)
    (folder / "CC_GENERAL.csv").write_bytes(content)
    monkeypatch.setenv(DATA, str(folder))


def load(**keys):
    return load_dataset(DatasetSpec(use="cc-general", **keys), base=Path())


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_both_known_forms_are_taken_and_are_one_table(monkeypatch, tmp_path, original, real, line_end):
    assert hashlib.sha256(original).hexdigest() == CSV_SHA256
    folder_with(monkeypatch, tmp_path, original.replace(b"\r\n", line_end))
    dataset = load()
    np.testing.assert_array_equal(dataset.frame, real.drop(columns="CUST_ID"))
    assert dataset.row_ids.tolist() == real["CUST_ID"].tolist()
    assert dataset.truth is None
    assert set(dataset.groups) == {"monetary", "counts", "frequencies"}
    assert dataset.content_hash == "ee7b0d643bd30fcfc7128d813c1f1ea60cfc62ca4491ee5b6583174445a61291"


def test_complete_rows_are_those_of_the_source(monkeypatch, real_table_folder, real):
    monkeypatch.setenv(DATA, str(real_table_folder))
    dataset = load(rows="complete", drop=["CUST_ID", "MINIMUM_PAYMENTS"])
    assert dataset.n_rows == 8636
    assert dataset.row_ids.tolist() == real.dropna()["CUST_ID"].tolist()
    assert dataset.warnings == ("314 of 8950 rows with missing values were left out",)


def imputed(frame):
    return frame.assign(MINIMUM_PAYMENTS=frame["MINIMUM_PAYMENTS"].fillna(frame["MINIMUM_PAYMENTS"].median()))


def with_altered_columns(frame):
    altered = imputed(frame).assign(TENURE="a year", PURCHASES=frame["PURCHASES"].to_numpy()[::-1])
    altered["PAYMENTS"] = frame["PAYMENTS"].replace(0.0, 1e-6)
    return altered.assign(BALANCE=frame["BALANCE"] * 1.01)


ALTERED = {
    "values rounded": (lambda frame: frame.round(2), ["11 of 17 columns differ", "; and "]),
    "columns altered": (
        with_altered_columns,
        [
            "5 of 17 columns differ",
            "BALANCE: mean 1580.119",
            "PURCHASES: other values or another order, with the same mean",
            "PAYMENTS: 0 zeros instead of 240",
            "MINIMUM_PAYMENTS: 0 missing instead of 313",
            "TENURE is not numeric",
        ],
    ),
    "rows, columns and ids altered": (
        lambda frame: frame.dropna().drop(columns="TENURE").assign(cluster=1),
        ["8636 rows instead of 8950", "columns TENURE are absent", "columns cluster are not part of it"],
    ),
    "ids altered": (lambda frame: frame.assign(CUST_ID=frame["CUST_ID"].str.lower()), ["CUST_ID: other ids"]),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_a_near_copy_is_refused_with_what_differs(monkeypatch, tmp_path, real, kind):
    alter, differences = ALTERED[kind]
    folder_with(monkeypatch, tmp_path, alter(real).to_csv(index=False).encode())
    with pytest.raises(RequestError, match="this is not the real table") as caught:
        load()
    for difference in (*differences, CSV_SHA256):
        assert difference in str(caught.value)


def test_a_copy_written_in_another_way_is_refused(monkeypatch, tmp_path, original):
    folder_with(monkeypatch, tmp_path, original.replace(b",0,", b",0.0,"))
    with pytest.raises(RequestError, match="values are equal, but they are written in another way"):
        load()


def test_a_folder_without_the_file_is_an_error_that_names_it(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA, str(tmp_path))
    with pytest.raises(RequestError, match=r"there is no .*CC_GENERAL\.csv.*CLUSTERBENCH_DATA"):
        load()


def test_the_openml_copy_is_downloaded_once_and_equals_the_file(monkeypatch, served, real, arff):
    folder, address = served
    (folder / "dataset").write_text(arff)
    monkeypatch.setenv(OPENML, f"{address}/dataset")
    first, second = load(drop=["CUST_ID"]), load(drop=["CUST_ID"])
    assert Handler.requested == ["/dataset"]
    assert first.content_hash == second.content_hash
    assert first.frame.equals(real.drop(columns="CUST_ID").astype(float))
    assert first.row_ids.tolist() == real["CUST_ID"].tolist()


def test_a_parquet_copy_without_ids_is_read_as_well(monkeypatch, served, real):
    folder, address = served
    real.drop(columns="CUST_ID").to_parquet(folder / "dataset.pq")
    monkeypatch.setenv(OPENML, f"{address}/dataset.pq")
    copy = load(drop=["CUST_ID"])
    assert copy.frame.equals(real.drop(columns="CUST_ID").astype(float))
    assert copy.row_ids.tolist() == list(range(8950))
    assert copy.warnings == ("this copy has no CUST_ID: rows are identified by their numbers, from 0",)


def test_an_altered_download_or_a_damaged_cache_is_not_kept(monkeypatch, served, tmp_path, arff):
    folder, address = served
    (folder / "dataset").write_text(arff.replace("1000.0,", "1001.0,"))
    monkeypatch.setenv(OPENML, f"{address}/dataset")
    with pytest.raises(RequestError, match="this is not the real table"):
        load()
    assert list((tmp_path / "cache").iterdir()) == []
    (folder / "dataset").write_text(arff)
    assert load().n_rows == 8950
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(cached.read_bytes()[:1000])
    assert load().n_rows == 8950
    assert Handler.requested == ["/dataset"] * 3


def test_without_file_and_network_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv(OPENML, "http://127.0.0.1:9/dataset")
    with pytest.raises(RequestError) as caught:
        load()
    message = str(caught.value)
    assert message.startswith("dataset 'cc-general': cc-general could not be obtained: http://127.0.0.1:9/dataset")
    assert "set CLUSTERBENCH_DATA to a folder that holds CC_GENERAL.csv" in message
