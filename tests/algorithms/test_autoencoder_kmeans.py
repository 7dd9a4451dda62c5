"""The autoencoder, in a process of its own: TensorFlow is never imported into the tests' process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clusterbench.plugins import missing_packages

SCRIPT = """
import dataclasses, json, sys
import numpy as np
from clusterbench.plugins import as_partition, check_algorithm, keras_seed, load_plugin, shipped_place
from clusterbench.plugins import quiet_tensorflow

found = {}
algorithm = load_plugin(shipped_place() / "autoencoder_kmeans.py")
found["imported_early"] = "tensorflow" in sys.modules
algorithm.warm_up()
brief = dataclasses.replace(algorithm, grid={"epochs": (1,), "layers": ([8],)})
found["checks"] = [[c.name, c.detail] for c in check_algorithm(brief) if not c.ok]

rng = np.random.default_rng(0)
hidden = rng.normal(size=(600, 2)) + 4 * rng.integers(0, 2, size=(600, 1))
X = np.column_stack([np.tanh(hidden), hidden @ rng.normal(size=(2, 4))]) * [1, 10, 100, 1, 1, 1] + 5

def fit(seed=0, **params):
    cutter = algorithm.build(X, seed, **algorithm.resolve({"epochs": 30, "layers": [16, 8], "latent": 2, **params}))
    return cutter(k=2), cutter(k=3)

two, three = fit()
other = fit(seed=1, epochs=1)
found["other_seed_other_codes"] = not np.array_equal(three.model.encoder.encode(X), other[1].model.encoder.encode(X))
found["inertia_falls"] = three.inertia < two.inertia
found["info"] = dict(two.info)
found["agrees"] = float(np.mean(np.abs(np.corrcoef(two.labels, hidden.sum(axis=1) > 4)[0, 1])))
found["training_helps"] = two.info["validation_loss"] < other[0].info["validation_loss"]
found["stopped"] = fit(epochs=300, patience=1, learning_rate=0.2)[0].info["epochs"]
wide = np.column_stack([X, np.full(600, 7.0)])
flat = algorithm.build(wide, 0, **algorithm.resolve({"epochs": 1, "layers": [], "latent": 50}))(k=2)
found["no_hidden_layer"] = len(flat.model.encoder.layers)
found["narrower_than_the_table"] = flat.info["latent"]
found["constant_column"] = bool(np.isfinite(flat.inertia))
one = algorithm.build(X[:, :1].copy(), 0, **algorithm.resolve({"epochs": 1}))(k=2)
found["one_column"] = one.info["latent"]
try:
    fit(learning_rate=1e30, patience=2)
except ArithmeticError as error:
    found["diverged"] = str(error)

import keras
import tensorflow as tf
threading = tf.config.threading
found["threads"] = [threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()]
encoder = three.model.encoder
dense = [keras.layers.Dense(w.shape[1], activation="relu") for w, _ in encoder.layers[:-1]]
network = keras.Sequential([keras.Input((6,)), *dense, keras.layers.Dense(len(encoder.layers[-1][1]))])
network.set_weights([part for layer in encoder.layers for part in layer])
codes = np.asarray(network(((X - encoder.mean) / encoder.scale).astype("float32")))
found["keras_distance"] = float(np.abs(codes - encoder.encode(X)).max())

rows = ((X - encoder.mean) / encoder.scale).astype("float32")
draw = np.random.default_rng(0)
order = draw.permutation(600)
used = rows[order[60:]]
with keras_seed(0):
    halves = []
    for n_in, first, second, n_out in ((6, 16, 8, 2), (2, 8, 16, 6)):
        layers = [keras.layers.Dense(units, activation="relu") for units in (first, second)]
        halves.append(keras.Sequential([keras.Input((n_in,)), *layers, keras.layers.Dense(n_out)]))
    adam, weights = keras.optimizers.Adam(0.001), [w for half in halves for w in half.trainable_variables]
    for epoch in range(3):
        for batch in used[draw.permutation(540)[:512]].reshape(2, 256, 6):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(halves[1](halves[0](batch)) - batch))
            adam.apply(tape.gradient(loss, weights), weights)
trained = fit(epochs=3, learning_rate=0.001)[0].model.encoder.encode(X)
found["distance_to_keras_adam"] = float(np.abs(trained - np.asarray(halves[0](rows))).max())

state = np.random.get_state()[1].tolist()
with keras_seed(3):
    first = np.random.random()
with keras_seed(3):
    found["seeded"] = first == np.random.random()
found["state_kept"] = state == np.random.get_state()[1].tolist()
try:
    with quiet_tensorflow():
        import os
        os.write(2, b"told on failure\\n")
        raise KeyError("x")
except KeyError:
    pass
with quiet_tensorflow():
    os.write(2, b"never shown\\n")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def process(shipped):
    if (missing := missing_packages(shipped("autoencoder_kmeans").packages)) is not None:
        pytest.skip(missing)
    root = Path(__file__).resolve().parents[2]
    return subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=root, timeout=300)


@pytest.fixture(scope="module")
def found(process):
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


pytestmark = pytest.mark.slow


def test_it_conforms(found):
    assert found["checks"] == []


def test_tensorflow_is_imported_only_when_it_is_needed(found):
    assert not found["imported_early"]


def test_it_is_quiet_unless_something_fails(process, found):
    assert process.stderr == "told on failure\n"


def test_a_seed_fixes_the_training(found):
    assert found["checks"] == []  # equal seeds give equal labels
    assert found["other_seed_other_codes"]
    assert found["threads"] == [1, 1]


def test_training_finds_the_structure_and_stops_early(found):
    assert found["training_helps"]
    assert found["inertia_falls"]
    assert found["agrees"] > 0.8
    assert found["stopped"] < 300


def test_the_network_is_as_declared_but_narrower_than_the_table(found):
    assert found["info"]["latent"] == 2
    assert found["no_hidden_layer"] == 1
    assert found["narrower_than_the_table"] == 6
    assert found["one_column"] == 1
    assert found["constant_column"]


def test_a_diverging_training_fails_with_its_cause(found):
    assert found["diverged"] == "the loss was never finite: learning_rate = 1e+30 may be too large"


def test_the_encoder_equals_the_keras_network(found):
    assert found["keras_distance"] < 1e-4


def test_it_trains_as_the_optimizer_of_keras_does(found):
    assert found["distance_to_keras_adam"] < 1e-5


def test_seeding_keras_leaves_the_global_states_alone(found):
    assert found["seeded"]
    assert found["state_kept"]
