"""TensorFlow's block products agree with the compiled kernel; nobody imports TensorFlow without asking."""

import subprocess
import sys

import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import device as _device
from clusterbench.metrics import device_name, resolve_device

COMPARE = """
import numpy as np
from clusterbench.metrics import device_name, resolve_device, score_labelings
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

# Two clumps far tighter than the table, each split in two: products of coordinates would lose all digits.
clumps = rng.normal(size=(1000, 3)) * 1e-8 + np.repeat([[1.0], [-1.0]], 500, axis=0)
halves = (clumps[:, 0] > np.repeat([1, -1], 500)) + np.repeat([0, 2], 500)
lattice = np.round(rng.normal(size=(1000, 3))) / 3 + 0.1
for X, labelings in ((clumps, [halves]), (lattice, [np.arange(1000) % 3])):
    for dtype in ("auto", "float32"):
        np.testing.assert_allclose(values(device="tensorflow", dtype=dtype), values(device="cpu"), rtol=1e-5, atol=1e-7)
import resource
import tensorflow as tf
X, labelings = rng.normal(size=(20_000, 3)), [rng.integers(0, 10, 20_000) for _ in range(100)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
values(device="tensorflow", memory_mb=64, exact_rows=1000, anchors=64)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
assert grown < 96, grown  # all memberships have 160 MB, one product of 16,384 points several times 40
has_gpu = bool(tf.config.list_physical_devices("GPU"))
assert resolve_device("auto") == ("gpu" if has_gpu else "cpu")
assert device_name("auto").startswith("tensorflow GPU: " if has_gpu else "cpu")
assert device_name("tensorflow").startswith("tensorflow GPU: " if has_gpu else "tensorflow CPU")
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
    assert device_name() == device_name("cpu") == "cpu"
    assert "tensorflow" not in sys.modules


def test_a_gpu_must_be_there_to_be_asked_for(monkeypatch):
    monkeypatch.setattr(_device, "_sees_gpu", lambda: False)
    with pytest.raises(RequestError, match="sees no GPU"):
        resolve_device("gpu")
    monkeypatch.setattr(_device, "_sees_gpu", lambda: True)
    assert resolve_device("gpu") == "gpu"
    monkeypatch.setitem(sys.modules, "tensorflow", _device)
    assert resolve_device("auto") == "gpu"


def test_a_gpu_is_named_as_a_record_of_a_run_would(monkeypatch):
    from types import SimpleNamespace

    details = {"device_name": "Abacus 9000", "compute_capability": (9, 0)}
    config = SimpleNamespace(
        list_physical_devices=lambda kind: [SimpleNamespace(name="/physical_device:GPU:0")],
        experimental=SimpleNamespace(get_device_details=lambda device: details),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))
    assert device_name("auto") == device_name("gpu") == "tensorflow GPU: Abacus 9000"
    details.clear()
    assert device_name("auto") == "tensorflow GPU: /physical_device:GPU:0"
