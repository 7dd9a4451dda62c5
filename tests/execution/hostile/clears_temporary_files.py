"""Tidies up where it keeps its temporary files, and then leaves some that are hard to remove."""

import os
import shutil
import tempfile
from pathlib import Path

from clusterbench.plugins import Algorithm, Family


def build(X, seed):
    place = Path(tempfile.mkdtemp())
    shutil.rmtree(tempfile.gettempdir())

    def cutter(k):
        place.mkdir(parents=True, exist_ok=True)
        (place / "large.tmp").write_bytes(bytes(2**20))
        (place / str(k)).mkdir()
        (place / str(k) / "file").touch()
        os.chmod(place / str(k), 0)
        return X[:, 0].argsort().argsort() * k // len(X)

    return cutter


ALGORITHM = Algorithm("clears_temporary_files", Family.OTHER, __doc__, "none", build, packages={})
