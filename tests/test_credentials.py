"""Passwords and tokens of addresses appear in no message, store, page or record."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clusterbench import RequestError, reproduce, run
from clusterbench.credentials import mask_credentials
from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.report import all_formats, build_report
from clusterbench.running import Settings, Silent

SECRETS = ("s3cret", "t0ken")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://me:s3cret@host/t.csv", "https://me:***@host/t.csv"),
        ("https://me:s3cret@host:8443/t.csv", "https://me:***@host:8443/t.csv"),
        ("HTTPS://t0ken@host/t.csv", "HTTPS://***@host/t.csv"),
        ("postgresql+psycopg://me:s3cret@host/db", "postgresql+psycopg://me:***@host/db"),
        ("postgresql://me:a@s3cret/x@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:s3cret@host/db", "postgresql://:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://host/db?user=me&password=s3cret", "postgresql://host/db?user=me&password=***"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Ds3cret", "mssql+pyodbc:///?odbc_connect=***"),
        ("mssql+pyodbc:///?x=DRIVER=y;UID=me;PWD=s3cret", "mssql+pyodbc:///?x=DRIVER=y;UID=me;PWD=***"),
        ("https://h/t.csv?a=1&token=t0ken&b=2", "https://h/t.csv?a=1&token=***&b=2"),
        ("https://h/t.csv?access_token=t0ken", "https://h/t.csv?access_token=***"),
        ("https://h/t.csv?api_key=s3cret#part", "https://h/t.csv?api_key=***#part"),
        (
            "https://h/t?X-Amz-Credential=s3cret%2F1&X-Amz-Signature=t0ken",
            "https://h/t?X-Amz-Credential=***&X-Amz-Signature=***",
        ),
        ("https://blob/t?sv=2024&sig=s3cret%3D", "https://blob/t?sv=2024&sig=***"),
        ("https://h/t#access_token=t0ken", "https://h/t#access_token=***"),
        ("url = 'https://me:s3cret@h/t' # http://u:t0ken@h", "url = 'https://me:***@h/t' # http://u:***@h"),
        ("https://host:8080/t.csv?mail=me@host", "https://host:8080/t.csv?mail=me@host"),
        ("https://host/t.csv?keyword=tea&page=2", "https://host/t.csv?keyword=tea&page=2"),
        ("sqlite:////data/shop.db and me@host, key=4", "sqlite:////data/shop.db and me@host, key=4"),
    ],
)
def test_secrets_are_masked_and_nothing_else(text, masked):
    assert mask_credentials(text) == masked
    assert mask_credentials(masked) == masked


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "http://me:s3cret@127.0.0.1:9/t.csv?token=t0ken"},
        {"sql": "SELECT 1", "database": "nosuch://me:s3cret@host/db?token=t0ken"},
        {"sql": "SELECT 1", "database": "no url me://x:s3cret@host"},
    ],
)
def test_no_message_of_a_failed_source_holds_them(keys):
    with pytest.raises((RequestError, ValueError)) as caught:
        load_dataset(DatasetSpec(**keys), base=None)
    error = caught.value
    while error is not None:  # a traceback shows the causes too
        assert not any(secret in str(error) for secret in SECRETS)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("url", ["ftp://me:s3cret@host/t.csv", "https://me:my s3cret@host/t.csv"])
def test_no_message_about_a_refused_declaration_holds_them(url):
    with pytest.raises(ValueError) as caught:
        DatasetSpec(url=url)
    assert "s3cret" not in str(caught.value)


def test_the_name_of_a_dataset_is_the_host_without_them():
    assert DatasetSpec(url="https://me:s3cret@example.org/").stable_name == "example.org"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x,y\n" + b"".join(b"%d,%d\n" % (9 * (i % 2), i % 5) for i in range(24)))

    def log_message(self, *args):
        """Keep stderr quiet."""


TOML = """
title = "Behind a password"
seeds = [0]
k = [2, 3]
reference_spaces = ["raw"]
[[datasets]]
url = "http://me:s3cret@127.0.0.1:{port}/t.csv?token=t0ken"
[variants]
raw = [{{ step = "impute" }}]
[[algorithms]]
use = "kmeans"
n_init = 1
[gate]
min_rows = 1
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
"""


def test_neither_store_nor_page_of_a_run_holds_them_and_a_row_is_still_reproduced(tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTERBENCH_CACHE", str(tmp_path / "cache"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        toml, results = tmp_path / "hidden.toml", tmp_path / "results"
        toml.write_text(TOML.format(port=server.server_port))
        done = run(toml, results=results, workspace=tmp_path, settings=Settings(workers=0), progress=Silent())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    report = build_report(done, figures=())
    texts = [text for one in all_formats() for text in one.render(report).values()]
    shown = [*texts, *(path.read_bytes().decode("latin-1") for path in results.rglob("*.sqlite*"))]
    assert len(shown) > 2
    for text in shown:
        assert not any(secret in text for secret in SECRETS)
    assert "http://me:***@127.0.0.1" in shown[0]
    again = {"results": results, "workspace": tmp_path, "settings": Settings(workers=0), "progress": Silent()}
    assert reproduce("1", **again).same
    toml.write_text(toml.read_text().replace("n_init = 1", "n_init = 2"))
    with pytest.raises(RequestError, match="credentials are not recorded"):
        reproduce("1", **again)
