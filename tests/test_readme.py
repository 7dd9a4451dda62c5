"""The examples of the README work."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from clusterbench.cli import main
from clusterbench.datasets.simulator import simulate_credit_card
from clusterbench.plugins import check_algorithm, load_plugin

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind == language]


def test_the_readme_is_short():
    assert len(README.splitlines()) < 150


def test_the_plugin_of_the_readme_passes_the_conformance_check(tmp_path):
    (source,) = [block for block in blocks("python") if "ALGORITHM" in block]
    path = tmp_path / "even_bisecting.py"
    path.write_text(source)
    failed = [check for check in check_algorithm(load_plugin(path)) if not check.ok]
    assert failed == []


def test_every_link_into_the_repository_leads_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_path_from_a_run_to_a_served_form_works(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (path,) = [block for block in blocks("") if "clusterbench serve segments" in block]
    *commands, serve = [shlex.split(line.partition("#")[0]) for line in path.splitlines()]
    customers = simulate_credit_card(n_rows=100, seed=1).frame.drop(columns="archetype")
    customers.to_csv("new.csv", index=False)
    for words in commands:
        smaller = ["--only", "algorithm=kmeans,variant=log1p", "--jobs", "0"] if words[1] == "run" else []
        monkeypatch.setattr(sys, "argv", [*words, *smaller])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capfd.readouterr().err
    assigned = pd.read_csv("assigned.csv")
    assert assigned["segment"].notna().all()
    command = [sys.executable, "-m", *serve, "--port", "0"]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            address = next(line.split()[1].decode() for line in server.stdout if line.startswith(b"serving"))
            form = fetch(address)
            row = customers.drop(columns="CUST_ID").astype(object).where(customers.notna(), None).iloc[0].to_dict()
            answer = fetch(f"{address}assign", json.dumps(row).encode())
        finally:
            server.terminate()
    assert "CREDIT_LIMIT" in form
    assert json.loads(answer)["segment"] == assigned["segment"][0]


def fetch(address: str, body: bytes | None = None) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, body) as answer:
                return answer.read().decode()
        except urllib.error.URLError:  # it says where it serves just before it does
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
