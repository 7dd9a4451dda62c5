"""The store of a results folder."""

from clusterbench.store._schema import SCHEMA_VERSION
from clusterbench.store._store import STORE_NAME, Store

__all__ = ["SCHEMA_VERSION", "STORE_NAME", "Store"]
