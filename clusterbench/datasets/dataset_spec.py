"""One `[[datasets]]` table of a benchmark file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from clusterbench.credentials import mask_credentials
from clusterbench.datasets.column_roles import ColumnRole
from clusterbench.datasets.dataset import TruthKind
from clusterbench.datasets.download import MAX_MB, MAX_SECONDS
from clusterbench.datasets.named_datasets import registered

MAX_ROWS: Final = 1_000_000
_SOURCES: Final = ("use", "path", "url", "sql", "memory")
_SOURCES_OF: Final[dict[str, tuple[str, ...]]] = {
    "sha256": ("path", "url"),
    **dict.fromkeys(("header", "separator", "decimal", "thousands", "encoding", "sheet"), ("path", "url")),
    "max_rows": ("sql",),
    "max_seconds": ("url", "sql"),
    "max_mb": ("url",),
}
Name = Annotated[str, Field(min_length=1)]
ColumnNames = Annotated[tuple[Name, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)]

Words = Annotated[
    tuple[Annotated[Name, BeforeValidator(lambda given: str(given) if type(given) in (int, float) else given)], ...],
    BeforeValidator(lambda given: given if isinstance(given, list | tuple) else (given,)),
]


class DatasetSpec(BaseModel):
    """Which table is taken, and what of it; exactly one of `use`, `path`, `url`, `sql` and `memory`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    use: Name | None = None
    """name of a built-in table; `clusterbench list` names them"""
    path: Name | None = None
    """a file: CSV, Excel, Parquet, JSON lines, an array, also compressed"""
    url: Name | None = None
    """an http(s) address of such a file"""
    sql: Name | None = None
    """a SELECT statement, with `database`"""
    memory: Name | None = None
    """in a benchmark made in Python: name of a table given there"""
    database: Name | None = None
    """SQLAlchemy address of the database, with `sql`"""
    name: Name | None = None
    """name in results; by default the registered name or the stem of the file"""
    rows: Literal["all", "complete"] = "all"
    """complete: only rows with no missing value in any column of the source, dropped columns too"""
    drop: tuple[Name, ...] = ()
    """columns to leave out; a dropped `..._id` column gives the row ids"""
    keep: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """the only columns to take; not beside `drop`"""
    id: Name | None = None
    """column of unique row ids; it is no feature"""
    truth: ColumnNames = ()
    """column or columns of known classes; none is a feature"""
    truth_kind: TruthKind | None = None
    """where the known classes come from"""
    truth_noise: Name | int | None = None
    """class of the rows that have none; 0 in the label files of a `.data` file"""
    roles: dict[Name, ColumnRole] = Field(default_factory=dict)
    """roles of columns, where they are not those detected"""
    drop_text: bool = False
    """leave out every column of text"""
    missing: Words = ()
    """words for missing values, beside those usual in text files; not of ids"""
    day_first: bool | None = None
    """whether 03/04/2025 is 3 April, where the dates do not decide it"""
    groups: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    """named groups of columns, which steps can name"""
    header: bool | None = None
    """whether the first line of a text file holds the column names; false: columns are x1, x2, ..."""
    separator: Annotated[str, Field(pattern=r"^[^\w\s\"'.+-]$|^\t$|^ $")] | None = None
    """of a text file, where it is not found out: see [tables](../tables.md)"""
    decimal: Literal[".", ","] | None = None
    """decimal sign of a text file"""
    thousands: Literal[".", ",", " ", "'"] | None = None
    """sign between thousands in a text file"""
    encoding: Name | None = None
    """encoding of a text file"""
    sheet: Name | None = None
    """sheet of an Excel file that has several"""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of the file; it is verified"""
    max_rows: int = Field(default=MAX_ROWS, gt=0)
    """most rows of a query"""
    max_seconds: float = Field(default=MAX_SECONDS, gt=0)
    """most seconds of a query or a download"""
    max_mb: float = Field(default=MAX_MB, gt=0)
    """most MB of a download, also when it is unpacked"""
    seed: int = Field(default=0, ge=0)
    """seed of a simulated table"""
    n_rows: int | None = Field(default=None, ge=2)
    """rows of a simulated table; by default those of the real one"""

    @model_validator(mode="before")
    @classmethod
    def _roles_without_features(cls, given: Any) -> Any:
        """Turn the roles id, class and text into the keys `id`, `truth` and `drop`."""
        if not (isinstance(given, dict) and isinstance(roles := given.get("roles"), dict)):
            return given
        of = {role: tuple(name for name, one in roles.items() if one == role) for role in ColumnRole}
        rest = {name: one for name, one in roles.items() if one not in ("id", "class", "text")}
        ids, dropped = of[ColumnRole.ID], of[ColumnRole.TEXT]
        if ids and given.get("id") is None:
            given, ids = {**given, "id": ids[0]}, ids[1:]
        changed = {**given, "roles": rest}
        for key, names in (("truth", of[ColumnRole.CLASS]), ("drop", (*ids, *dropped))):
            if names and not (key == "drop" and given.get("keep")):
                listed = given.get(key, ())
                changed[key] = (*((listed,) if isinstance(listed, str) else listed), *names)
        return changed

    @model_validator(mode="after")
    def _consistent(self) -> DatasetSpec:
        if (self.sql is None) != (self.database is None):
            raise ValueError('sql and database go together: sql = "SELECT ..."')
        given = [source for source in _SOURCES if getattr(self, source) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of use, path, url, sql is needed, got {', '.join(given) or 'none'}")
        if self.sql is not None and not self.sql.strip().upper().startswith(("SELECT", "WITH")):
            raise ValueError("sql must be one statement that begins with SELECT or WITH")
        if self.url is not None and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError(f"url = {mask_credentials(self.url)!r} is not an http or https address")
        for address in filter(None, (self.url, self.database)):
            if re.search(r"[\s\"'<>]", address.rpartition("@")[0]):
                raise ValueError("user name and password of an address must be percent-encoded")
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are the same sign {self.decimal!r}")
        if self.drop and self.keep is not None:
            raise ValueError("drop and keep exclude each other")
        if self.id is not None and self.id in self.truth:
            raise ValueError(f"id and truth name the same column {self.id!r}")
        for key, sources in _SOURCES_OF.items():
            if key in self.model_fields_set and given[0] not in sources:
                raise ValueError(f"{key} goes with {' or '.join(sources)} only")
        simulated = self.use is not None and registered(self.use).simulated
        for key in ("seed", "n_rows"):
            if key in self.model_fields_set and not simulated:
                raise ValueError(f"{key} is for simulated datasets only")
        return self

    @property
    def stable_name(self) -> str:
        """Name of the dataset in results."""
        if self.path is not None:
            file = PureWindowsPath(self.path).name
        else:
            file = PurePosixPath(urlsplit(self.url or "").path).name
        stem = re.sub(r"\.(gz|bz2|xz|zip)$", "", file)
        stem = re.sub(r"(?<=.)\.[^.]*$", "", stem) if stem == file or "." in stem else stem
        host = urlsplit(self.url or "").netloc.rpartition("@")[2]
        return self.name or self.use or self.memory or stem or host or "query"

    @property
    def id_columns(self) -> tuple[str, ...]:
        """Columns that may give the row ids: `id`, else, in a source without an index, the dropped ``..._id`` ones."""
        if self.id is not None or self.memory is not None:
            return () if self.id is None else (self.id,)
        return tuple(column for column in self.drop if f"_{column.lower()}".endswith("_id"))
