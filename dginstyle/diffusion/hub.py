"""Whether the hub can be reached: its clients repeat each request for half a minute before they say that it cannot."""

import socket
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from huggingface_hub import constants

TIMEOUT = 5
"""Seconds to wait for a connection."""
PORTS = {"http": 80, "https": 443}
WITHOUT_NETWORK = (
    "check the network, or download it elsewhere (`python -m dginstyle download-prior` and `download-network` write "
    "folders) and give the folder's path"
)


def unreachable(origin: str | Path) -> str:
    """Return why a network that is not a local folder cannot be asked for on the hub, "" if it can."""
    if Path(origin).exists() or constants.HF_HUB_OFFLINE:
        return ""
    return _refusal(constants.ENDPOINT)


def require_hub(origin: str) -> None:
    """Check that the hub can be reached.

    Raises:
        SystemExit: it cannot.
    """
    if reason := unreachable(origin):
        raise SystemExit(f"{origin} cannot be downloaded, as the hub cannot be reached ({reason}): {WITHOUT_NETWORK}")


@lru_cache
def _refusal(endpoint: str) -> str:
    """Return why no connection to a server, or to the proxy before it, comes about; "" if one does."""
    server = urlsplit(endpoint)
    proxy = None if proxy_bypass(server.hostname) else getproxies().get(server.scheme)
    asked = urlsplit(proxy) if proxy else server
    try:
        socket.create_connection((asked.hostname, asked.port or PORTS.get(asked.scheme, 443)), TIMEOUT).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
