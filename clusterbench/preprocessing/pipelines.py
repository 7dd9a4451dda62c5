"""From checked steps and a dataset to a scikit-learn pipeline. Imports scikit-learn only when called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError, request_errors
from clusterbench.preprocessing.column_selection import Scope
from clusterbench.preprocessing.step import Step

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build_pipeline(steps: Iterable[Step], dataset: Dataset, *, where: str = "steps") -> Pipeline:
    """Return the unfitted pipeline of `steps` over the columns of `dataset`.

    Parameters
    ----------
    steps : iterable of Step
    dataset : Dataset
        Gives the columns and groups to which `columns` of a step refers; its values are only read to see
        which columns are not negative.
    where : str
        Place in error messages.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes and gives frames; columns keep their names and their order.

    Raises
    ------
    RequestError
        For an unknown column or group, or if no column is left.
    """
    bound = bind_steps(steps, dataset, where=where)
    return assemble([(step_name(step, number), step.transformer()) for number, step in enumerate(bound, start=1)])


def bind_steps(steps: Iterable[Step], dataset: Dataset, *, where: str) -> list[Step]:
    """Resolve the columns of each step at its place in the pipeline."""
    scope, bound = Scope.of(dataset), []
    for number, step in enumerate(steps, start=1):
        with request_errors(step.origin, where=f"{where}: step {number}"):
            bound.append(step.bound(scope))
            scope = bound[-1].scope_after(scope, dataset.n_rows)
            if not scope.present:
                raise RequestError(f"no column is left after {step.describe()}")
    return bound


def step_name(step: Step, number: int) -> str:
    """Return the step's name inside the pipeline."""
    return f"{step.name}-{number}"


def assemble(named: list[tuple[str, Any]]) -> Pipeline:
    """Return a pipeline of named transformers; without any it passes tables through."""
    from sklearn.pipeline import Pipeline

    from clusterbench.preprocessing.transformers import pass_through

    return Pipeline(named or [("identity", pass_through())])
