"""Names that several packages write and read: canonical JSON, and the cut of a build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from clusterbench.errors import RequestError


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys: equal settings have equal texts.

    Examples
    --------
    >>> canonical_json({"n_init": 1, "init": "random"})
    '{"init": "random", "n_init": 1}'
    """
    return json.dumps(value, sort_keys=True, separators=(", ", ": "), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Cut:
    """One argument and value at which a build is cut, such as k = 5, eps = 0.3 or min_cluster_size = 20.

    Attributes
    ----------
    name : str
    value : int, float or str

    Examples
    --------
    >>> Cut("k", 5).text
    '{"k": 5}'
    >>> Cut.parse('{"eps": 0.3}')
    Cut(name='eps', value=0.3)
    """

    name: str
    value: Any

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Return the cut that `text`, a JSON object with one key, stands for.

        Raises
        ------
        RequestError
            If it is none.
        """
        try:
            [(name, value)] = json.loads(text).items()
        except (ValueError, TypeError, AttributeError) as error:
            allowed = 'a JSON object with one key, such as {"k": 5}'
            raise RequestError(f"{text!r} is not a cut", allowed=allowed) from error
        return cls(name, value)

    @property
    def text(self) -> str:
        """The canonical JSON that is stored and exported."""
        return canonical_json(self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword argument of the cutter."""
        return {self.name: self.value}

    @property
    def k(self) -> int | None:
        """The number of clusters asked for, or None where another argument is cut by."""
        return int(self.value) if self.name == "k" else None
