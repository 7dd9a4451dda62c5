"""The examples in the ranking room's docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import clusterbench.ranking

MODULES = [f"clusterbench.ranking.{module.name}" for module in pkgutil.iter_modules(clusterbench.ranking.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
