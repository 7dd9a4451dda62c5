"""The one exception for wrong requests, and the wording of its help."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from clusterbench.credentials import mask_credentials


class RequestError(ValueError):
    """The request was wrong: a file, key, name or table that cannot be used.

    `what` is wrong, with the culprit and the given value; `where` it is, a file, key or line; and the valid form,
    `allowed`. The command line prints it as one message and exits with status 2. Credentials of addresses are masked.

    >>> print(RequestError("k = 1 has nothing to compare", where="wine.toml: k", allowed="k >= 2"))
    wine.toml: k: k = 1 has nothing to compare (allowed: k >= 2)
    """

    def __init__(self, what: str, *, where: str | None = None, allowed: str | None = None) -> None:
        self.what, self.where, self.allowed = mask_credentials(what), where, allowed
        head = f"{where}: " if where else ""
        tail = f" (allowed: {allowed})" if allowed else ""
        super().__init__(mask_credentials(f"{head}{what}{tail}"))

    def within(self, outer: str) -> RequestError:
        """Return the same error, located inside `outer`."""
        where = f"{outer}: {self.where}" if self.where else outer
        return RequestError(self.what, where=where, allowed=self.allowed)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the nearest spelling, or ""."""
    folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return f", did you mean {folded[near[0]]!r}?" if near else ""


def unknown(kind: str, word: str, choices: Iterable[str], *, where: str | None = None) -> RequestError:
    """Return the error for a name that is not among `choices`, with the nearest spelling."""
    known = sorted(choices)
    return RequestError(
        f"unknown {kind} {word!r}{did_you_mean(word, known)}", where=where, allowed=", ".join(known) or "none"
    )


@contextmanager
def request_errors(what: str, *, where: str | None = None) -> Iterator[None]:
    """Turn whatever a plug-in's code raises into a RequestError that says what was called.

    A RequestError passes, located inside `where`. Ctrl-C is not caught.
    """
    try:
        yield
    except RequestError as error:
        if where is None:
            raise
        raise error.within(where) from error
    except (Exception, SystemExit) as error:
        raise RequestError(f"{what}: {type(error).__name__}: {error}", where=where) from error
