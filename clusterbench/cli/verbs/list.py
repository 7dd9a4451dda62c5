"""`clusterbench list`."""


def verb() -> None:
    """List benchmarks, datasets, algorithms, steps and metrics."""
    from clusterbench.cli.inspection import list_everything

    list_everything()
