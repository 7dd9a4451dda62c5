"""Write docs/awkward-files.md: tables as people have them, each brought to a page by the commands. Run by hand."""

from __future__ import annotations

import contextlib
import gzip
import io
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd

PAGE = Path(__file__).parent / "awkward-files.md"
N_ROWS = 120
SHORT = ("--quick", "--only", "algorithm=kmeans")
ADDRESS = "http://127.0.0.1:8000"  # as the page shows it
INTRODUCTION = """# Awkward files

Tables as people have them: 120 customers of three kinds, written in twelve ways and fetched from an address. Each
comes to a page by the commands below, with at most one line that `clusterbench init` could not know, and no edit of the
TOML; `--only` keeps the runs short. This page is the output of `docs/make_awkward_files.py`; a test keeps what `init`
prints and writes true. [Tables](tables.md) says what is found out and what is asked for.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A file and the commands that bring it to a page."""

    title: str
    file: str
    line: str = ""  # what --with gives
    table: str = ""  # what is given to init, by default the file

    @property
    def arguments(self) -> list[str]:
        return [self.table or self.file, *(["--with", self.line] if self.line else [])]


CASES = (
    Case("Semicolons, decimal commas, points between thousands, cp1252", "german.csv"),
    Case("A byte order mark and line ends of Windows", "windows.csv"),
    Case("Text of Excel: UTF-16, tabs", "unicode.csv"),
    Case("Line breaks, separators and quotes within fields", "notes.csv"),
    Case("Equal and empty column names", "names.csv"),
    Case("Dates with slashes that do not say what is first", "dates.csv", "day_first = true"),
    Case("Words and numbers for missing values", "words.csv", 'missing = ["-", "unknown", -999]'),
    Case("Compressed", "packed.csv.gz"),
    Case("A workbook of two sheets", "book.xlsx", 'sheet = "Customers"'),
    Case("JSON lines", "lines.jsonl"),
    Case("Parquet: nullable columns, and integers beyond 2^53", "typed.parquet"),
    Case("A query", "shop.db", 'sql = "SELECT * FROM customers"', "sqlite:///shop.db"),
    Case("An address", "remote.csv", table=f"{ADDRESS}/remote.csv"),
)


def customers() -> pd.DataFrame:
    """Return the table that all files hold, in one form or another."""
    rng = np.random.default_rng(0)
    kind = np.arange(N_ROWS) % 3
    frame = pd.DataFrame({"customer": [f"C{row:03}" for row in range(N_ROWS)]})
    frame["spend"] = (np.array([900.0, 2400.0, 5200.0])[kind] * rng.gamma(30, 1 / 30, N_ROWS)).round(2)
    frame["visits"] = rng.poisson(np.array([4, 11, 19])[kind])
    frame["größe"] = (1.7 + 0.1 * rng.normal(size=N_ROWS)).round(2)
    frame["region"] = np.array(["north", "south", "west"])[rng.integers(0, 3, N_ROWS)]
    frame["since"] = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(rng.integers(0, 700, N_ROWS), unit="D")
    return frame


def contents() -> Mapping[str, bytes]:
    """Return the files but the database, by name."""
    frame = customers()
    iso = frame.assign(since=frame["since"].dt.strftime("%Y-%m-%d"))
    german = iso.assign(since=frame["since"].dt.strftime("%d.%m.%Y"))
    german["spend"] = [f"{value:,.2f}".translate({44: ".", 46: ","}) for value in frame["spend"]]
    german["größe"] = [f"{value:.2f}".replace(".", ",") for value in frame["größe"]]
    notes = iso.assign(note=[f'said "yes, {row}";\nthen left' for row in range(N_ROWS)])
    slashes = iso.assign(since=[f"{day.day % 12 + 1:02}/{day.month:02}/{day.year}" for day in frame["since"]])
    words = iso.astype({"spend": str, "visits": str})
    words.loc[0::20, "spend"], words.loc[0::30, "visits"], words.loc[1::40, "visits"] = "-", "unknown", "-999"
    typed = iso.assign(
        since=frame["since"],
        visits=frame["visits"].mask(frame["visits"] > 22).astype("Int64"),
        account=(2**60 + 7919 * frame["visits"].astype("int64") ** 9 % 10**15).astype("int64[pyarrow]"),
    )
    return {
        "german.csv": german.to_csv(index=False, sep=";").encode("cp1252"),
        "windows.csv": iso.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"),
        "unicode.csv": iso.to_csv(index=False, sep="\t").encode("utf-16"),
        "notes.csv": notes.to_csv(index=False).encode(),
        "names.csv": iso.set_axis(["customer", "amount", "amount", "", "region", "since"], axis=1)
        .to_csv(index=False)
        .encode(),
        "dates.csv": slashes.to_csv(index=False).encode(),
        "words.csv": words.to_csv(index=False).encode(),
        "packed.csv.gz": gzip.compress(iso.to_csv(index=False).encode(), mtime=0),
        "book.xlsx": workbook(frame),
        "lines.jsonl": iso.to_json(orient="records", lines=True, force_ascii=False).encode(),
        "typed.parquet": typed.to_parquet(),
        "remote.csv": iso.to_csv(index=False).encode(),
    }


