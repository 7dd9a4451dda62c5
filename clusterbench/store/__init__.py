"""The store of a results folder."""

from clusterbench.store.schema import SCHEMA_VERSION
from clusterbench.store.store import STORE_NAME, Store

__all__ = ["SCHEMA_VERSION", "STORE_NAME", "Store"]
