"""Tables: named, from files, the network, databases or memory; checked before anything is computed of them."""

from clusterbench.datasets.column_facts import inspect_dataset
from clusterbench.datasets.column_roles import ColumnRole
from clusterbench.datasets.dataset import CodedColumn, Dataset, KnownClasses, TruthKind
from clusterbench.datasets.dataset_loading import DraftedDataset, draft_dataset, load_dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.files import is_table_file, no_file
from clusterbench.datasets.from_memory import dataset_from, datasets_from
from clusterbench.datasets.labelled_tables import LabelledTable, StoredPartitions, labelled_tables, stored_partitions
from clusterbench.datasets.named_datasets import DatasetSummary, list_datasets

__all__ = [
    "CodedColumn",
    "ColumnRole",
    "Dataset",
    "DatasetSpec",
    "DatasetSummary",
    "DraftedDataset",
    "KnownClasses",
    "LabelledTable",
    "StoredPartitions",
    "TruthKind",
    "dataset_from",
    "datasets_from",
    "draft_dataset",
    "inspect_dataset",
    "is_table_file",
    "labelled_tables",
    "list_datasets",
    "load_dataset",
    "no_file",
    "stored_partitions",
]
