"""Work with a time limit that Ctrl-C and SIGTERM interrupt, also while a driver waits in C."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from clusterbench.errors import RequestError

T = TypeVar("T")


def run_limited(
    work: Callable[[threading.Event], T], *, max_seconds: float, cancel: Callable[[], None] = lambda: None
) -> T:
    """Return the result of `work`, which runs in a thread while the calling thread stays open to signals.

    Parameters
    ----------
    work : callable
        Gets an event that is set when its result is not wanted any more.
    max_seconds : float
    cancel : callable
        Called, possibly several times, to end the work early.

    Raises
    ------
    RequestError
        If `work` takes longer; the thread is left to itself when it does not end within 2 seconds.
    """
    unwanted = threading.Event()
    future: Future[T] = Future()

    def perform() -> None:
        try:
            future.set_result(work(unwanted))
        except BaseException as error:  # noqa: BLE001 - raised in the calling thread
            future.set_exception(error)

    thread = threading.Thread(target=perform, daemon=True)
    thread.start()
    try:
        return future.result(max_seconds)
    except TimeoutError:
        if future.done():
            raise
        raise RequestError(f"not finished after {max_seconds:g} s", allowed="a larger max_seconds") from None
    finally:
        unwanted.set()
        for _ in range(20):
            if not thread.is_alive():
                break
            cancel()
            thread.join(0.1)
