"""The real credit-card table, `cc-general`: found or downloaded, and always checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.datasets.download import cache_folder, download
from clusterbench.datasets.files import read_bytes, read_file
from clusterbench.datasets.layouts import CREDIT_CARD_COLUMNS
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError

DATA_VARIABLE: Final = "CLUSTERBENCH_DATA"
OPENML_VARIABLE: Final = "CLUSTERBENCH_OPENML"
FILE_NAME: Final = "CC_GENERAL.csv"
OPENML_URLS: Final = (
    "https://www.openml.org/data/download/22102443/dataset",
    "https://data.openml.org/datasets/0004/43618/dataset_43618.pq",
)
# The original, with CRLF line ends, and the same with LF.
CSV_SHA256: Final = (
    "29eea6389837c40fd760c927b5782563edeff55a37824598489716bdb3563be1",
    "ad6a9c388ad2ae32407996d2aaaab8aef31e10b64805106f9e6e06a99405b910",
)
VALUES_SHA256: Final = "402c7bde8ccd8e1cae8986401f0e5e7c5ddae28cbab220b39bc2853d719fc3c7"
IDS_SHA256: Final = "fd61b30b69cf374860e8f3b519442fd151b28807621ec7ea2c92a87ea0894b35"
ROWS: Final = 8950


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of a column: counts of missing values and zeros, mean, and the start of its values' SHA-256."""

    missing: int
    zeros: int
    mean: float
    sha256: str


FACTS: Final[dict[str, ColumnFacts]] = {
    "BALANCE": ColumnFacts(0, 80, 1564.474828, "de05252e1e04"),
    "BALANCE_FREQUENCY": ColumnFacts(0, 80, 0.8772707256, "98bf4f0b7f68"),
    "PURCHASES": ColumnFacts(0, 2044, 1003.204834, "d5ca3a6764cb"),
    "ONEOFF_PURCHASES": ColumnFacts(0, 4302, 592.4373709, "eea06367467c"),
    "INSTALLMENTS_PURCHASES": ColumnFacts(0, 3916, 411.0676447, "6c04c1d8df08"),
    "CASH_ADVANCE": ColumnFacts(0, 4628, 978.8711125, "f2e9ed7d77e3"),
    "PURCHASES_FREQUENCY": ColumnFacts(0, 2043, 0.4903505484, "e020eeb180fd"),
    "ONEOFF_PURCHASES_FREQUENCY": ColumnFacts(0, 4302, 0.2024576836, "54439e6b6939"),
    "PURCHASES_INSTALLMENTS_FREQUENCY": ColumnFacts(0, 3915, 0.3644373416, "55e53d343be0"),
    "CASH_ADVANCE_FREQUENCY": ColumnFacts(0, 4628, 0.1351442003, "1427924e20df"),
    "CASH_ADVANCE_TRX": ColumnFacts(0, 4628, 3.248826816, "17968078b052"),
    "PURCHASES_TRX": ColumnFacts(0, 2044, 14.7098324, "efdb4a54d6c6"),
    "CREDIT_LIMIT": ColumnFacts(1, 0, 4494.44945, "45e9eac79a27"),
    "PAYMENTS": ColumnFacts(0, 240, 1733.143852, "6c9db6df178b"),
    "MINIMUM_PAYMENTS": ColumnFacts(313, 0, 864.2065423, "f3dc4de01229"),
    "PRC_FULL_PAYMENT": ColumnFacts(0, 5903, 0.1537146485, "5d09bc9cee83"),
    "TENURE": ColumnFacts(0, 0, 11.51731844, "6085de754175"),
}


