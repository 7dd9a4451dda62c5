"""Genie (genieclust, AGPL): single linkage kept from unequal sizes by their Gini index."""

from clusterbench.plugins import Family, sklearn_algorithm

ALGORITHM = sklearn_algorithm(
    "genieclust:Genie",
    name="genie",
    family=Family.HIERARCHY,
    summary="single linkage that merges the smallest cluster while sizes are too unequal",
    reference="Gagolewski, Bartoszuk & Cena 2016, doi:10.1016/j.ins.2016.05.003",
    max_rows=50_000,
    packages={"genieclust": "genieclust>=1.1.6,<1.2"},  # extra agpl
)
