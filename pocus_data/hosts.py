"""Manners towards hosts: a few connections each, a pause between, and no redirect anywhere."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from pocus_data.errors import FetchError
from pocus_data.params import Download

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _Host:
    """Whose turn it is at one host."""

    def __init__(self, at_once: int) -> None:
        self.slots = threading.BoundedSemaphore(at_once)
        self.lock = threading.Lock()
        self.next_start = 0.0


_hosts: dict[tuple[str, int], _Host] = {}
_hosts_lock = threading.Lock()
# Names that the name service said do not exist.
_absent: set[str] = set()


@contextmanager
def turn(url: str, settings: Download) -> Iterator[None]:
    """Wait for one of the host's few slots, and for the pause since its last request."""
    name = urlsplit(url).netloc
    with _hosts_lock:
        host = _hosts.setdefault((name, settings.per_host), _Host(settings.per_host))
    with host.slots:
        with host.lock:
            now = time.monotonic()
            start = max(now, host.next_start)
            host.next_start = start + settings.pause_s
        time.sleep(start - now)
        yield


@contextmanager
def opened(
    session: requests.Session,
    url: str,
    headers: dict[str, str],
    settings: Download,
    method: str = "GET",
) -> Iterator[requests.Response]:
    """Open an address for reading, following redirects that lead to no other kind of place.

    Raises
    ------
    FetchError
        when there is no such host; when a redirect leaves https, leads to a private address, or
        there are too many.
    requests.RequestException
        as ``requests`` does.
    """
    _require_host(url)
    from_inside = is_private(url)
    for _ in range(settings.max_redirects + 1):
        response = session.request(
            method,
            url,
            headers=headers,
            stream=True,
            timeout=settings.timeout_s,
            allow_redirects=False,
        )
        location = response.headers.get("Location")
        if response.status_code not in _REDIRECTS or not location:
            try:
                yield response
            finally:
                response.close()
            return
        response.close()
        url = _followed(url, location, from_inside or settings.allow_private)
        _require_host(url)
    raise FetchError(f"more than {settings.max_redirects} redirects")


def _followed(url: str, location: str, inside_is_fine: bool) -> str:
    target = urljoin(url, location)
    before, after = urlsplit(url).scheme, urlsplit(target).scheme
    # http may become https; https never http, and neither anything else.
    if after not in {before, "https"}:
        raise FetchError(f"redirects from {before} to {after or 'nothing'}, which is not followed")
    if not inside_is_fine and is_private(target):
        raise FetchError("redirects to a private address, which is not followed")
    return target


def _require_host(url: str) -> None:
    """Raise if the name service knows no such host; it is asked once in a run.

    Asking for a name that is gone may take many seconds, and a catalog has many files of one host.
    Behind a proxy it is the proxy that looks names up.
    """
    if select_proxy(url, get_environ_proxies(url)):
        return
    try:
        name = urlsplit(url).hostname or ""
        if name not in _absent:
            socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            _absent.add(name)
    except (OSError, ValueError, UnicodeError):
        return
    if name in _absent:
        raise FetchError("no such host")


def is_private(url: str) -> bool:
    """Whether a host's name leads to an address of this machine or of a local network."""
    try:
        host = urlsplit(url).hostname or ""
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(each[4][0]).split("%")[0]).is_global for each in found)
