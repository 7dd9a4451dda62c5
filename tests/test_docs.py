"""The documentation builds without a warning, asks for nothing from outside, and its commands and files are right."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import make_growth
import pytest

import clusterbench
from clusterbench.benchmark import parse_benchmark
from clusterbench.cli import main
from clusterbench.plugins import load_registry

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/rules/*.md")])
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REST = {"datasets": 'datasets = [{ use = "iris" }]', "algorithms": 'algorithms = [{ use = "kmeans" }]'}


def blocks(*languages: str) -> list[tuple[str, str]]:
    """(page, text) of the blocks of code in some languages."""
    found = [(path.name, block) for path in PAGES for block in BLOCK.findall(path.read_text(encoding="utf-8"))]
    return [(page, text) for page, (language, text) in found if language in languages]


def commands() -> dict[str, dict[str, list[str]]]:
    """The options of every verb that a page calls, each with the lines that give it."""
    called: dict[str, dict[str, list[str]]] = {}
    for page, text in blocks("", "bash", "console"):
        for line in re.findall(r"^(?:\$ )?(?:[A-Z_]+=\S+ )?clusterbench [a-z].*$", text, re.MULTILINE):
            words = shlex.split(re.sub(r"[\[\]]", " ", line), comments=True)
            verb = words[words.index("clusterbench") + 1]
            options = called.setdefault(verb, {})
            for word in words:
                if word.startswith("--"):
                    options.setdefault(word.partition("=")[0], []).append(f"{page}: {line}")
    return called


def test_every_command_of_a_page_exists_with_its_options(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    called = commands()
    assert len(called) >= 12
    for verb, options in called.items():
        monkeypatch.setattr(sys, "argv", ["clusterbench", verb, "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        known = set(re.findall(r"--[\w-]+", capsys.readouterr().out)) | {"--traceback"}
        assert not ended.value.code, verb
        assert {option: lines for option, lines in options.items() if option not in known} == {}


# What the tutorial adds to its file is run by its own test.
@pytest.mark.parametrize(("page", "text"), [block for block in blocks("toml") if block[0] != "tutorial.md"])
def test_every_benchmark_of_a_page_is_valid(page, text):
    whole = "\n".join([*(line for key, line in REST.items() if f"[[{key}]]" not in text), text])
    bench = parse_benchmark(whole, load_registry(ROOT), path=ROOT / page)
    assert bench.jobs()


def test_the_citation_names_this_version():
    assert f"\nversion: {clusterbench.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_page_on_long_tables_has_the_measured_numbers_and_no_stage_grows_faster_than_the_rows():
    lines, page = make_growth.measured(), make_growth.PAGE.read_text(encoding="utf-8")
    assert make_growth.with_table(page, lines) == page
    assert make_growth.description(lines) in make_growth.FIGURE.read_text(encoding="utf-8")
    assert "<path" in make_growth.picture(lines)
    assert (make_growth.exponents(make_growth.seconds(lines)).dropna() <= 1.0).all()


def test_the_python_of_a_page_compiles():
    for page, text in blocks("python"):
        compile(text, page, "exec")


def test_the_page_on_python_runs_and_goes_on_from_the_readme(tmp_path, monkeypatch):
    (readme,) = [text for page, text in blocks("python") if page == "README.md" and "clusterbench.run(" in text]
    (source,) = [text for page, text in blocks("python") if page == "python.md"]
    lines = iter(source.splitlines())
    assert all(line in lines for line in readme.splitlines())  # in this order
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(source, names)
    assert sorted(names["run"].labels().value_counts()) == [60, 60, 60]
    assert (tmp_path / "report" / "index.html").exists()


def test_the_documentation_builds_without_a_warning_and_asks_for_nothing_from_outside(tmp_path):
    pytest.importorskip("sphinx", reason="sphinx is not installed (extra 'docs')")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "trees")]
    done = subprocess.run([*command, str(ROOT / "docs"), str(tmp_path / "html")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    pages = sorted((tmp_path / "html").rglob("*.html"))
    assert len(pages) > 25
    for page in pages:
        asked = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*\"", page.read_text())
        assert asked == [], page
