"""Labels as bytes: compressed, and checked by their hash when they are read."""

import zlib

import numpy as np

from clusterbench.labeling import Labels, labels_sha256


def packed_labels(labels: Labels) -> bytes:
    """Return labels as compressed integers of 32 bits."""
    return zlib.compress(np.ascontiguousarray(labels, dtype="<i4").tobytes(), level=1)


def unpacked_labels(sha256: str, n_rows: int, data: bytes) -> Labels:
    """Return the labels that were packed; ValueError if they are damaged, or their hash is not `sha256`."""
    try:
        raw = zlib.decompressobj().decompress(data, 4 * n_rows + 1)  # never more than the labels of its rows
        if len(raw) != 4 * n_rows:
            raise ValueError(f"not those of {n_rows} rows")
        labels = np.frombuffer(raw, dtype="<i4").astype(np.int32)
    except (zlib.error, ValueError, TypeError) as error:
        raise ValueError(f"the labels {sha256[:16]} are damaged ({error})") from error
    if (actual := labels_sha256(labels)) != sha256:
        raise ValueError(f"the labels {sha256[:16]} were changed (their hash is {actual[:16]})")
    return labels
