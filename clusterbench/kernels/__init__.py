"""Compiled parts of the shipped algorithms, imported where one of them is fitted: compilers load slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterbench.lazy_names import lazy_names

if TYPE_CHECKING:
    from clusterbench.kernels.density_kernels import neighbours_and_reachability
    from clusterbench.kernels.direct_distances import unchecked_distances
    from clusterbench.kernels.distance_matrix import euclidean_distances
    from clusterbench.kernels.greedy_medoids import GreedyMedoids
    from clusterbench.kernels.lloyd_kernels import quick_lloyd
    from clusterbench.kernels.medoid_swaps import swapped_medoids
    from clusterbench.kernels.medoid_update import MedoidUpdate
    from clusterbench.kernels.quick_mixture import QuickMixture
    from clusterbench.kernels.refit_mixture import RefitMixture
    from clusterbench.kernels.ward_merges import ward_tree

_NAMES = {
    "density_kernels": ("neighbours_and_reachability",),
    "direct_distances": ("unchecked_distances",),
    "distance_matrix": ("euclidean_distances",),
    "greedy_medoids": ("GreedyMedoids",),
    "lloyd_kernels": ("quick_lloyd",),
    "medoid_swaps": ("swapped_medoids",),
    "medoid_update": ("MedoidUpdate",),
    "quick_mixture": ("QuickMixture",),
    "refit_mixture": ("RefitMixture",),
    "ward_merges": ("ward_tree",),
}

__all__ = [
    "GreedyMedoids",
    "MedoidUpdate",
    "QuickMixture",
    "RefitMixture",
    "euclidean_distances",
    "neighbours_and_reachability",
    "quick_lloyd",
    "swapped_medoids",
    "unchecked_distances",
    "ward_tree",
]

__getattr__ = lazy_names(__name__, _NAMES)
