"""Estimator objects as algorithms: ``KMeans(n_init=3)`` becomes a plug-in file that worker processes can load."""

import inspect
import json
import pprint
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clusterbench.errors import RequestError

_SET_BY_ENGINE = ("random_state", "n_jobs", "verbose")
_CUT_PARAMETERS = ("eps", "min_cluster_size", "bandwidth", "preference", "threshold")


@dataclass(frozen=True, slots=True)
class EstimatorPlugin:
    """An algorithm plug-in made of an estimator: its name, and the text of its file."""

    name: str
    text: str

    def write(self, folder: Path) -> Path:
        """Write the file; return its path."""
        path = folder / f"{self.name}.py"
        path.write_text(self.text, encoding="utf-8")
        return path


def estimator_plugin(estimator: object, name: str | None = None) -> EstimatorPlugin:
    """Return the plug-in of an estimator of an importable class that follows scikit-learn's conventions.

    Its number of clusters is set by the benchmark's k, and its ``random_state`` by the seeds. An estimator without a
    number of clusters is run with the parameters that it has. The name is, by default, that of the class in lower case.

    Raises
    ------
    RequestError
        If the class cannot be imported, is no clustering estimator, or has a parameter that is no plain value.
    """
    cls = estimator if isinstance(estimator, type) else type(estimator)
    if not hasattr(cls, "get_params") or not (hasattr(cls, "fit_predict") or hasattr(cls, "fit")):
        raise RequestError(
            f"{estimator!r} is neither the name of an algorithm nor an estimator",
            where="algorithms",
            allowed="a name, an estimator such as KMeans(), or (NAME, estimator)",
        )
    if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
        raise RequestError(
            f"class {cls.__name__} is defined in {cls.__module__}, where worker processes cannot import it",
            where="algorithms",
            allowed="a class of a module, or a plug-in file in algorithms/",
        )
    defaults = {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}
    given = {} if isinstance(estimator, type) else _given(estimator, defaults)
    k = next((p for p in ("n_clusters", "n_components", "k") if p in defaults), None)
    label = name or cls.__name__.lower()
    summary = ((cls.__doc__ or "").strip().splitlines() or [cls.__name__])[0]
    declared = {"name": label, "summary": summary, "reference": f"{cls.__module__}.{cls.__name__}"}
    if k is not None:
        given.pop(k, None)
        cut = f"k={k!r}, " if k != "n_clusters" else ""
    else:
        parameter = _cut_parameter(cls, {**defaults, **given})
        cut = f"cuts=(CutRange({parameter!r}, ({given.pop(parameter, defaults[parameter])!r},)),), noise=True, "
    arguments = ", ".join(f"{key}={value!r}" for key, value in declared.items())
    text = (
        f'"""Algorithm {label}: an estimator that was given in Python."""\n\n'
        "from clusterbench.plugins import CutRange, sklearn_algorithm  # noqa: F401\n\n"
        f"ALGORITHM = sklearn_algorithm(\n    {cls.__module__ + ':' + cls.__qualname__!r}, {arguments},\n"
        f"    {cut}defaults={pprint.pformat(given, width=100)},\n)\n"
    )
    return EstimatorPlugin(label, text)


def _given(estimator: object, defaults: Mapping[str, object]) -> dict[str, Any]:
    """Return the parameters that differ from the defaults of the class, as plain values."""
    given = {}
    for name, value in estimator.get_params(deep=False).items():  # type: ignore[attr-defined]
        if name in _SET_BY_ENGINE or value is defaults.get(name) or _equal(value, defaults.get(name)):
            continue
        given[name] = value.item() if isinstance(value, np.generic) else value
        try:
            json.dumps(given[name])
        except (TypeError, ValueError) as error:
            raise RequestError(
                f"{type(estimator).__name__}: {name} = {value!r} is no plain value",
                where="algorithms",
                allowed="numbers, text, lists; else a plug-in file in algorithms/",
            ) from error
    return given


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and bool(np.all(one == other))


def _cut_parameter(cls: type[Any], parameters: Mapping[str, object]) -> str:
    """Return the parameter that serves as the only cut of an estimator without a number of clusters."""
    for name in _CUT_PARAMETERS:
        if isinstance(parameters.get(name), int | float):
            return name
    raise RequestError(
        f"{cls.__name__} has no number of clusters",
        where="algorithms",
        allowed=f"n_clusters or n_components, or a number for one of {', '.join(_CUT_PARAMETERS)}",
    )
