"""Tables: named, from files, from the network, from databases; checked before anything is computed of them."""

from __future__ import annotations

from clusterbench.datasets._dataset import Dataset
from clusterbench.datasets._inspect import inspect_dataset
from clusterbench.datasets._load import load_dataset
from clusterbench.datasets._registry import DatasetSummary, list_datasets
from clusterbench.datasets._spec import DatasetSpec

__all__ = ["Dataset", "DatasetSpec", "DatasetSummary", "inspect_dataset", "list_datasets", "load_dataset"]
