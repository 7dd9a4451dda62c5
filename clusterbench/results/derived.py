"""Derived frames of a run, read back from its store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from clusterbench.store import Store


def collect(store: Store, keys: Mapping[str, str], names: tuple[str, ...]) -> pd.DataFrame | None:
    """Join the derived frames of a run, the parts of their names as columns."""
    frames = []
    for name, key in keys.items():
        frame = store.frame(key)
        if frame is not None:
            frames.append(frame.assign(**dict(zip(names, json.loads(name), strict=True))))
    return pd.concat(frames, ignore_index=True) if frames else None


def baselines_of(store: Store, plan: Mapping[str, Any], keys: Mapping[str, str]) -> pd.DataFrame | None:
    """Return the scores of random partitions: None where a run is not calibrated, no rows where nothing could be."""
    if plan["ranking"]["random_partitions"] == 0:
        return None
    found = collect(store, keys, ("dataset", "space", "k"))
    columns = {
        "dataset": str,
        "space": str,
        "k": int,
        "generator": str,
        "replicate": int,
        "metric": str,
        "value": float,
    }
    return found if found is not None else pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
