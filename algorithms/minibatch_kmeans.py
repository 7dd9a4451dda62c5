"""Mini-batch k-means: centroids that follow random batches of rows (scikit-learn)."""

from clusterbench.plugins import Assignment, Family, sklearn_algorithm

ALGORITHM = sklearn_algorithm(
    "sklearn.cluster:MiniBatchKMeans",
    name="minibatch_kmeans",
    family=Family.CENTROID,
    summary="k-means by random batches of rows, for tables on which k-means takes long",
    reference="Sculley 2010, doi:10.1145/1772690.1772862",
    defaults={"n_init": 3, "batch_size": 4096},
    centred=True,
    assignment=Assignment.PREDICT,
    optimises=("calinski_harabasz",),
)
