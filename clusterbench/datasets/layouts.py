"""Column layouts that are known by name: which columns belong together, and their units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CREDIT_CARD_COLUMNS: Final = (
    "BALANCE",
    "BALANCE_FREQUENCY",
    "PURCHASES",
    "ONEOFF_PURCHASES",
    "INSTALLMENTS_PURCHASES",
    "CASH_ADVANCE",
    "PURCHASES_FREQUENCY",
    "ONEOFF_PURCHASES_FREQUENCY",
    "PURCHASES_INSTALLMENTS_FREQUENCY",
    "CASH_ADVANCE_FREQUENCY",
    "CASH_ADVANCE_TRX",
    "PURCHASES_TRX",
    "CREDIT_LIMIT",
    "PAYMENTS",
    "MINIMUM_PAYMENTS",
    "PRC_FULL_PAYMENT",
    "TENURE",
)

CREDIT_CARD_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "monetary": (
        "BALANCE",
        "PURCHASES",
        "ONEOFF_PURCHASES",
        "INSTALLMENTS_PURCHASES",
        "CASH_ADVANCE",
        "CREDIT_LIMIT",
        "PAYMENTS",
        "MINIMUM_PAYMENTS",
    ),
    "counts": ("CASH_ADVANCE_TRX", "PURCHASES_TRX"),
    "frequencies": (
        "BALANCE_FREQUENCY",
        "PURCHASES_FREQUENCY",
        "ONEOFF_PURCHASES_FREQUENCY",
        "PURCHASES_INSTALLMENTS_FREQUENCY",
        "CASH_ADVANCE_FREQUENCY",
        "PRC_FULL_PAYMENT",
    ),
}

CREDIT_CARD_UNITS: Final[dict[str, str]] = {
    **dict.fromkeys(CREDIT_CARD_GROUPS["monetary"], "currency"),
    **dict.fromkeys(CREDIT_CARD_GROUPS["counts"], "transactions"),
    **dict.fromkeys(CREDIT_CARD_GROUPS["frequencies"], "share of months"),
    "TENURE": "months",
}


def known_layout(columns: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return the column groups and units of a known layout, or two empty mappings.

    Parameters
    ----------
    columns : iterable of str
        Column names of a table as it came, before any is dropped.
    """
    if set(CREDIT_CARD_COLUMNS) <= set(columns):
        return dict(CREDIT_CARD_GROUPS), dict(CREDIT_CARD_UNITS)
    return {}, {}
