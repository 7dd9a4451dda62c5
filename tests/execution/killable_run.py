"""A run that can be killed and repeated: open cells of some jobs go through execution into a store.

``python killable_run.py RESULTS SPACE PLUGIN JOBS WORKERS`` prints a line for each cell that is stored.
"""

import hashlib
import json
import sys
from pathlib import Path

from clusterbench.execution import CutDone, Limits, Task, TaskDone, execute
from clusterbench.store import JobFacts, Store


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(results: str, space: str, plugin: str, jobs: int, workers: int) -> None:
    cuts = tuple(json.dumps({"k": k}) for k in range(2, 7))
    keys = [hashlib.sha256(f"job {number}".encode()).hexdigest() for number in range(jobs)]
    with Store.writer(Path(results)) as store:
        finished = store.finished_cells(keys)
        open_cuts = {key: [cut for cut in cuts if cut not in finished.get(key, {})] for key in keys}
        tasks = [
            Task(key, plugin, "{}", seed, tuple(open_cuts[key]), space)
            for seed, key in enumerate(keys)
            if open_cuts[key]
        ]
        say("begun")
        for event in execute(tasks, workers=workers, limits=Limits(seconds=60)):
            if isinstance(event, CutDone):
                store.put_cell(event)
                open_cuts[event.key].remove(event.cut)
                say(f"{event.key}\t{event.cut}")
            elif isinstance(event, TaskDone):
                store.put_job(event, JobFacts("s", "a", 1, "{}", 0, 300, 1, 0.0, "{}"), open_cuts[event.key])
    say("done")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
