"""Tasks, their limits and the events of their execution; all of them can be pickled."""

from dataclasses import dataclass

from clusterbench.errors import RequestError
from clusterbench.seeding import RowSample
from clusterbench.task_outcomes import CutDone, TaskDone

DEFAULT_SECONDS = 3600.0
"""Time limit of a fit job where none is given."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fit job may use in a worker; infinity is no limit."""

    seconds: float | None = None  # from the end of imports and warm-up, for all its cuts; None is `DEFAULT_SECONDS`
    memory_mb: float | None = None  # resident, of the worker and all processes that it started; None is no limit
    start_seconds: float = 120.0  # for the start of a worker, imports and warm-up, besides `seconds`

    def __post_init__(self) -> None:
        for name, limit in (("seconds", self.seconds), ("memory_mb", self.memory_mb)):
            if limit is not None and not limit > 0.0:
                allowed = "a number above 0, or inf for no limit"
                raise RequestError(f"a limit of {limit:g}", where=f"limits.{name}", allowed=allowed)


@dataclass(frozen=True, slots=True)
class Task:
    """A fit job for a worker; `params` and `cuts` are canonical JSON."""

    key: str  # of the job in the store
    plugin: str  # where it is: a file path or an entry point
    params: str
    seed: int
    cuts: tuple[str, ...]
    space_path: str  # a ``.npy`` file with the float64 space (n, d), memory-mapped read-only
    sample: RowSample | None = None  # of the rows that are fitted; None is all
    needs_worker: bool = False  # even where other tasks are executed in the process of the run: TensorFlow's
    packages: tuple[str, ...] = ()  # that the plug-in imports
    is_refit: bool = False  # whether the plug-in's `refit` fits it, not its `build`


@dataclass(frozen=True, slots=True)
class Started:
    """Imports and warm-up are over; the clock of the job runs."""

    key: str


@dataclass(frozen=True, slots=True)
class CutStarted:
    """The worker begins this cut."""

    key: str
    cut: str


Event = Started | CutStarted | CutDone | TaskDone
