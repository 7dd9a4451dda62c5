"""Spectral clustering (scikit-learn); the time grows with the square of the rows, or faster."""

from clusterbench.plugins import Family, sklearn_algorithm

ALGORITHM = sklearn_algorithm(
    "sklearn.cluster:SpectralClustering",
    name="spectral",
    family=Family.OTHER,
    summary="k-means on the leading eigenvectors of a neighbour graph",
    reference="Ng, Jordan & Weiss 2001; von Luxburg 2007, doi:10.1007/s11222-007-9033-z",
    defaults={"affinity": "nearest_neighbors"},
    max_rows=10_000,
)
