"""Files from the network, kept in a cache folder."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from clusterbench.errors import RequestError

CACHE_VARIABLE: Final = "CLUSTERBENCH_CACHE"
_TIMEOUT: Final = (5.0, 30.0)  # seconds to connect, and between two packets


def cache_folder() -> Path:
    """Return the folder of downloads: ``CLUSTERBENCH_CACHE``, else the user's cache folder."""
    import pooch

    given = os.environ.get(CACHE_VARIABLE)
    return Path(given).expanduser() if given else Path(pooch.os_cache("clusterbench"))


def download(
    url: str, file_name: str, *, cache: Path | None = None, sha256: str | None = None, retries: int = 1
) -> Path:
    """Return the path of a downloaded file; one that is in the cache is not downloaded again.

    Parameters
    ----------
    url : str
    file_name : str
        Its name in the cache.
    cache : Path, optional
        By default `cache_folder`.
    sha256 : str, optional
        Checked, also for a file that is in the cache.
    retries : int

    Raises
    ------
    RequestError
        If it cannot be downloaded or stored, or is another file than `sha256` says.
    """
    import pooch

    # pooch announces every download on stderr, in the middle of a progress bar.
    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=cache or cache_folder(),
        base_url="",
        registry={file_name: None if sha256 is None else f"sha256:{sha256.lower()}"},
        urls={file_name: url},
        retry_if_failed=retries,
    )
    try:
        return Path(store.fetch(file_name, downloader=pooch.HTTPDownloader(timeout=_TIMEOUT)))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError is pooch's wrong hash
        raise RequestError(f"{url} cannot be downloaded: {_reason(error, url)}") from error


def _reason(error: Exception, url: str) -> str:
    kind = type(error).__name__
    if kind in ("ConnectionError", "ConnectTimeout"):  # their messages are chains of wrapped objects
        return f"{kind}: no connection to {urlsplit(url).netloc}"
    words = str(error).splitlines()[0] if str(error) else "no reason given"
    return f"{kind}: {words[:200]}"
