"""Tables: named, from files, from the network, from databases; checked before anything is computed of them."""

from __future__ import annotations

from clusterbench.datasets.column_facts import inspect_dataset
from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.loading import load_dataset
from clusterbench.datasets.named_datasets import DatasetSummary, list_datasets

__all__ = ["Dataset", "DatasetSpec", "DatasetSummary", "inspect_dataset", "list_datasets", "load_dataset"]
