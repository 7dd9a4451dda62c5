"""k-means in the latent space of an autoencoder (Keras on TensorFlow): trained once, serves all k."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    keras_seed,
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


def make_networks(n_columns: int, how: Training) -> tuple[Any, Any]:
    """Make encoder and decoder with Keras' default starts."""
    import keras

    def dense(n_in: int, hidden: tuple[int, ...], n_out: int) -> Any:
        layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
        return keras.Sequential([keras.Input((n_in,)), *layers, keras.layers.Dense(n_out)])

    encoder = dense(n_columns, how.layers, how.latent)
    return encoder, dense(how.latent, how.layers[::-1], n_columns)


class Trainer:
    """A network for tables of `n_columns` columns and its compiled training, which serve any number of fits.

    The weights are one vector, so that an Adam step is a few operations for all layers together. They are those of
    `keras.optimizers.Adam` in its order, and give its weights to the last bit.
    """

    def __init__(self, n_columns: int, how: Training) -> None:
        import tensorflow as tf

        self._encoder, self._decoder = make_networks(n_columns, how)
        self._learning_rate = how.learning_rate
        variables = [*self._encoder.weights, *self._decoder.weights]
        self._shapes = [tuple(variable.shape) for variable in variables]
        zeros = np.zeros(sum(map(np.prod, self._shapes)), dtype=np.float32)
        self._weights, self._mean, self._square = (tf.Variable(zeros) for _ in range(3))
        self._n_steps = tf.Variable(0)
        # A pass is one call into the graph: about six times faster than Keras' own loop on tables of this size.
        tables = [tf.TensorSpec((None, None, n_columns)), tf.TensorSpec((None, n_columns))]
        self.one_pass = tf.function(self._one_pass, input_signature=tables)

    def start(self, weights: Sequence[Batch]) -> None:
        """Begin a training from the weights of the layers."""
        self._weights.assign(np.concatenate([part.ravel() for part in weights]))
        for variable in (self._mean, self._square, self._n_steps):
            variable.assign(np.zeros_like(variable))

    def weights(self) -> Batch:
        """Return a copy of all weights, one vector."""
        return np.array(self._weights)

    def encoder_weights(self, weights: Batch) -> list[Batch]:
        """Return the weights of the layers of the encoder, of all of them as one vector."""
        ends = np.cumsum([np.prod(shape) for shape in self._shapes])[:-1]
        parts = zip(np.split(weights, ends), self._shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts][: len(self._encoder.weights)]

    def _split(self) -> list[Any]:
        import tensorflow as tf

        parts = tf.split(self._weights, [int(np.prod(shape)) for shape in self._shapes])
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def _loss(self, weights: list[Any], rows: Any) -> Any:
        import tensorflow as tf

        n_encoder = len(self._encoder.weights)
        latent, _ = self._encoder.stateless_call(weights[:n_encoder], [], rows)
        decoded, _ = self._decoder.stateless_call(weights[n_encoder:], [], latent)
        return tf.reduce_mean(tf.square(decoded - rows))

    def _one_pass(self, batches: Any, aside: Any) -> Any:
        """Train on each batch; return the loss of the rows kept aside."""
        import tensorflow as tf

        for number in tf.range(tf.shape(batches)[0]):
            weights = self._split()
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss = self._loss(weights, batches[number])
            gradient = tf.concat([tf.reshape(part, [-1]) for part in tape.gradient(loss, weights)], axis=0)
            step = tf.cast(self._n_steps.assign_add(1), tf.float32)
            rate = self._learning_rate * tf.sqrt(1 - tf.pow(BETAS[1], step)) / (1 - tf.pow(BETAS[0], step))
            mean = self._mean.assign_add((gradient - self._mean) * (1 - BETAS[0]))
            square = self._square.assign_add((tf.square(gradient) - self._square) * (1 - BETAS[1]))
            self._weights.assign_sub(mean * rate / (tf.sqrt(square) + EPSILON))
        return self._loss(self._split(), aside)


trainer_of = lru_cache(maxsize=4)(Trainer)


def train(rows: Batch, seed: int, how: Training) -> tuple[list[Batch], dict[str, Any]]:
    """Train on standardised rows until the loss on a tenth of them, kept aside, stops falling.

    Return the encoder's weights at the lowest loss, with the facts of the training.
    """
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    n_aside = max(1, round(VALIDATION_SHARE * len(rows)))
    aside, used = tf.constant(rows[order[:n_aside]]), rows[order[n_aside:]]
    size = min(how.batch_size, len(used))
    n_batches = len(used) // size
    start = [weights for network in make_networks(rows.shape[1], how) for weights in network.get_weights()]
    trainer = trainer_of(rows.shape[1], how)
    trainer.start(start)
    best_loss, best_epoch = np.inf, 0
    best_weights: Batch | None = None
    for epoch in range(1, how.epochs + 1):
        # Rows beyond the last full batch are left out of this pass; the next one draws others.
        drawn = rng.permutation(len(used))[: n_batches * size]
        loss = float(trainer.one_pass(tf.constant(used[drawn].reshape(n_batches, size, -1)), aside))
        if loss < best_loss:
            best_loss, best_epoch, best_weights = loss, epoch, trainer.weights()
        if epoch - best_epoch >= how.patience:
            break
    if best_weights is None:
        raise ArithmeticError(f"the loss was never finite: learning_rate = {how.learning_rate} may be too large")
    facts = {"latent": how.latent, "epochs": best_epoch, "validation_loss": best_loss}
    return trainer.encoder_weights(best_weights), facts


def fit_encoder(X: Floats, seed: int, how: Training) -> tuple[Encoder, dict[str, Any]]:
    """Train on the table and return the encoder as plain numbers, with the facts of the training."""
    prepare_tensorflow()
    rows, mean, scale = standardized_rows(X)
    with quiet_tensorflow(), keras_seed(seed):
        best_weights, facts = train(rows, seed, how)
    numbers = [weights.astype(np.float64) for weights in best_weights]
    encoder = Encoder(mean, scale, tuple(zip(numbers[::2], numbers[1::2], strict=True)))
    return encoder, facts


def build(
    X: Floats,
    seed: int,
    layers: tuple[int, ...] = (64, 32),
    latent: int = 8,
    epochs: int = 200,
    patience: int = 8,
    batch_size: int = 256,
    learning_rate: float = 0.001,
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
        Step size of the optimiser Adam.
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
    fit_encoder(rows, 0, Training((4,), 2, epochs=1, patience=1, batch_size=32, learning_rate=0.001))


ALGORITHM = Algorithm(
    name="autoencoder_kmeans",
    family=Family.DEEP,
    summary="k-means on the latent coordinates of an autoencoder, on standardised input",
    reference="Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647",
    build=build,
    packages={"tensorflow": "tensorflow", "keras": "keras", "sklearn": "scikit-learn"},
    standardizes=True,
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_up,
)
