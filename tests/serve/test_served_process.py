"""The service in a process of its own, over the network."""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from time import perf_counter
from urllib.parse import urlsplit

import httpx2
import pytest

from clusterbench import RequestError
from clusterbench.cli import main
from clusterbench.serve import MOST_BYTES, run_server

from .served import Served, served

ROWS = [{"AGE": age, "INCOME": income} for age, income in [(20, 10), (None, 400.5), (55, 0), (95, 900)]]


@pytest.fixture(scope="module")
def service(bundle_folder) -> Served:
    with served(bundle_folder) as running:
        yield running


def test_it_is_ready_within_a_second_and_imports_nothing_heavy(service):
    assert httpx2.get(f"{service.address}readyz").status_code == 200
    # Seconds of the processor, since other tests may use it too; the list of imports takes its share.
    assert service.cpu_seconds() < 1.5
    assert {"fastapi", "numpy"} <= service.modules
    assert not {"sklearn", "pandas", "tensorflow", "keras", "scipy", "matplotlib", "numba"} & service.modules


def test_fifty_clients_get_the_same_answers_in_time(service):
    alone = [httpx2.post(f"{service.address}assign", json=row).json() for row in ROWS]
    host = urlsplit(service.address).netloc

    def ask(number: int) -> float:
        slowest = 0.0
        with closing(HTTPConnection(host, timeout=20)) as connection:
            for turn in range(20):
                at = (number + turn) % len(ROWS)
                start = perf_counter()
                connection.request("POST", "/assign", json.dumps(ROWS[at]))
                answer = connection.getresponse()
                content = answer.read()
                slowest = max(slowest, perf_counter() - start)
                assert (answer.status, json.loads(content)) == (200, alone[at])
        return slowest

    with ThreadPoolExecutor(50) as clients:
        assert max(clients.map(ask, range(50))) < 2.0


def test_a_long_body_without_length_is_refused_over_the_network(service):
    def chunks():
        for _ in range(MOST_BYTES // 2**20 + 1):
            yield b" " * 2**20

    assert httpx2.post(f"{service.address}assign", content=chunks()).status_code == 413
    assert httpx2.get(f"{service.address}healthz").status_code == 200


def test_the_log_has_routes_and_no_values(bundle_folder):
    with served(bundle_folder) as running:
        httpx2.post(f"{running.address}assign?name=Ada", json={"AGE": 77.25, "INCOME": -77.25})
        httpx2.get(f"{running.address}77.25")
        with socket.create_connection((urlsplit(running.address).hostname, urlsplit(running.address).port)) as broken:
            broken.sendall(b'POST /assign HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"AGE": 77.25')
        assert httpx2.get(f"{running.address}healthz").status_code == 200
    log = "".join(running.log)
    assert "POST /assign: closed by the client" in log
    assert "POST /assign: 422" in log
    assert "GET an unknown path: 404" in log
    assert "Ada" not in log
    assert "77.25" not in log


def test_an_address_of_another_machine_is_refused(bundle):
    with pytest.raises(RequestError, match=r"cannot listen on 192\.0\.2\.1, port 0"):
        run_server(bundle, "192.0.2.1", 0, say=print)


def test_without_the_extra_the_message_says_how_to_install_it(bundle_folder, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["clusterbench", "serve", str(bundle_folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "fastapi is not installed (allowed: pip install 'clusterbench[serve]')" in capsys.readouterr().err
