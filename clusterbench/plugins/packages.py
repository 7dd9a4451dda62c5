"""Which required packages are not installed, found out without importing them."""

import importlib.util
import re
from collections.abc import Mapping


def missing_packages(packages: Mapping[str, str]) -> str | None:
    """Return which of `packages` (import name to PEP 508 requirement) are missing, with the install hint, or None.

    >>> missing_packages({"no_such_package": "no-such==0.3.0; python_version < '3.12'"})
    'needs no-such: pip install no-such==0.3.0 (Python < 3.12)'
    """
    hints = [_hint(requirement) for module, requirement in packages.items() if not is_installed(module)]
    return "; ".join(hints) or None


def is_installed(module: str) -> bool:
    """Whether `module` can be found (it is not imported, only its parent packages are)."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def _hint(requirement: str) -> str:
    pinned, _, marker = (part.strip() for part in requirement.partition(";"))
    bare = re.split(r"[\s<>=!~\[]", pinned, maxsplit=1)[0]
    shown = pinned if not re.search(r"[<>\s\[]", pinned) else f'"{pinned}"'
    condition = re.sub(r"python_version\s*(\S+)\s*['\"]([\d.]+)['\"]", r"Python \1 \2", marker)
    return f"needs {bare}: pip install {shown}" + (f" ({condition})" if condition else "")
