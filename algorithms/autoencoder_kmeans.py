"""k-means in the latent space of an autoencoder (Keras on TensorFlow): trained once, serves all k."""

from dataclasses import dataclass
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
)

Batch = NDArray[np.float32]
VALIDATION_SHARE = 0.1


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


def training_steps(encoder: Any, decoder: Any, learning_rate: float) -> tuple[Any, Any]:
    """Return two compiled functions: one pass over batches, and the loss of a table."""
    import keras
    import tensorflow as tf

    variables = [*encoder.trainable_variables, *decoder.trainable_variables]
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(variables)

    def loss_of(rows: Any) -> Any:
        return tf.reduce_mean(tf.square(decoder(encoder(rows)) - rows))

    # A pass is one call into the graph: about six times faster than Keras' own loop on tables of this size.
    def one_pass(batches: Any) -> None:
        for number in tf.range(tf.shape(batches)[0]):
            with tf.GradientTape() as tape:
                loss = loss_of(batches[number])
            optimizer.apply(tape.gradient(loss, variables), variables)

    return tf.function(one_pass), tf.function(loss_of)


def train(rows: Batch, seed: int, how: Training) -> tuple[list[Batch], dict[str, Any]]:
    """Train on standardised rows until the loss on a tenth of them, kept aside, stops falling.

    Return the encoder's weights at the lowest loss, with the facts of the training.
    """
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    n_aside = max(1, round(VALIDATION_SHARE * len(rows)))
    aside, used = tf.constant(rows[order[:n_aside]]), rows[order[n_aside:]]
    size = min(how.batch_size, len(used))
    n_batches = len(used) // size
    encoder, decoder = make_networks(rows.shape[1], how)
    one_pass, loss_of = training_steps(encoder, decoder, how.learning_rate)
    best_loss, best_epoch, best_weights = np.inf, 0, list[Batch]()
    for epoch in range(1, how.epochs + 1):
        # Rows beyond the last full batch are left out of this pass; the next one draws others.
        drawn = rng.permutation(len(used))[: n_batches * size]
        one_pass(tf.constant(used[drawn].reshape(n_batches, size, -1)))
        loss = float(loss_of(aside))
        if loss < best_loss:
            best_loss, best_epoch = loss, epoch
            best_weights = [np.array(weights) for weights in encoder.get_weights()]
        if epoch - best_epoch >= how.patience:
            break
    if not best_weights:
        raise ArithmeticError(f"the loss was never finite: learning_rate = {how.learning_rate} may be too large")
    return best_weights, {"latent": how.latent, "epochs": best_epoch, "validation_loss": best_loss}


def fit_encoder(X: Floats, seed: int, how: Training) -> tuple[Encoder, dict[str, Any]]:
    """Train on the table and return the encoder as plain numbers, with the facts of the training."""
    prepare_tensorflow()
    scale = X.std(axis=0)
    mean, scale = X.mean(axis=0), np.where(scale > 0, scale, 1.0)
    rows = np.ascontiguousarray((X - mean) / scale, dtype=np.float32)
    with quiet_tensorflow(), keras_seed(seed):
        best_weights, facts = train(rows, seed, how)
    numbers = [weights.astype(np.float64) for weights in best_weights]
    encoder = Encoder(np.array(mean), scale, tuple(zip(numbers[::2], numbers[1::2], strict=True)))
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

    width = max(1, min(latent, X.shape[1] - 1))
    how = Training(tuple(layers), width, epochs, patience, batch_size, float(learning_rate))
    encoder, facts = fit_encoder(X, seed, how)
    encoded = encoder.encode(X)

    def cutter(**cut: Any) -> Partition:
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
    assignment=Assignment.PREDICT,
    check_params=check_params,
    warm_up=warm_up,
)