def workbook(frame: pd.DataFrame) -> bytes:
    """Return an Excel file with a sheet of notes and one of customers."""
    held = io.BytesIO()
    with pd.ExcelWriter(held, engine="xlsxwriter") as book:
        pd.DataFrame({"note": ["exported", "by hand"]}).to_excel(book, sheet_name="Read me", index=False)
        frame.to_excel(book, sheet_name="Customers", index=False)
    return held.getvalue()


def write_files(folder: Path) -> None:
    """Write all files, the database included."""
    for name, content in contents().items():
        (folder / name).write_bytes(content)
    frame = customers()
    with contextlib.closing(sqlite3.connect(folder / "shop.db")) as database:
        frame.assign(since=frame["since"].dt.strftime("%Y-%m-%d")).to_sql("customers", database, index=False)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def beginning(folder: Path, case: Case) -> str:
    """Return the first bytes or lines of a file, as a reader would see them."""
    content = (folder / case.file).read_bytes()[:220]
    if case.file.endswith((".gz", ".xlsx", ".parquet", ".db")):
        return f"{content[:4].hex(' ')} ..."
    encoding = {"german.csv": "cp1252", "unicode.csv": "utf-16", "windows.csv": "utf-8-sig"}.get(case.file, "utf-8")
    text = content.decode(encoding, errors="ignore").replace("\t", "→").replace("\r", "")
    return "\n".join([*text.split("\n")[:3], "..."])


def quoted(arguments: list[str]) -> str:
    """Return arguments as they are typed."""
    return " ".join(f"'{one}'" if " " in one else one for one in arguments)


def section(case: Case, start: str, init: str, toml: str, run: str) -> str:
    """Return the section of a file; `run` is what the run printed."""
    name = "query.toml" if case.table.startswith("sqlite") else f"{case.file.partition('.')[0]}.toml"
    table = toml[toml.index("[[datasets]]") : toml.index("\n\n[variants]")]
    lines = [f"## {case.title}", "", "```", start, "```", "", "```", f"$ clusterbench init {quoted(case.arguments)}"]
    lines += [init.rstrip(), "```", "", "```toml", table, "```", ""]
    if run:
        lines += ["```", f"$ clusterbench run {name} {' '.join(SHORT)}", run.rstrip(), "```", ""]
    return "\n".join(lines)


def told(output: str) -> str:
    """Return what a run says last: how the table was read, and where the page is."""
    pages = [line for line in output.splitlines() if line.startswith("table ") or line.endswith("-part/index.html")]
    return "\n".join(pages)


def call(folder: Path, *arguments: str) -> str:
    """Run the command line in a folder; return what it printed, and fail where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "clusterbench", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Write the page; runs every file."""
    parts = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_files(folder)
        with served(folder) as address:
            for case in CASES:
                actual = [one.replace(ADDRESS, address) for one in case.arguments]
                init = call(folder, "init", *actual).replace(address, ADDRESS)
                path = folder / init.split("wrote    ")[1].split("\n")[0]
                run = call(folder, "run", path.name, *SHORT).replace(address, ADDRESS)
                toml = path.read_text(encoding="utf-8").replace(address, ADDRESS)
                parts.append(section(case, beginning(folder, case), init, toml, told(run)))
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
