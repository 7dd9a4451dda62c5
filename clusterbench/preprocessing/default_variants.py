"""The variants of a benchmark that declares none."""

from __future__ import annotations

from typing import Any

_IMPUTE: dict[str, Any] = {"step": "impute", "strategy": "median"}

DEFAULT_VARIANTS: dict[str, list[dict[str, Any]]] = {
    "raw": [_IMPUTE],
    "standard": [_IMPUTE, {"step": "standardize"}],
    "minmax": [_IMPUTE, {"step": "minmax"}],
    "log1p": [_IMPUTE, {"step": "log1p"}, {"step": "standardize"}],
    "pca": [_IMPUTE, {"step": "log1p"}, {"step": "standardize"}, {"step": "pca", "n_components": 0.9}],
    "pca2": [_IMPUTE, {"step": "log1p"}, {"step": "minmax"}, {"step": "pca", "n_components": 2}],
}
