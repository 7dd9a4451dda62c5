"""`clusterbench report`."""

from typing import Annotated, Literal

import typer

from clusterbench.cli.options import REPORTS, RESULTS, BenchmarkName, OpenPage, Reports, Results


def verb(
    benchmark: BenchmarkName = None,
    view: Annotated[
        Literal["pca", "tsne"], typer.Option("--view", help="Plane in which the clusters of an entry are drawn.")
    ] = "pca",
    open_page: OpenPage = False,
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Write the report of a finished run again, from its store alone."""
    from clusterbench.cli.console import name_files, open_in_browser
    from clusterbench.naming import folder_name, path_inside
    from clusterbench.report import build_report, by_tsne, write_index, write_report
    from clusterbench.results import load_stored_run

    done = load_stored_run(results, benchmark)
    folder = path_inside(reports, f"{folder_name(done.name)}/index.html").parent
    shown = by_tsne(done) if view == "tsne" else done
    written = [*write_report(build_report(shown), folder), write_index(reports)]
    name_files(written)
    if open_page:
        open_in_browser(written[0])
