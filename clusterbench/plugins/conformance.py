"""Conformance: whether a plug-in does what it declares, found out by running it on small tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.labeling import Floats
from clusterbench.metrics import Metric
from clusterbench.plugins.algorithm import Algorithm
from clusterbench.plugins.algorithm_checks import AlgorithmChecks
from clusterbench.plugins.check_suite import Check, Verdict
from clusterbench.plugins.metric_checks import MetricChecks
from clusterbench.plugins.plugin_loading import KINDS, import_faults, load, run_plugin
from clusterbench.plugins.process_state import kept_generators, kept_state
from clusterbench.plugins.step_checks import StepChecks
from clusterbench.preprocessing import Step

EXPECTED_FAILURES = "EXPECTED_FAILURES"
AnySuite = AlgorithmChecks | MetricChecks | StepChecks


@dataclass(frozen=True, slots=True)
class Conformance:
    """The checks of one plug-in."""

    plugin: str
    kind: str  # algorithm, metric or step
    source: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed unexpectedly."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> str:
        """Return the verdict as a JSON document."""
        checks = [{**asdict(check), "seconds": round(check.seconds, 3)} for check in self.checks]
        facts = {"plugin": self.plugin, "kind": self.kind, "source": self.source, "conforms": self.ok}
        return json.dumps({**facts, "checks": checks}, indent=2, ensure_ascii=False)


def check_plugin(
    plugin: Algorithm | Metric | type[Step] | Path | str, *, expected_failures: Mapping[str, str] | None = None
) -> Conformance:
    """Check that an algorithm, a metric or a step does what it declares.

    Parameters
    ----------
    plugin : Algorithm, Metric, subclass of Step, or Path or str
        A file, or ``"entry point module:ATTRIBUTE"``, is loaded; its import is tried in another process first.
    expected_failures : mapping of str to str, optional
        Names of checks that are known to fail, and why. One that passes all the same fails: the list is to be true.
        Default: the variable ``EXPECTED_FAILURES`` of a file, else none.

    Raises
    ------
    RequestError
        If there is no plug-in, or no check of an expected name.
    """
    is_place = isinstance(plugin, Path | str)
    loaded: Any
    loaded, declared = _loaded(str(plugin)) if is_place else (plugin, {})
    suite = _suite_type(loaded)(loaded)
    checks = tuple(suite.run(declared if expected_failures is None else expected_failures))
    source = str(plugin) if is_place else getattr(loaded, "source", "")
    return Conformance(loaded.name, suite.kind, source, checks)


def _loaded(where: str) -> tuple[Any, Mapping[str, str]]:
    for fault in import_faults([where]).values():
        raise RequestError(fault, where=where)
    with kept_state(), kept_generators():
        variables = [(kind, run_plugin(where, kind.word.upper())) for kind in KINDS]
        for kind, value in variables:
            if value is not None:
                return load(where, kind), run_plugin(where, EXPECTED_FAILURES) or {}
    raise RequestError("holds no plug-in", where=where, allowed=", ".join(kind.form for kind in KINDS))


def _suite_type(plugin: Any) -> type[AnySuite]:
    """Return the class of the checks of a plug-in; RequestError if it is none."""
    if isinstance(plugin, Algorithm):
        return AlgorithmChecks
    if isinstance(plugin, Metric):
        return MetricChecks
    if isinstance(plugin, type) and issubclass(plugin, Step):
        return StepChecks
    raise RequestError(f"{plugin!r} is no plug-in", allowed="an Algorithm, a Metric, a subclass of Step, or a file")


def check_algorithm(
    algorithm: Algorithm, *, X: Floats | None = None, expected_failures: Mapping[str, str] | None = None
) -> list[Check]:
    """Check that `algorithm`, in the first setting of its grid, works and does what it declares.

    It is cut at the declared defaults, or at k = 5, 3, 2, on `X`, shape (n, d), with at least 10 different rows; by
    default on `small_table`, where exactly k clusters are expected. See `check_plugin`.
    """
    return list(AlgorithmChecks(algorithm, X).run(expected_failures or {}))


def parametrize_checks(
    plugin: Algorithm | Metric | type[Step] | Path | str, *, expected_failures: Mapping[str, str] | None = None
) -> Any:
    """Return a pytest mark that gives a test one item per check of a plug-in; see `check_plugin`.

    The checks run when the first of them is asked for, not when tests are collected. A check that does not concern the
    plug-in is skipped, and one that is expected to fail is an expected failure.

    Examples
    --------
    In a test file of a package::

        from clusterbench.plugins import parametrize_checks
        from my_package import ALGORITHM

        @parametrize_checks(ALGORITHM, expected_failures={"k_honoured": "merges empty clusters"})
        def test_it_conforms(check):
            check()
    """
    import pytest

    kind = plugin if not isinstance(plugin, Path | str) else _loaded(str(plugin))[0]
    run = cache(partial(check_plugin, plugin, expected_failures=expected_failures))
    names = list(_suite_type(kind).titles())
    return pytest.mark.parametrize("check", [partial(_require, run, name) for name in names], ids=names)


def _require(run: Callable[[], Conformance], name: str) -> None:
    import pytest

    check = next(check for check in run().checks if check.name == name)
    text = f"{check.title}: {check.detail}"
    if check.verdict is Verdict.EXPECTED:
        pytest.xfail(text)
    if check.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_RUN):
        pytest.skip(text)
    if check.verdict is Verdict.FAILED:
        pytest.fail(text, pytrace=False)
