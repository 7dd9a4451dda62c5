"""Arguments of algorithms and steps, as `clusterbench list NAME` and the reference show them."""

from __future__ import annotations

import pytest

from clusterbench.plugins import Algorithm, Argument, Family, arguments_of, load_registry
from clusterbench.preprocessing import STEPS, Step

REGISTRY = load_registry()
SHIPPED = {name: plugin for name, (plugin, where) in REGISTRY.algorithms.usable.items() if "algorithms" in where}
UNDESCRIBED = {"clara": ["init"]}  # scikit-learn-extra says nothing about it


@pytest.mark.parametrize("plugin", [*SHIPPED.values(), *STEPS.values()], ids=[*SHIPPED, *STEPS])
def test_every_argument_of_a_shipped_plugin_has_a_meaning(plugin):
    without = [argument.name for argument in arguments_of(plugin) if not argument.meaning]
    assert without == UNDESCRIBED.get(plugin.name, [])


def test_arguments_of_a_wrapped_estimator_have_its_meanings_and_the_declared_defaults():
    (n_init,) = [argument for argument in arguments_of(REGISTRY.algorithms["kmeans"]) if argument.name == "n_init"]
    assert n_init.default == "10"
    assert n_init.meaning.startswith("Number of times the k-means algorithm is run")


def build(X, seed, share, *, names=("a", "b"), level=None):
    """Do nothing.

    Parameters
    ----------
    share, level : float
        A share
        of rows. More of it.
    """


def test_defaults_are_written_as_in_a_benchmark_file():
    own = Algorithm("own", Family.OTHER, build=build, summary="s", reference="r", grid={"level": (1.0, 2.0)})
    assert arguments_of(own) == [
        Argument("share", "required", "A share of rows"),
        Argument("names", '["a", "b"]', ""),
        Argument("level", "[1.0, 2.0]", "A share of rows"),
    ]


class Halve(Step):
    """Divide by a number.

    Parameters
    ----------
    by : float
        The number.
    """

    name = "halve"
    by: float = 2.0


def test_every_step_works_on_columns():
    columns, by = arguments_of(Halve)
    assert (columns.name, columns.default) == ("columns", '["all"]')
    assert by == Argument("by", "2.0", "The number")
