"""Small helpers of plug-ins: packages and warnings."""

from __future__ import annotations

import importlib.util
import sys
import warnings

import pytest

from clusterbench.plugins import is_installed, load_plugin, missing_packages, recorded_warnings, shipped_place


def test_nothing_is_missing_where_everything_is_installed():
    assert missing_packages({"json": "json", "numpy": "numpy>=1"}) is None


def test_a_wrapped_estimator_of_a_missing_package_resolves_and_is_skipped_with_the_hint(monkeypatch):
    clara = load_plugin(shipped_place() / "clara.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert missing_packages(clara.packages) == (
        "needs scikit-learn-extra: pip install scikit-learn-extra==0.3.0 (Python < 3.12)"
    )
    assert clara.resolve({"n_sampling": 50}) == {"n_sampling": 50}
    assert not clara.is_deterministic({"n_sampling": 50})


def test_looking_for_a_package_imports_only_its_parents(monkeypatch):
    assert not is_installed("no_such_package.inner")
    monkeypatch.setitem(sys.modules, "half_there", None)
    assert not is_installed("half_there")
    assert is_installed("json")


def test_warnings_are_recorded_once_each_and_deprecations_dropped():
    with recorded_warnings() as seen:
        for _ in range(2):
            warnings.warn("did not\n  converge", RuntimeWarning, stacklevel=1)
        warnings.warn("old name", FutureWarning, stacklevel=1)
    assert seen == ["RuntimeWarning: did not converge"]


def test_warnings_are_recorded_of_a_block_that_raises():
    kept: list[list[str]] = []

    def fail():
        with recorded_warnings() as seen:
            kept.append(seen)
            warnings.warn("first", UserWarning, stacklevel=1)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert kept == [["UserWarning: first"]]
