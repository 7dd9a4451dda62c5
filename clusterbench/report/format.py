"""What a format of the report declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clusterbench.report.model import ReportModel


@dataclass(frozen=True, slots=True)
class Format:
    """A format of the report, declared by a file of ``clusterbench/report/formats``.

    Attributes
    ----------
    name : str
    render : callable (ReportModel) -> mapping of str to str
        Texts by the path of their file in the folder of the report.
    files : mapping of str to str
        The files that it always writes, each with what it holds: the page links to them.
    order : int
        Formats with a lower number are written and listed first.
    """

    name: str
    render: Callable[[ReportModel], Mapping[str, str]]
    files: Mapping[str, str]
    order: int = 100
