"""The real credit-card table, `cc-general`: read from a file or downloaded, and always checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.datasets.download import cache_folder, download
from clusterbench.datasets.files import read_bytes
from clusterbench.datasets.layouts import CREDIT_CARD_COLUMNS, read_facts
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

DATA_VARIABLE: Final = "CLUSTERBENCH_DATA"
OPENML_VARIABLE: Final = "CLUSTERBENCH_OPENML"
FILE_NAME: Final = "CC_GENERAL.csv"
FACTS: Final = read_facts("cc_general.toml")


def load_cc_general() -> RawTable:
    """Return the real table.

    It is read from ``CC_GENERAL.csv`` in the folder that ``CLUSTERBENCH_DATA`` names; where that is not set, it is
    downloaded from the address in ``CLUSTERBENCH_OPENML``, else from those of OpenML's data set 43618 in turn.

    Raises
    ------
    RequestError
        If it is missing, cannot be downloaded, or is a near-copy; the message names what differs.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        return _from_file(Path(folder).expanduser() / FILE_NAME)
    declared = os.environ.get(OPENML_VARIABLE)
    return _from_openml([declared] if declared else FACTS["urls"])


def values_sha256(columns: Sequence[ArrayLike]) -> str:
    """Return the SHA-256 of the values of columns, in millionths, whatever the file format.

    All values of the table have at most six decimals, so an integer number of millionths is exact. Each is
    written as little-endian float64, column by column, with one bit pattern for NaN and for zero.
    """
    digest = hashlib.sha256()
    for column in columns:
        with np.errstate(over="ignore"):
            millionths = np.rint(np.asarray(column, dtype=np.float64) * 1e6)
        digest.update(np.where(np.isnan(millionths), np.nan, millionths + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()


def differences(frame: pd.DataFrame) -> list[str]:
    """Return what distinguishes `frame` from the real table; an empty list means that the values are equal."""
    columns = [column for column in CREDIT_CARD_COLUMNS if column in frame.columns]
    absent = [column for column in CREDIT_CARD_COLUMNS if column not in frame.columns]
    extra = [str(column) for column in frame.columns if column not in (*CREDIT_CARD_COLUMNS, "CUST_ID")]
    changed = [text for column in columns for text in _column_differences(column, frame[column])]
    return [
        *([f"columns {', '.join(absent)} are absent"] if absent else ()),
        *([f"columns {', '.join(extra)} are not part of it"] if extra else ()),
        *([f"{len(frame)} rows instead of {FACTS['rows']}"] if len(frame) != FACTS["rows"] else ()),
        *([f"{len(changed)} of {len(CREDIT_CARD_COLUMNS)} columns differ"] if changed else ()),
        *changed,
        *(["CUST_ID: other ids, or another order"] if _other_ids(frame) else ()),
    ]


def _other_ids(frame: pd.DataFrame) -> bool:
    if "CUST_ID" not in frame.columns:
        return False
    return bool(hashlib.sha256("\n".join(map(str, frame["CUST_ID"])).encode()).hexdigest() != FACTS["ids"])


def _column_differences(name: str, column: pd.Series) -> Iterator[str]:
    facts = FACTS["columns"][name]
    if not pd.api.types.is_numeric_dtype(column):
        yield f"{name} is not numeric"
        return
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if values_sha256([values]).startswith(facts["sha256"]):
        return
    counts = {"missing": np.isnan(values).sum(), "zeros": np.sum(values == 0)}
    parts = [f"{count} {what} instead of {facts[what]}" for what, count in counts.items() if count != facts[what]]
    if not np.isclose(mean := column.mean(), facts["mean"], rtol=1e-9):
        parts.append(f"mean {mean:.10g} instead of {facts['mean']:.10g}")
    yield f"{name}: {', '.join(parts) or 'other values or another order, with the same mean'}"


def _refused(where: str, found: Sequence[str], allowed: str) -> RequestError:
    shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
    return RequestError(f"this is not the real table: {shown}", where=where, allowed=allowed)


def _from_file(path: Path) -> RawTable:
    if not path.is_file():
        allowed = f"{DATA_VARIABLE} = a folder that holds {FILE_NAME}, or unset to download it"
        raise RequestError(f"there is no {path}", allowed=allowed)
    content = path.read_bytes()
    frame = read_bytes(content, ".csv", str(path)).frame
    original, with_lf = FACTS["csv"]
    if hashlib.sha256(content).hexdigest() not in (original, with_lf):
        found = differences(frame) or ["the values are equal, but they are written in another way"]
        raise _refused(str(path), found, f"SHA-256 {original} (or {with_lf} with LF line ends)")
    return _table(frame, f"{FILE_NAME}, checked by its SHA-256")


def _from_openml(urls: Sequence[str]) -> RawTable:
    """Try the cache, then the network, for each address in turn."""
    failures = []
    for url in urls:
        file_name = f"cc-general-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        cached = cache_folder() / file_name
        for _ in range(1 + cached.is_file()):
            try:
                return _checked(download(url, file_name, retries=0), url)  # the next address is the retry
            except RequestError as error:
                failures.append(str(error))
                cached.unlink(missing_ok=True)
    raise RequestError(
        f"cc-general could not be obtained: {' | '.join(failures)}",
        allowed=f"set {DATA_VARIABLE} to a folder that holds {FILE_NAME} (Kaggle: arjunbhasin2013/ccdata), "
        "or use 'credit-card'",
    )


def _checked(path: Path, url: str) -> RawTable:
    content = path.read_bytes()
    start = content[:4096].lstrip()
    suffix = ".parquet" if start.startswith(b"PAR1") else ".arff" if start[:1] in (b"@", b"%") else ".csv"
    frame = read_bytes(content, suffix, url).frame
    found = differences(frame)
    if found or values_sha256([frame[column] for column in CREDIT_CARD_COLUMNS]) != FACTS["values"]:
        raise _refused(url, found, "a copy whose values are those of the original")
    return _table(frame, f"OpenML 43618 ({url}), checked by its values")


def _table(frame: pd.DataFrame, source: str) -> RawTable:
    lacking = "CUST_ID" not in frame.columns
    warnings = ("this copy has no CUST_ID: rows are identified by their numbers, from 0",) if lacking else ()
    return RawTable(frame, source, id_column="CUST_ID", warnings=warnings)
