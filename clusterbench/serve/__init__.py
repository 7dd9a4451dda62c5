"""A bundle as a service: a form for one row, and a JSON interface. Needs the extra ``serve``.

Neither scikit-learn nor pandas is imported.
"""

from clusterbench.serve.request_rows import MOST_BYTES, MOST_ROWS
from clusterbench.serve.server import run_server
from clusterbench.serve.service import create_app

__all__ = ["MOST_BYTES", "MOST_ROWS", "create_app", "run_server"]
