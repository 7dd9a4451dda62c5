"""TensorFlow's block products agree with the compiled kernel; nobody imports TensorFlow without asking."""

import subprocess
import sys

import pytest

from clusterbench.errors import RequestError
from clusterbench.scoring import _device, resolve_device

COMPARE = """
import numpy as np
from clusterbench.scoring import resolve_device, score_labelings
rng = np.random.default_rng(0)
X = rng.normal(size=(700, 4))
X[:300] += 2
labelings = [np.digitize(X[:, 0], [0, 1]), rng.integers(-1, 3, 700)]
def values(**options):
    return score_labelings(X, labelings, metrics=["silhouette", "silhouette_macro"], **options)["value"].to_numpy()
expected = values(device="cpu")
for dtype in ("float32", "float64"):
    np.testing.assert_allclose(values(device="tensorflow", dtype=dtype), expected, atol=1e-5)
sampled = dict(exact_rows=100, anchors=80)
np.testing.assert_allclose(values(device="tensorflow", **sampled), values(device="cpu", **sampled), atol=1e-5)
import tensorflow as tf
has_gpu = bool(tf.config.list_physical_devices("GPU"))
assert resolve_device("auto") == ("gpu" if has_gpu else "cpu")
print("compared")
"""


@pytest.mark.slow
def test_block_products_agree_with_the_kernel():
    done = subprocess.run([sys.executable, "-c", COMPARE], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-1] == "compared"


def test_auto_is_the_cpu_where_tensorflow_is_not_at_work(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    assert resolve_device("auto") == "cpu"
    assert "tensorflow" not in sys.modules


def test_a_gpu_must_be_there_to_be_asked_for(monkeypatch):
    monkeypatch.setattr(_device, "_sees_gpu", lambda: False)
    with pytest.raises(RequestError, match="sees no GPU"):
        resolve_device("gpu")
    monkeypatch.setattr(_device, "_sees_gpu", lambda: True)
    assert resolve_device("gpu") == "gpu"
    monkeypatch.setitem(sys.modules, "tensorflow", _device)
    assert resolve_device("auto") == "gpu"