def load_cc_general(*, urls: Sequence[str] | None = None, cache: Path | None = None) -> RawTable:
    """Return the real table.

    It is read from ``CC_GENERAL.csv`` in the folder that ``CLUSTERBENCH_DATA`` names; where that is not set, from
    OpenML, through the cache.

    Parameters
    ----------
    urls : sequence of str, optional
        Addresses tried in turn; by default ``CLUSTERBENCH_OPENML``, else those of OpenML's data set 43618.
    cache : Path, optional
        Folder of downloads; by default that of `cache_folder`.

    Raises
    ------
    RequestError
        If it is not there, cannot be downloaded, or is a near-copy; what differs is named.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        return _from_file(Path(folder).expanduser() / FILE_NAME)
    given = os.environ.get(OPENML_VARIABLE)
    return _from_openml(urls or ((given,) if given else OPENML_URLS), cache or cache_folder())


def values_sha256(columns: Sequence[ArrayLike]) -> str:
    """Return the SHA-256 of the values of columns, in millionths, whatever the file format.

    All values of the table have at most six decimals, so a whole number of millionths is exact. Each is
    written as little-endian float64, column by column, with one bit pattern for NaN and for zero.
    """
    digest = hashlib.sha256()
    for column in columns:
        with np.errstate(over="ignore"):
            millionths = np.rint(np.asarray(column, dtype=np.float64) * 1e6)
        digest.update(np.where(np.isnan(millionths), np.nan, millionths + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()


def differences(frame: pd.DataFrame) -> list[str]:
    """Say what distinguishes `frame` from the real table; an empty list means that the values are equal."""
    present = [column for column in CREDIT_CARD_COLUMNS if column in frame.columns]
    changed = [said for column in present for said in _column_differences(column, frame[column])]
    head = [f"{len(changed)} of {len(CREDIT_CARD_COLUMNS)} columns differ"] if changed else []
    if "CUST_ID" in frame.columns and _ids_sha256(frame["CUST_ID"]) != IDS_SHA256:
        changed.append("CUST_ID: other ids, or another order")
    return [*_shape_differences(frame), *head, *changed]


def _ids_sha256(ids: pd.Series) -> str:
    return hashlib.sha256("\n".join(map(str, ids)).encode()).hexdigest()


def _shape_differences(frame: pd.DataFrame) -> list[str]:
    found = []
    absent = [column for column in CREDIT_CARD_COLUMNS if column not in frame.columns]
    extra = [column for column in frame.columns if column not in (*CREDIT_CARD_COLUMNS, "CUST_ID")]
    if absent:
        found.append(f"columns {', '.join(absent)} are absent")
    if extra:
        found.append(f"columns {', '.join(map(str, extra))} are not part of it")
    if len(frame) != ROWS:
        found.append(f"{len(frame)} rows instead of {ROWS}")
    return found


def _column_differences(name: str, column: pd.Series) -> Iterator[str]:
    facts = FACTS[name]
    if not pd.api.types.is_numeric_dtype(column):
        yield f"{name} is not numeric"
        return
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if values_sha256([values])[: len(facts.sha256)] == facts.sha256:
        return
    missing, zeros, mean = int(np.isnan(values).sum()), int(np.sum(values == 0)), float(column.mean())
    said = []
    if missing != facts.missing:
        said.append(f"{missing} missing instead of {facts.missing}")
    if zeros != facts.zeros:
        said.append(f"{zeros} zeros instead of {facts.zeros}")
    if not np.isclose(mean, facts.mean, rtol=1e-9):
        said.append(f"mean {mean:.10g} instead of {facts.mean:.10g}")
    yield f"{name}: {', '.join(said) or 'other values or another order, with the same mean'}"


def _refused(where: str, found: Sequence[str], allowed: str) -> RequestError:
    shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
    return RequestError(f"this is not the real table: {shown}", where=where, allowed=allowed)


def _from_file(path: Path) -> RawTable:
    if not path.is_file():
        raise RequestError(
            f"there is no {path}", allowed=f"{DATA_VARIABLE} = a folder that holds {FILE_NAME}, or unset to download it"
        )
    frame = read_file(path).frame
    if hashlib.sha256(path.read_bytes()).hexdigest() not in CSV_SHA256:
        found = differences(frame) or ["the values are equal, but they are written in another way"]
        known = f"SHA-256 {CSV_SHA256[0]} (or {CSV_SHA256[1]} with LF line ends)"
        raise _refused(str(path), found, known)
    return _table(frame, f"{FILE_NAME}, checked by its SHA-256")


def _from_openml(urls: Sequence[str], cache: Path) -> RawTable:
    """Try the cache, then the network, for each address in turn."""
    troubles = []
    for url in urls:
        file_name = f"cc-general-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        for cached in (True, False):
            if cached and not (cache / file_name).is_file():
                continue
            try:
                # The next address is the retry.
                return _checked(download(url, file_name, cache=cache, retries=0), url)
            except RequestError as error:
                troubles.append(str(error))
                (cache / file_name).unlink(missing_ok=True)
    raise RequestError(
        f"cc-general could not be had: {' | '.join(troubles)}",
        allowed=f"set {DATA_VARIABLE} to a folder that holds {FILE_NAME} (Kaggle: arjunbhasin2013/ccdata), "
        "or use 'credit-card'",
    )


def _checked(path: Path, url: str) -> RawTable:
    content = path.read_bytes()
    start = content[:4096].lstrip()
    suffix = ".parquet" if start.startswith(b"PAR1") else ".arff" if start[:1] in (b"@", b"%") else ".csv"
    frame = read_bytes(content, suffix, url).frame
    found = differences(frame)
    if found or values_sha256([frame[column] for column in CREDIT_CARD_COLUMNS]) != VALUES_SHA256:
        raise _refused(url, found, "a copy whose values are those of the original")
    return _table(frame, f"OpenML 43618 ({url}), checked by its values")


def _table(frame: pd.DataFrame, source: str) -> RawTable:
    lacking = "CUST_ID" not in frame.columns
    warnings = ("this copy has no CUST_ID: rows are known by their number, from 0",) if lacking else ()
    return RawTable(frame, source, id_column="CUST_ID", warnings=warnings)
