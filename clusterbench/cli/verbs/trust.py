"""`clusterbench trust`."""

from __future__ import annotations

from clusterbench.cli.options import RESULTS, BenchmarkName, Results


def verb(benchmark: BenchmarkName = None, results: Results = RESULTS) -> None:
    """Say how far the first place of a finished run can be trusted, from tables with known classes."""
    from clusterbench.cli.console import say
    from clusterbench.results import load_stored_run
    from clusterbench.trust import FEATURES, run_trust

    for dataset, (features, estimate) in run_trust(load_stored_run(results, benchmark)).items():
        say(f"{dataset}: {estimate.sentence}")
        for name, value in features.items():
            say(f"  {value:8.3f}  {FEATURES[name]}")
