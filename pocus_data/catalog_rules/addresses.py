"""Rules of addresses: whole, public, lasting."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, View, rule
from pocus_data.yaml_positions import KeyPath

# What cloud stores and publishers call the parts of an address that only lasts a while.
_SIGNATURES = frozenset(
    {"signature", "sig", "expires", "token", "casa_token", "access_token", "policy", "se"}
    | {"key-pair-id", "awsaccesskeyid", "googleaccessid", "x-amz-signature", "x-amz-expires"}
    | {"x-goog-signature", "x-goog-expires"}
)
_VIDEO_PAGES = ("youtube.com", "youtu.be", "vimeo.com")
_HOST = re.compile(r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", re.IGNORECASE)
_DOI = re.compile(r"^10\.\d{4,9}/\S+$")


@rule(ERROR)
def url_shape(view: View) -> Iterator[Finding]:
    """An address is whole: a host, a valid port, balanced brackets, sound percent codes."""
    for path, url in _addresses(view):
        message = _misshapen(url)
        if message:
            yield path, f"{message}: '{url[:100]}'"


@rule(WARNING)
def insecure_url(view: View) -> Iterator[Finding]:
    """Addresses are https://, so that nobody on the way can change what is read."""
    for path, url in _addresses(view):
        if url.startswith("http://") and not _private(_host(url)):
            yield path, f"'{url[:80]}' is not https://"


@rule(ERROR)
def signed_url(view: View) -> Iterator[Finding]:
    """No address carries a signature or a personal token: such addresses expire."""
    for path, url in _addresses(view):
        keys = {key.lower() for key, _ in parse_qsl(_split(url).query, keep_blank_values=True)}
        if keys & _SIGNATURES:
            yield path, f"has '{sorted(keys & _SIGNATURES)[0]}', which expires; give a lasting one"


@rule(WARNING)
def private_address(view: View) -> Iterator[Finding]:
    """Others can reach the address: no local network, no user name or password."""
    for path, url in _addresses(view):
        if _private(_host(url)) or "@" in _split(url).netloc:
            yield path, f"'{url[:80]}' is of one network or one user; others cannot use it"


@rule(WARNING)
def no_page(view: View) -> Iterator[Finding]:
    """A person can check where the entry came from: it, or its source, has a page."""
    synthetic = any(url.startswith("phantom:") for url in view.video.downloads)
    if view.video.url is None and view.source.url is None and not synthetic:
        yield ("id",), "neither the entry nor its source has a 'url' to check it against"


@rule(WARNING)
def video_page(view: View) -> Iterator[Finding]:
    """A download from a video page says which rendition to fetch."""
    for number, url in enumerate(view.video.downloads):
        host = _host(url).removeprefix("www.")
        if host in _VIDEO_PAGES and view.video.yt_dlp_format is None:
            yield ("downloads", number), "is a video page; say which 'yt_dlp_format' to fetch"


@rule(ERROR)
def doi(view: View) -> Iterator[Finding]:
    """A DOI is written bare, 10.<registrant>/<suffix>, without an address before it."""
    if view.video.doi is not None and not _DOI.match(view.video.doi):
        yield ("doi",), f"'{view.video.doi}' is no bare DOI such as 10.1000/182"
    said = view.source.doi
    first = view.memory.setdefault(view.document.file, view.index) == view.index
    if first and said is not None and not _DOI.match(said):
        yield ("source", "doi"), f"'{said}' is no bare DOI such as 10.1000/182"


def _addresses(view: View) -> Iterator[tuple[KeyPath, str]]:
    video = view.video
    if video.url is not None:
        yield ("url",), video.url
    if video.license_url is not None:
        yield ("license_url",), video.license_url
    for number, url in enumerate(video.downloads):
        if not url.startswith("phantom:"):
            yield ("downloads", number), url
    for number, url in enumerate(video.archives):
        yield ("archives", number), url
    if view.index == 0:
        for name in ("url", "license_url"):
            url = getattr(view.source, name)
            if url is not None:
                yield ("source", name), url


@lru_cache(maxsize=256)
def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _host(url: str) -> str:
    try:
        return _split(url).hostname or ""
    except ValueError:
        return ""


def _misshapen(url: str) -> str:
    host = _host(url)
    try:
        port_is_sound = _split(url).port != 0
    except ValueError:
        port_is_sound = False
    if not port_is_sound:
        return "has no valid port"
    if not host or not (_HOST.match(host) or _is_ip(host)):
        return "has no valid host"
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        return "has a broken percent code"
    if url.count("(") != url.count(")"):
        return "has an open bracket, so words may have run into it"
    if url[-1] in ",;.\"'<>":
        return "ends in punctuation"
    return ""


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _private(host: str) -> bool:
    if _is_ip(host):
        return not ipaddress.ip_address(host).is_global
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan"))
