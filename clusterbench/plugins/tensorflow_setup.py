"""TensorFlow made quiet and reproducible; it is imported here only, inside functions."""

import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from clusterbench.plugins.process_state import kept_generators


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Hide the messages of TensorFlow's C++ parts, unless the block raises.

    ``TF_CPP_MIN_LOG_LEVEL`` does not apply to the import and the first operation: file descriptor 2 is redirected.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


@functools.cache
def prepare_tensorflow() -> None:
    """Import TensorFlow once for this process: one thread, no GPU, deterministic operations, no messages.

    One thread, the CPU and no wider instructions than AVX2, because threads, device and width change the last bits,
    which training enlarges, and the networks trained here are too small to gain from any of them.
    """
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")
    with quiet_tensorflow():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
        tf.config.experimental.enable_op_determinism()
        tf.constant(0.0) + tf.constant(1.0)


@contextmanager
def keras_seed(seed: int) -> Iterator[None]:
    """Seed Keras, TensorFlow, NumPy and Python for the block; NumPy's and Python's states are restored after it.

    TensorFlow prepares functions that it has compiled again after a seed, about 0.1 s each.
    """
    import keras

    with kept_generators():
        keras.utils.set_random_seed(seed)
        yield
