"""Files from the network, kept in a cache folder."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from clusterbench.datasets.time_limit import run_limited
from clusterbench.errors import RequestError

CACHE_VARIABLE: Final = "CLUSTERBENCH_CACHE"
MAX_MB: Final = 1000.0
MAX_SECONDS: Final = 600.0
_TIMEOUT: Final = (5.0, 30.0)  # seconds to connect, and between two packets


class _Stopped(OSError):
    """A download that was refused, is too large or is not wanted any more: it is not tried again."""


def cache_folder() -> Path:
    """Return the folder of downloads: ``CLUSTERBENCH_CACHE``, else the user's cache folder."""
    import pooch

    given = os.environ.get(CACHE_VARIABLE)
    return Path(given).expanduser() if given else Path(pooch.os_cache("clusterbench"))


def download(
    url: str,
    file_name: str,
    *,
    sha256: str | None = None,
    retries: int = 1,
    max_mb: float = MAX_MB,
    max_seconds: float = MAX_SECONDS,
) -> Path:
    """Return the path of a downloaded file; one that is in the cache is not downloaded again.

    Parameters
    ----------
    url : str
    file_name : str
        Its name in the cache.
    sha256 : str, optional
        Checked, also for a file that is in the cache.
    retries : int
    max_mb, max_seconds : float
        Limits of the download.

    Raises
    ------
    RequestError
        If it cannot be downloaded or stored, exceeds a limit, or is another file than `sha256` says.
    """
    import pooch

    # pooch announces every download on stderr, in the middle of a progress bar.
    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=cache_folder(),
        base_url="",
        registry={file_name: None if sha256 is None else f"sha256:{sha256.lower()}"},
        urls={file_name: url},
        retry_if_failed=retries,
    )
    try:
        return run_limited(
            lambda unwanted: Path(store.fetch(file_name, downloader=_downloader(max_mb, unwanted))),
            max_seconds=max_seconds,
        )
    except RequestError as error:
        raise error.within(f"{url} cannot be downloaded") from None
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError is pooch's wrong hash
        raise RequestError(f"{url} cannot be downloaded: {_reason(error, url)}") from None


def _downloader(max_mb: float, unwanted: threading.Event) -> Callable[[str, str, object], None]:
    """Return a downloader for pooch that stops at a size."""

    def save(url: str, output_file: str, _pooch: object) -> None:
        import requests

        size = 0
        with requests.get(url, stream=True, timeout=_TIMEOUT) as response, open(output_file, "wb") as file:
            if 400 <= response.status_code < 500:
                raise _Stopped(f"status {response.status_code}, {response.reason}")
            response.raise_for_status()
            for chunk in response.iter_content(1 << 16):
                size += len(chunk)
                if size > max_mb * 1e6 or unwanted.is_set():
                    raise _Stopped(f"larger than max_mb = {max_mb:g}")
                file.write(chunk)

    return save


def _reason(error: Exception, url: str) -> str:
    kind = type(error).__name__
    if kind in ("ConnectionError", "ConnectTimeout"):  # their messages are chains of wrapped objects
        return f"{kind}: no connection to {urlsplit(url).netloc.rpartition('@')[2]}"
    words = str(error).splitlines()[0] if str(error) else "no reason given"
    return words if isinstance(error, _Stopped) else f"{kind}: {words[:200]}"
