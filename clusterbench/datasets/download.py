"""Files from the network, kept in a cache folder."""

import hashlib
import logging
import os
import time
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from clusterbench.errors import RequestError

CACHE_VARIABLE: Final = "CLUSTERBENCH_CACHE"
MAX_MB: Final = 1000.0
MAX_SECONDS: Final = 600.0


def cached_file(url: str) -> Path:
    """Return where the download of an address is kept, in ``CLUSTERBENCH_CACHE``, else in the user's cache folder."""
    import pooch

    folder = Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("clusterbench")).expanduser()
    return folder / f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{PurePosixPath(urlsplit(url).path).name}"


def download(url: str, *, sha256: str | None = None, max_mb: float = MAX_MB, max_seconds: float = MAX_SECONDS) -> Path:
    """Return the path of a downloaded file; one that is in the cache is not downloaded again."""
    import pooch

    # pooch announces every download on stderr, in the middle of a progress bar.
    pooch.get_logger().setLevel(logging.WARNING)
    file = cached_file(url)
    known_hash = None if sha256 is None else f"sha256:{sha256.lower()}"
    save = partial(_save, max_mb=max_mb, max_seconds=max_seconds)
    try:
        return Path(pooch.retrieve(url, known_hash, file.name, file.parent, downloader=save))
    except RequestError as error:
        raise error.within(f"{url} cannot be downloaded") from None
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError is pooch's wrong hash
        raise RequestError(f"{url} cannot be downloaded: {_reason(error, url)}") from None


def _save(url: str, output_file: str, _pooch: object, *, max_mb: float, max_seconds: float) -> None:
    """Download a file within the limits, which are checked every 8 KiB."""
    import requests

    end = time.monotonic() + max_seconds
    timeout = (min(5.0, max_seconds), min(30.0, max_seconds))  # to connect, and between two packets
    size = 0
    with requests.get(url, stream=True, timeout=timeout) as response, open(output_file, "wb") as file:
        if not response.ok:
            raise RequestError(f"status {response.status_code}, {response.reason}")
        for chunk in response.iter_content(1 << 13):
            size += len(chunk)
            if size > max_mb * 1e6:
                raise RequestError(f"larger than max_mb = {max_mb:g}")
            if time.monotonic() > end:
                raise RequestError(f"not finished after {max_seconds:g} s", allowed="a larger max_seconds")
            file.write(chunk)


def _reason(error: Exception, url: str) -> str:
    kind = type(error).__name__
    if kind in ("ConnectionError", "ConnectTimeout"):  # their messages are chains of wrapped objects
        return f"{kind}: no connection to {urlsplit(url).netloc.rpartition('@')[2]}"
    first_line = str(error).partition("\n")[0]
    return f"{kind}: {first_line[:200]}"
