"""Latent correlations of the archetypes of simulated credit-card customers.

One block per archetype: the upper triangle, in %, of the correlations between the normal scores of the sixteen columns
in the order of the table (PURCHASES, which is a sum, is not among them).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_UPPER: Final = {
    "inactive": """
89 1 5 18 5 24 36 19 21 8 -15 57 86 -45 16
-10 10 0 22 -5 63 12 23 30 -23 33 71 -31 32
1 0 5 34 2 1 -1 3 4 3 -5 -16 -18
0 57 -3 46 1 -1 56 -11 -16 -17 30 -16
-2 5 -2 35 38 2 22 27 5 -21 12
-8 62 -2 0 90 -6 -23 -5 36 -27
-9 6 -3 -39 -17 19 21 -62 -74
-2 6 69 -24 -33 3 -8 -1
91 -1 0 6 13 -9 -6
-1 -10 16 14 -14 12
4 -23 -7 44 5
15 -13 8 18
60 -22 28
-49 25
3
""",
    "transactor": """
44 53 65 0 34 38 -3 0 0 54 20 79 37 6 16
20 37 0 92 23 41 0 0 66 0 7 45 -3 10
-13 0 17 89 -27 0 0 31 14 53 16 10 12
0 36 -26 49 0 0 42 10 63 24 12 19
0 0 0 0 0 0 0 0 0 0 0
19 49 0 0 65 -4 3 32 -3 -1
-39 0 0 28 43 39 32 17 23
0 0 22 -16 -4 9 -6 18
0 0 0 0 0 0 0
0 0 0 0 0 0
24 44 42 -5 46
33 27 3 51
29 15 43
10 71
-9
""",
    "instalment buyer": """
80 0 42 0 13 0 17 0 0 28 -8 49 89 -43 23
0 27 0 39 0 37 0 0 34 -15 11 74 -15 17
0 0 0 0 0 0 0 0 0 0 0 0 0
0 41 0 41 0 0 54 11 68 30 -5 19
0 0 0 0 0 0 0 0 0 0 0
0 96 0 0 71 -14 9 15 0 1
0 0 0 0 0 0 0 0 0
0 0 75 -9 16 23 -5 24
0 0 0 0 0 0 0
0 0 0 0 0 0
7 29 27 -2 35
17 -16 16 35
41 -11 38
-48 39
6
""",
    "one-off buyer": """
78 24 0 0 22 22 0 0 0 26 1 25 87 -33 6
10 0 0 47 46 0 0 0 41 -7 -4 72 4 26
0 0 34 34 0 0 0 41 16 44 9 11 -9
0 0 0 0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0 0 0 0
98 0 0 0 90 8 18 18 39 10
0 0 0 89 9 18 17 39 9
0 0 0 0 0 0 0 0
0 0 0 0 0 0 0
0 0 0 0 0 0
6 24 22 33 15
30 -6 21 16
27 31 34
-26 18
34
""",
    "mixed buyer": """
73 24 7 0 14 16 10 0 0 21 16 29 90 -66 19
17 17 0 50 27 28 0 0 40 -2 9 68 -38 32
6 0 20 70 -7 0 0 43 23 43 13 -1 3
0 51 -5 71 0 0 56 15 39 4 13 10
0 0 0 0 0 0 0 0 0 0 0
37 72 0 0 79 5 27 11 10 8
-7 0 0 55 19 27 6 2 0
0 0 64 1 21 11 3 11
0 0 0 0 0 0 0
0 0 0 0 0 0
14 39 16 4 18
35 2 8 17
24 16 31
-60 28
-6
""",
    "cash-advance user": """
67 0 0 40 0 0 0 40 37 0 68 34 90 -42 21
0 0 -7 0 0 0 34 25 0 24 3 55 -40 52
0 0 0 0 0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0 0 0 0 0
0 0 0 42 54 0 55 53 35 20 -9
0 0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0
85 0 23 21 29 -7 -10
0 27 26 34 1 0
0 0 0 0 0
50 62 -12 20
35 64 36
-40 28
6
""",
    "mixed revolver": """
48 7 8 54 -1 1 3 36 39 10 69 37 84 -59 23
8 10 -2 25 12 18 9 7 21 21 18 41 -30 58
7 4 23 77 -2 3 -3 48 19 26 0 8 10
3 57 -6 67 -9 -8 57 14 28 16 16 18
-10 -5 -10 61 68 -7 51 46 41 -4 -9
25 81 -7 -7 73 0 6 5 5 -5
-10 8 -2 50 13 13 -10 5 -1
-12 -11 56 -1 9 12 4 13
87 0 26 25 22 -11 -15
0 26 28 33 -9 -7
12 24 12 5 25
50 41 -15 31
31 38 42
-53 24
-1
""",
    "one-off revolver": """
63 7 0 51 2 1 0 39 37 2 62 33 88 -47 19
1 0 3 19 18 0 23 15 15 21 8 54 -29 53
0 4 70 71 0 -2 -4 74 17 21 4 11 -2
0 0 0 0 0 0 0 0 0 0 0 0
-3 -3 0 64 71 -7 51 53 44 11 -6
98 0 6 -1 90 7 15 1 17 -3
0 4 -2 91 7 13 1 18 -4
0 0 0 0 0 0 0 0
88 -1 23 29 32 0 -16
-1 24 31 38 1 -4
6 11 4 13 8
47 47 -10 22
32 56 32
-42 30
2
""",
    "high-limit spender": """
43 16 15 39 9 -12 12 25 30 29 44 10 89 -75 1
2 2 -2 73 21 19 2 7 54 11 -2 44 -20 62
-30 -6 -10 62 -25 -9 -9 14 26 47 11 14 3
11 25 -33 63 3 7 30 14 28 18 2 9
-9 -26 5 72 78 3 23 38 39 -8 -13
25 53 6 6 67 12 11 7 5 45
-33 -4 -16 36 17 22 -20 31 7
7 5 38 4 14 12 -7 29
92 9 6 20 21 -9 -12
16 4 25 32 -8 -12
21 30 21 -5 36
23 29 -11 10
11 34 25
-70 10
8
""",
}


@cache
def correlation(archetype: str) -> NDArray[np.float64]:
    """Return the correlation matrix of an archetype, shape (16, 16), positive definite.

    Rounding to whole percents can leave a matrix slightly indefinite: eigenvalues are lifted to 0.001.
    """
    rows = [[float(entry) for entry in line.split()] for line in _UPPER[archetype].strip().splitlines()]
    upper = np.zeros((len(rows) + 1, len(rows) + 1))
    for row, entries in enumerate(rows):
        upper[row, row + 1 :] = entries
    values, vectors = np.linalg.eigh(np.eye(len(upper)) + (upper + upper.T) / 100.0)
    lifted = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    matrix: NDArray[np.float64] = lifted / np.outer(scale, scale)
    return matrix
