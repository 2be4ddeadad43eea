"""Rules of addresses: whole, public, lasting."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pocus_data.catalog_rules.registry import ERROR, WARNING, Finding, SourceView, View, rule
from pocus_data.yaml_positions import KeyPath

# What cloud stores and publishers call the parts of an address that only lasts a while.
_SIGNATURES = frozenset(
    {"signature", "sig", "expires", "expire", "token", "casa_token", "access_token", "policy"}
    | {"key-pair-id", "awsaccesskeyid", "googleaccessid", "x-amz-signature", "x-amz-expires"}
    | {"x-goog-signature", "x-goog-expires"}
)
_VIDEO_PAGES = ("youtube.com", "youtu.be", "vimeo.com")
_LABEL = r"[^\W_]([\w-]*[^\W_])?"
_HOST = re.compile(rf"^{_LABEL}(\.{_LABEL})*$")
_DOI = re.compile(r"^10\.\d{4,9}/\S+$")


@rule(ERROR, sources=True)
def url_shape(view: View | SourceView) -> Iterator[Finding]:
    """An address is whole: a host, a valid port, balanced brackets, sound percent codes."""
    for path, url in _addresses(view):
        message = _misshapen(url)
        if message:
            yield path, f"{message}: '{url[:100]}'"


@rule(WARNING, sources=True)
def insecure_url(view: View | SourceView) -> Iterator[Finding]:
    """Addresses are https://, so that nobody on the way can change what is read."""
    for path, url in _addresses(view):
        if url.startswith("http://") and not _private(_host(url)):
            yield path, f"'{url[:80]}' is not https://"


@rule(ERROR, sources=True)
def signed_url(view: View | SourceView) -> Iterator[Finding]:
    """No address carries a signature or a personal token: such addresses expire."""
    for path, url in _addresses(view):
        parts = _split(url)
        pairs = parse_qsl(f"{parts.query}&{parts.fragment}", keep_blank_values=True)
        keys = {key.lower() for key, _ in pairs}
        if keys & _SIGNATURES:
            yield path, f"has '{sorted(keys & _SIGNATURES)[0]}', which expires; give a lasting one"


@rule(WARNING, sources=True)
def private_address(view: View | SourceView) -> Iterator[Finding]:
    """Others can reach the address: it is not of a local network."""
    for path, url in _addresses(view):
        if _private(_host(url)):
            yield path, f"'{url[:80]}' is of one network; others cannot use it"


@rule(ERROR, sources=True)
def password_in_url(view: View | SourceView) -> Iterator[Finding]:
    """No address carries a user's name or password: the catalog is public."""
    for path, url in _addresses(view):
        if "@" in _split(url).netloc:
            yield path, "carries a user name or password; take it out, and change the password"


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


@rule(ERROR, sources=True)
def doi(view: View | SourceView) -> Iterator[Finding]:
    """A DOI is written bare, 10.<registrant>/<suffix>, without an address before it."""
    said = view.video.doi if isinstance(view, View) else view.source.doi
    if said is not None and not _DOI.match(said):
        yield ("doi",), f"'{said}' is no bare DOI such as 10.1000/182"


def _addresses(view: View | SourceView) -> Iterator[tuple[KeyPath, str]]:
    own = view.video if isinstance(view, View) else view.source
    for name in ("url", "license_url"):
        url = getattr(own, name)
        if url is not None:
            yield (name,), url
    if isinstance(view, View):
        for name in ("downloads", "archives"):
            for number, url in enumerate(getattr(view.video, name)):
                if not url.startswith("phantom:"):
                    yield (name, number), url


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
