"""The real credit-card table, `cc-general`: read from a file or downloaded, and always checked."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets.download import cached_file, download
from clusterbench.datasets.files import read_bytes
from clusterbench.datasets.named_datasets import CREDIT_CARD_COLUMNS, read_facts
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

DATA_VARIABLE: Final = "CLUSTERBENCH_DATA"
OPENML_VARIABLE: Final = "CLUSTERBENCH_OPENML"
FILE_NAME: Final = "CC_GENERAL.csv"
FACTS: Final = read_facts("cc_general.toml")


def load_cc_general() -> RawTable:
    """Return the real table.

    It is read from ``CC_GENERAL.csv`` in the folder that ``CLUSTERBENCH_DATA`` names; where that is not set, it is
    downloaded from the address in ``CLUSTERBENCH_OPENML``, else from those of OpenML's data set 43618 in turn. A
    near-copy is refused with what differs.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        return _from_file(Path(folder).expanduser() / FILE_NAME)
    declared = os.environ.get(OPENML_VARIABLE)
    return _from_openml([declared] if declared else FACTS["urls"])


def _differences(frame: pd.DataFrame) -> Iterator[str]:
    """Yield what distinguishes `frame` from the real table, nothing if the values are equal."""
    columns = [column for column in CREDIT_CARD_COLUMNS if column in frame.columns]
    absent = [column for column in CREDIT_CARD_COLUMNS if column not in frame.columns]
    extra = [column for column in frame.columns if column not in (*CREDIT_CARD_COLUMNS, "CUST_ID")]
    if absent:
        yield f"columns {', '.join(absent)} are absent"
    if extra:
        yield f"columns {', '.join(extra)} are not part of it"
    if len(frame) != FACTS["rows"]:
        yield f"{len(frame)} rows instead of {FACTS['rows']}"
    changed = [text for column in columns if (text := _column_difference(frame[column]))]
    if changed:
        yield f"{len(changed)} of {len(CREDIT_CARD_COLUMNS)} columns differ"
    yield from changed
    if "CUST_ID" in frame.columns:
        ids = "\n".join(map(str, frame["CUST_ID"]))
        if hashlib.sha256(ids.encode()).hexdigest() != FACTS["ids"]:
            yield "CUST_ID: other ids, or another order"


def _column_difference(column: pd.Series) -> str:
    """Return what distinguishes a column from that of the real table, "" if the values are equal."""
    facts = FACTS["columns"][column.name]
    if not pd.api.types.is_numeric_dtype(column):
        return f"{column.name} is not numeric"
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if _values_sha256(values).startswith(facts["sha256"]):
        return ""
    counts = {"missing": np.isnan(values).sum(), "zeros": np.sum(values == 0)}
    parts = [f"{count} {what} instead of {facts[what]}" for what, count in counts.items() if count != facts[what]]
    if not np.isclose(mean := column.mean(), facts["mean"], rtol=1e-9):
        parts.append(f"mean {mean:.10g} instead of {facts['mean']:.10g}")
    return f"{column.name}: {', '.join(parts) or 'other values or another order, with the same mean'}"


def _values_sha256(values: NDArray[np.float64]) -> str:
    """Return the SHA-256 of a column in integer millionths, which represent all values of the table exactly."""
    millionths = np.rint(values * 1e6)
    millionths = np.where(np.isnan(millionths), np.nan, millionths + 0.0)  # one bit pattern for NaN and for zero
    return hashlib.sha256(millionths.astype("<f8").tobytes()).hexdigest()


def _refused(where: str, found: Sequence[str], allowed: str) -> RequestError:
    shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
    return RequestError(f"this is not the real table: {shown}", where=where, allowed=allowed)


def _from_file(path: Path) -> RawTable:
    if not path.is_file():
        allowed = f"{DATA_VARIABLE} = a folder that holds {FILE_NAME}, or unset to download it"
        raise RequestError(f"there is no {path}", allowed=allowed)
    content = path.read_bytes()
    raw = read_bytes(content, ".csv", f"{FILE_NAME}, checked by its SHA-256")
    original, with_lf = FACTS["csv"]
    if hashlib.sha256(content).hexdigest() not in (original, with_lf):
        found = list(_differences(raw.frame)) or ["the values are equal, but they are written in another way"]
        raise _refused(str(path), found, f"SHA-256 {original} (or {with_lf} with LF line ends)")
    return replace(raw, id_column="CUST_ID")


def _from_openml(urls: Sequence[str]) -> RawTable:
    """Try the cache, then the network, for each address in turn."""
    failures = []
    for url in urls:
        cached = cached_file(url)
        for _ in range(1 + cached.is_file()):
            try:
                return _checked(download(url), url)
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
    raw = read_bytes(content, suffix, url)
    found = list(_differences(raw.frame))
    if found:
        raise _refused(url, found, "a copy whose values are those of the original")
    lacking = "CUST_ID" not in raw.frame.columns
    warnings = ("this copy has no CUST_ID: rows are identified by their numbers, from 0",) if lacking else ()
    return replace(raw, source=f"OpenML 43618 ({url}), checked by its values", id_column="CUST_ID", warnings=warnings)
