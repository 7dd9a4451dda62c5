"""The command line: one file per verb in `clusterbench.cli.verbs`."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line.

    Exit status: 0 done, 1 some fits failed, nothing was ranked or a comparison found differences, 2 the request was
    wrong or the system refused it, 130 Ctrl-C.
    """
    from clusterbench.cli.failures import report_failure, traceback_wanted
    from clusterbench.cli.streams import tolerant_streams

    show_traceback = traceback_wanted()
    with tolerant_streams():
        try:
            # Imports count too: they may be interrupted, or lack memory.
            from clusterbench.environment import check_system

            check_system()
            from clusterbench.cli.app import build_app

            build_app()()
        except BaseException as error:  # noqa: BLE001  (what is no failure is raised again)
            sys.exit(report_failure(error, show_traceback=show_traceback))
