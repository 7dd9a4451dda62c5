"""Tables from the network: once, checked, and with a reason where it fails."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.datasets.download import cache_folder, download
from clusterbench.errors import RequestError

CONTENT = b"cust_id,x\n007,1\n008,2\n"


class Handler(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - shared on purpose

    def do_GET(self):
        self.asked.append(self.path)
        found = self.path.startswith("/t.csv")
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            self.wfile.write(CONTENT)

    def log_message(self, *args):
        """Keep stderr quiet."""


@pytest.fixture
def address(monkeypatch, tmp_path):
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))
    Handler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_url_is_loaded_once_and_then_from_the_cache(address, capsys):
    spec = DatasetSpec(url=f"{address}/t.csv?version=2", drop=["cust_id"])
    for _ in range(2):
        dataset = load_dataset(spec, base=Path())
        assert dataset.row_ids.tolist() == ["007", "008"]
    assert Handler.asked == ["/t.csv?version=2"]
    assert (dataset.name, dataset.source) == ("t", f"{address}/t.csv?version=2")
    assert capsys.readouterr().err == ""


def test_the_declared_sha256_is_checked(address):
    digest = hashlib.sha256(CONTENT).hexdigest()
    load_dataset(DatasetSpec(url=f"{address}/t.csv", sha256=digest, drop=["cust_id"]), base=Path())
    with pytest.raises(RequestError, match="does not match"):
        download(f"{address}/t.csv", "other.csv", sha256="0" * 64, retries=0)


def test_a_failed_download_is_a_request_error(address):
    with pytest.raises(RequestError, match="cannot be downloaded: HTTPError: 404"):
        download(f"{address}/none.csv", "none.csv", retries=0)
    with pytest.raises(RequestError, match=r"ConnectionError: no connection to 127\.0\.0\.1:9$"):
        download("http://127.0.0.1:9/t.csv", "t.csv", retries=0)


def test_a_cache_that_cannot_be_made_is_a_request_error(address, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be downloaded"):
        download(f"{address}/t.csv", "t.csv", cache=tmp_path / "file" / "sub", retries=0)


def test_the_cache_folder_is_the_variable_else_that_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("CLUSTERBENCH_CACHE")
    assert cache_folder().name == "clusterbench"
