"""A whole run of a benchmark file, from table to exported CSV, that can be killed and repeated.

``python killable_whole_run.py RESULTS TOML OUT``
"""

import sys
from pathlib import Path

from clusterbench import run
from clusterbench.report import export_csv
from clusterbench.running import Settings


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(results: Path | str, toml: Path | str, out: Path | str) -> None:
    say("begun")
    export_csv(run(toml, results=results, settings=Settings(workers=2)), Path(out))
    say("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
