"""`clusterbench status`."""

from clusterbench.cli.options import RESULTS, Results


def verb(results: Results = RESULTS) -> None:
    """Print the number of cells of each benchmark in the store, by status."""
    from clusterbench.cli.console import say
    from clusterbench.results import store_status
    from clusterbench.store import Store

    with Store.reader(results) as store:
        for name, counts in store_status(store).items():
            say(f"{name}: {', '.join(f'{count} {state}' for state, count in counts.items())}")
