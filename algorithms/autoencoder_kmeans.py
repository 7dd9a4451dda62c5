"""k-means in the latent space of an autoencoder (Keras on TensorFlow): trained once, serves all k."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbench.plugins import (
    Algorithm,
    Assignment,
    Cutter,
    Encoder,
    Family,
    Floats,
    LatentCentroids,
    Params,
    Partition,
    prepare_tensorflow,
    quiet_tensorflow,
    require_number,
    standardized_rows,
)

Batch = NDArray[np.float32]
VALIDATION_SHARE = 0.1
BETAS, EPSILON = (0.9, 0.999), 1e-7  # of Adam, Keras' defaults


@dataclass(frozen=True, slots=True)
class Training:
    """How the network is trained."""

    layers: tuple[int, ...]  # units of the encoder's hidden layers; the decoder mirrors them
    latent: int
    epochs: int
    patience: int  # passes without a lower validation loss before it stops
    batch_size: int
    learning_rate: float


def starting_weights(sizes: Sequence[int], seed: int) -> Batch:
    """Return the weights with which Keras starts dense layers between these numbers of units, as one vector.

    They are those that follow `keras.utils.set_random_seed(seed)`, which is not called: it would discard what
    TensorFlow has compiled, about 0.1 s for each training.
    """
    import keras

    draw = Random(seed)
    parts: list[Batch] = []
    for shape in pairwise(sizes):
        start = keras.initializers.GlorotUniform(draw.randint(1, 10**9))
        parts += [np.array(start(shape)).ravel(), np.zeros(shape[1], dtype=np.float32)]
    return np.concatenate(parts)


class Trainer:
    """A network for tables of `n_columns` columns and its compiled training, which serve any number of fits.

    The weights are one vector, so that a step of Adam is one operation for all layers together.
    """

    def __init__(self, n_columns: int, how: Training) -> None:
        import tensorflow as tf

        self.sizes = (n_columns, *how.layers, how.latent, *how.layers[::-1], n_columns)
        self._n_encoder = len(how.layers) + 1
        self._learning_rate = how.learning_rate
        self._shapes = [shape for n_in, n_out in pairwise(self.sizes) for shape in ((n_in, n_out), (n_out,))]
        zeros = np.zeros(sum(map(np.prod, self._shapes)), dtype=np.float32)
        self._weights, self._mean, self._square = (tf.Variable(zeros) for _ in range(3))
        self._n_steps = tf.Variable(0.0)
        # A pass is one call into the graph: about six times faster than Keras' own loop on tables of this size.
        table = tf.TensorSpec((None, n_columns))
        signature = [table, tf.TensorSpec((None, None), tf.int32), table]
        self.one_pass = tf.function(self._one_pass, input_signature=signature)

    def start(self, weights: Batch) -> None:
        """Begin a training from these weights."""
        self._weights.assign(weights)
        for variable in (self._mean, self._square, self._n_steps):
            variable.assign(np.zeros_like(variable))

    def weights(self) -> Batch:
        """Return a copy of all weights, one vector."""
        return np.array(self._weights)

    def encoder_layers(self, weights: Batch) -> tuple[tuple[Floats, Floats], ...]:
        """Return kernel and bias of the layers of the encoder, of all weights as one vector."""
        ends = np.cumsum([np.prod(shape) for shape in self._shapes])[:-1]
        parts = zip(np.split(weights.astype(np.float64), ends), self._shapes, strict=True)
        numbers = [part.reshape(shape) for part, shape in parts][: 2 * self._n_encoder]
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))

    def _loss(self, weights: Any, rows: Any) -> Any:
        import tensorflow as tf

        parts = tf.split(weights, [int(np.prod(shape)) for shape in self._shapes])
        parts = [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]
        linear = (self._n_encoder, len(self.sizes) - 1)  # the latent layer and the last one
        units = rows
        for number, (kernel, bias) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
            units = tf.nn.bias_add(tf.matmul(units, kernel), bias)
            units = units if number in linear else tf.nn.relu(units)
        return tf.reduce_mean(tf.square(units - rows))

    def _one_pass(self, rows: Any, batches: Any, aside: Any) -> Any:
        """Train on each batch of rows, given by their numbers; return the loss of the rows kept aside."""
        import tensorflow as tf

        for number in tf.range(tf.shape(batches)[0]):
            weights = self._weights.read_value()
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss = self._loss(weights, tf.gather(rows, batches[number]))
            step = self._n_steps.assign_add(1)
            tf.raw_ops.ResourceApplyAdam(
                var=self._weights.handle,
                m=self._mean.handle,
                v=self._square.handle,
                beta1_power=tf.pow(BETAS[0], step),
                beta2_power=tf.pow(BETAS[1], step),
                lr=self._learning_rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                epsilon=EPSILON,
                grad=tape.gradient(loss, weights),
            )
        return self._loss(self._weights.read_value(), aside)


trainer_of = lru_cache(maxsize=4)(Trainer)


def train(rows: Batch, seed: int, how: Training) -> tuple[tuple[tuple[Floats, Floats], ...], dict[str, Any]]:
    """Train on standardised rows until the loss on a tenth of them, kept aside, stops falling.

    Return the layers of the encoder at the lowest loss, with the facts of the training.
    """
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    n_aside = max(1, round(VALIDATION_SHARE * len(rows)))
    aside, used = tf.constant(rows[order[:n_aside]]), tf.constant(rows[order[n_aside:]])
    size = min(how.batch_size, len(used))
    n_batches = len(used) // size
    trainer = trainer_of(rows.shape[1], how)
    trainer.start(starting_weights(trainer.sizes, seed))
    best_loss, best_epoch = np.inf, 0
    best_weights: Batch | None = None
    for epoch in range(1, how.epochs + 1):
        # Rows beyond the last full batch are left out of this pass; the next one draws others.
        drawn = rng.permutation(len(used))[: n_batches * size].astype(np.int32)
        loss = float(trainer.one_pass(used, tf.constant(drawn.reshape(n_batches, size)), aside))
        if loss < best_loss:
            best_loss, best_epoch, best_weights = loss, epoch, trainer.weights()
        if epoch - best_epoch >= how.patience:
            break
    if best_weights is None:
        raise ArithmeticError(f"the loss was never finite: learning_rate = {how.learning_rate} may be too large")
    facts = {"latent": how.latent, "epochs": best_epoch, "validation_loss": best_loss}
    return trainer.encoder_layers(best_weights), facts


def fit_encoder(X: Floats, seed: int, how: Training) -> tuple[Encoder, dict[str, Any]]:
    """Train on the table and return the encoder as plain numbers, with the facts of the training."""
    prepare_tensorflow()
    rows, mean, scale = standardized_rows(X)
    with quiet_tensorflow():
        layers, facts = train(rows, seed, how)
    return Encoder(mean, scale, layers), facts


def build(
    X: Floats,
    seed: int,
    layers: tuple[int, ...] = (64, 32),
    latent: int = 8,
    epochs: int = 100,
    patience: int = 8,
    batch_size: int = 256,
    learning_rate: float = 0.01,
    n_init: int = 10,
) -> Cutter:
    """Train once; each k is a k-means of the latent rows.

    The latent layer is narrower than the table: at most d - 1 (and at least 1), whatever `latent` asks for.

    Parameters
    ----------
    layers : tuple of int
        Units of the layers between the table and the latent layer.
    latent : int
        Units of the latent layer.
    epochs : int
        Most passes over the rows.
    patience : int
        Passes without a lower loss on the rows kept aside, after which training ends.
    batch_size : int
        Rows of one step.
    learning_rate : float
        Step size of the optimiser Adam. Keras' default of 0.001 takes about 2.7 times as many passes to the same loss.
    n_init : int
        Starts of k-means on the latent rows.
    """
    from sklearn.cluster import KMeans

    from clusterbench.kernels import quick_lloyd

    width = max(1, min(latent, X.shape[1] - 1))
    how = Training(tuple(layers), width, epochs, patience, batch_size, float(learning_rate))
    encoder, facts = fit_encoder(X, seed, how)
    encoded = encoder.encode(X)

    def cutter(**cut: Any) -> Partition:
        with quick_lloyd():
            fitted = KMeans(cut["k"], n_init=n_init, random_state=seed).fit(encoded)
        model = LatentCentroids(encoder, fitted.cluster_centers_)
        return Partition(model.predict(X), float(fitted.inertia_), facts, model)

    return cutter


def check_params(params: Params) -> None:
    """Refuse what cannot be trained."""
    layers = params["layers"]
    if not isinstance(layers, (list, tuple)):
        raise ValueError(f"layers = {layers!r} is not a list of units such as [64, 32]")
    for units in layers:
        require_number("a number of units in layers", units, integer=True, low=1)
    for name in ("latent", "epochs", "patience", "batch_size", "n_init"):
        require_number(name, params[name], integer=True, low=1)
    require_number("learning_rate", params["learning_rate"], low=0, open_low=True)


def warm_up() -> None:
    """Import TensorFlow and compile a first training."""
    rows = np.random.default_rng(0).normal(size=(64, 4))
    fit_encoder(rows, 0, Training((4,), 2, epochs=1, patience=1, batch_size=32, learning_rate=0.01))


ALGORITHM = Algorithm(
    name="autoencoder_kmeans",
    family=Family.DEEP,
    summary="k-means on the latent coordinates of an autoencoder, on standardised input",
    reference="Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647",
    build=build,
    version=2,
    packages={"tensorflow": "tensorflow", "keras": "keras", "sklearn": "scikit-learn"},
    standardizes=True,
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_up,
)
