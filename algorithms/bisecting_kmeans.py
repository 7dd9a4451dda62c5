"""Bisecting k-means: the cluster with the largest inertia is split by k-means until there are k (scikit-learn)."""

from clusterbench.plugins import Assignment, Family, sklearn_algorithm

ALGORITHM = sklearn_algorithm(
    "sklearn.cluster:BisectingKMeans",
    name="bisecting_kmeans",
    family=Family.CENTROID,
    summary="k-means with two centroids that splits the cluster of the largest inertia, until there are k",
    reference="Steinbach, Karypis & Kumar 2000",
    defaults={"n_init": 3},
    centred=True,
    assignment=Assignment.PREDICT,
    optimises=("calinski_harabasz",),
)
