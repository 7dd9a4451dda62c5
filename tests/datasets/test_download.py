"""Tables from the network: downloaded once, checked, within limits, and with a reason where it fails."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.errors import RequestError

CONTENT = b"cust_id,x\n007,1\n008,2\n"


class Handler(BaseHTTPRequestHandler):
    requested: list[str] = []  # noqa: RUF012 - shared on purpose

    def do_GET(self):
        self.requested.append(self.path)
        name = self.path.partition("?")[0]
        self.send_response(404 if name == "/none.csv" else 200)
        self.end_headers()
        if name == "/slow.csv":
            for _ in range(10):
                self.wfile.write(b"x")
                time.sleep(0.1)
        if name == "/large.csv":
            self.wfile.write(CONTENT + b"9,3\n" * 100_000)
        if name == "/bomb.csv.gz":
            self.wfile.write(gzip.compress(CONTENT + b"9,3\n" * 100_000))
        if name == "/t.csv":
            self.wfile.write(CONTENT)

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            """The client has closed the connection."""

    def log_message(self, *args):
        """Keep stderr quiet."""


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(folder))
    Handler.requested.clear()
    return folder


def load(url: str, **keys):
    return load_dataset(DatasetSpec(url=url, drop=["cust_id"], **keys), base=Path())


def test_a_url_is_loaded_once_and_then_from_the_cache(server, cache, capsys):
    for _ in range(2):
        dataset = load(f"{server}/t.csv?version=2")
        assert dataset.row_ids.tolist() == ["007", "008"]
    assert Handler.requested == ["/t.csv?version=2"]
    assert (dataset.name, dataset.source) == ("t", f"{server}/t.csv?version=2")
    assert capsys.readouterr().err == ""


def test_the_declared_sha256_is_checked(server, cache):
    load(f"{server}/t.csv", sha256=hashlib.sha256(CONTENT).hexdigest())
    with pytest.raises(RequestError, match="does not match"):
        load(f"{server}/t.csv?other", sha256="0" * 64)


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("none.csv", {}, "cannot be downloaded: status 404, Not Found"),
        ("large.csv", {"max_mb": 0.1}, r"cannot be downloaded: larger than max_mb = 0\.1"),
        ("bomb.csv.gz", {"max_mb": 0.1}, r"unpacks to more than 0\.1 MB \(allowed: a larger max_mb\)"),
        ("slow.csv", {"max_seconds": 0.2}, r"not finished after 0\.2 s \(allowed: a larger max_seconds\)"),
    ],
)
def test_a_failed_or_too_large_download_is_refused_within_seconds(server, cache, name, keys, said):
    start = time.monotonic()
    with pytest.raises(RequestError, match=said):
        load(f"{server}/{name}", **keys)
    assert time.monotonic() - start < 4
    assert not [path for path in cache.glob("*") if path.suffix == ".csv"]


def test_a_server_or_a_cache_that_is_not_there_is_a_request_error(server, monkeypatch, tmp_path):
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(RequestError, match=r"ConnectionError: no connection to 127\.0\.0\.1:9$"):
        load("http://127.0.0.1:9/t.csv")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "file" / "sub"))
    with pytest.raises(RequestError, match="cannot be downloaded"):
        load(f"{server}/t.csv")
