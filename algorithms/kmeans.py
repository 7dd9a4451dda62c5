"""k-means: Lloyd's algorithm from k-means++ starts (scikit-learn)."""

from clusterbench.plugins import Assignment, Family, sklearn_algorithm

ALGORITHM = sklearn_algorithm(
    "sklearn.cluster:KMeans",
    name="kmeans",
    family=Family.CENTROID,
    summary="centroids that minimise the squared distances to them; the best of n_init starts",
    reference="Lloyd 1982, doi:10.1109/TIT.1982.1056489; Arthur & Vassilvitskii 2007",
    defaults={"n_init": 10},
    centred=True,
    assignment=Assignment.PREDICT,
    optimises=("calinski_harabasz",),
)
