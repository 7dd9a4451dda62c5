"""The step that replaces columns by their principal components."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from clusterbench.errors import RequestError
from clusterbench.preprocessing.step import Count, Flag, Step, check_complete


def _count_or_share(value: Any) -> Any:
    # By hand, because 1 is a count and 1.0 is neither a count nor a share.
    count = type(value) is int and value >= 1
    share = isinstance(value, float) and 0.0 < value < 1.0
    if not (value is None or value == "mle" or count or share):
        raise ValueError("neither a count nor a share")
    return value


class Pca(Step):
    """Principal components (`PCA`), called pca0, pca1, ...; the columns that it does not work on come before them.

    Parameters
    ----------
    n_components : int or float or str
        How many components are kept, or the share of variance that they have; by default all.
    whiten : bool
        Whether every component gets variance 1.
    svd_solver : str
        How the components are computed.
    tol : float
        Tolerance of the solver arpack.
    iterated_power : int or str
        Iterations of the solver randomized.
    n_oversamples : int
        Further random vectors of the solver randomized.
    random_state : int
        Seed of the solvers arpack and randomized.
    """

    name = "pca"
    wraps = "sklearn.decomposition:PCA"
    in_title = frozenset({"n_components"})

    n_components: Annotated[
        int | float | Literal["mle"] | None,
        BeforeValidator(_count_or_share),
        Field(description="a count of at least 1, a share of variance between 0 and 1 (both excluded), or 'mle'"),
    ] = None
    whiten: Flag = False
    svd_solver: Literal["auto", "full", "covariance_eigh", "arpack", "randomized"] = "auto"
    tol: Annotated[float, Field(ge=0.0, description="a number of at least 0")] = 0.0
    iterated_power: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0)], Field(description="'auto' or an integer of at least 0")
    ] = "auto"
    n_oversamples: Count = 10
    random_state: Annotated[int, Field(ge=0, le=2**32 - 1, description="an integer from 0 to 4294967295")] = 0

    @model_validator(mode="after")
    def _solvable(self) -> Pca:
        if isinstance(self.n_components, float) and self.svd_solver in ("arpack", "randomized"):
            raise ValueError(f"a share of variance cannot be found by svd_solver = {self.svd_solver!r}, use 'full'")
        if self.n_components == "mle" and self.svd_solver not in ("auto", "full"):
            raise ValueError(f"n_components = 'mle' cannot be found by svd_solver = {self.svd_solver!r}, use 'full'")
        return self

    def check(self, table: pd.DataFrame) -> None:
        check_complete(table, before=self.name)
        n_rows, n_columns = table.shape
        if not n_columns:
            return
        most = min(n_rows, n_columns) - int(self.svd_solver == "arpack")
        shape = f"{n_rows} rows and {n_columns} columns"
        if n_rows < 2:
            raise RequestError(f"pca of {n_rows} row", allowed="at least 2 rows")
        if isinstance(self.n_components, int) and self.n_components > most:
            raise RequestError(f"n_components = {self.n_components} of {shape}", allowed=f"at most {most}")
        if most < 1:
            raise RequestError(f"svd_solver = 'arpack' on {shape}", allowed="at least 2 columns, or 'full'")
        if not isinstance(self.n_components, int) and bool(np.all(np.ptp(table.to_numpy(), axis=0) == 0.0)):
            raise RequestError("pca of constant columns has no variance to share")

    def operations(self, fitted: Any) -> list[dict[str, Any]]:
        weights = fitted.components_.T / (np.sqrt(fitted.explained_variance_) if self.whiten else 1.0)
        return [
            {"op": "affine", "shift": fitted.mean_, "scale": np.ones(len(fitted.mean_))},
            {"op": "matrix", "weights": weights, "bias": np.zeros(len(fitted.components_))},
        ]

    def columns_after(self, columns: tuple[str, ...], n_rows: int) -> tuple[str, ...]:
        most = min(len(columns), n_rows)
        count = min(self.n_components, most) if isinstance(self.n_components, int) else most
        return tuple(f"pca{number}" for number in range(count))

    def count_is_known(self) -> bool:
        return self.n_components is None or isinstance(self.n_components, int)

    def title(self) -> str:
        return "PCA" if self.n_components is None else f"PCA {self.n_components}"
