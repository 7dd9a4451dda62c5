"""The store of a results folder."""

from clusterbench.store.checksums import register, seal
from clusterbench.store.cleaning import Unused
from clusterbench.store.schema import SCHEMA_VERSION
from clusterbench.store.store import STORE_NAME, JobFacts, Store

__all__ = [
    "SCHEMA_VERSION",
    "STORE_NAME",
    "JobFacts",
    "Store",
    "Unused",
    "register",
    "seal",
]
