"""What a user sees of an exception: one message and an exit status."""

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from clusterbench.cli import streams
from clusterbench.errors import RequestError

_OPTION = "--traceback"
_PACKAGE = Path(__file__).resolve().parents[1]
_STREAMS = streams.__file__


def traceback_wanted() -> bool:
    """Return whether the caller asks for tracebacks, and take that option from the arguments: any verb accepts it."""
    wanted = _OPTION in sys.argv[1:] or os.environ.get("CLUSTERBENCH_TRACEBACK", "") not in ("", "0")
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != _OPTION]
    return wanted


def report_failure(error: BaseException, *, show_traceback: bool) -> int | str | None:
    """Write the message of an exception to standard error and return the exit status; a defect is raised again."""
    failure = _failure_of(error)
    if failure is None:
        if isinstance(error, SystemExit):
            return error.code
        raise error
    if show_traceback:
        traceback.print_exception(error)
    status, message = failure
    sys.stderr.write(f"clusterbench: {message}\n")
    return status


def _failure_of(error: BaseException) -> tuple[int, str] | None:
    """Return exit status and message of an exception, None for a defect and for an exit that was asked for."""
    causes = list(_causes(error))
    if isinstance(error, RequestError):
        return (2, f"error: {error}")
    if isinstance(error, SystemExit):  # typer turns Ctrl-C into a silent end
        interrupted = len(causes) > 2 and isinstance(causes[2], KeyboardInterrupt)
        return (130, "stopped") if interrupted else None
    if any(isinstance(cause, KeyboardInterrupt) for cause in causes):  # during an import it may become another error
        return (130, "stopped")
    if any(_is_out_of_memory(cause) for cause in causes):
        return (2, "error: out of memory; allow this process more (ulimit -v), or run a smaller benchmark")
    if isinstance(error, ImportError):
        return (2, f"error: a package cannot be loaded: {_first_line(causes[-1])} ({_OPTION} shows where)")
    if isinstance(error, OSError):
        path = f": {error.filename!r}" if error.filename is not None else ""
        what = f"{error.strerror or error}{path}"
        return (2, f"error: the system refused: {what} ({_place(error)}; {_OPTION} shows more)")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and what it arose from; an exception may be its own cause."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__


def _is_out_of_memory(error: BaseException) -> bool:
    texts = ("can't start new thread", "failed to map segment", "cannot allocate memory")
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError | ImportError) and any(text in str(error).lower() for text in texts))
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _place(error: BaseException) -> str:
    """Return the innermost function of this package that an exception passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE) and frame.filename != _STREAMS]
    if not own:
        return "in no function of clusterbench"
    path = Path(own[-1].filename).relative_to(_PACKAGE.parent)
    return f"in {own[-1].name}, {path} line {own[-1].lineno}"
