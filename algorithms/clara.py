"""CLARA: PAM on sub-samples (scikit-learn-extra, as it is)."""

from clusterbench.plugins import Assignment, Family, sklearn_algorithm

# scikit-learn-extra 0.3.0 returns its last sub-sample's medoids, not its best; kept, so that the leaderboard shows it.
ALGORITHM = sklearn_algorithm(
    "sklearn_extra.cluster:CLARA",
    name="clara",
    family=Family.MEDOID,
    summary="k-medoids of small random sub-samples, for tables too large for all distances",
    reference="Kaufman & Rousseeuw 1990, doi:10.1002/9780470316801.ch3",
    # PAM swaps duplicated rows back and forth until max_iter.
    defaults={"max_iter": 100},
    centred=True,
    assignment=Assignment.PREDICT,
)
