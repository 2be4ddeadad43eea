"""One file over HTTP(S): resumed where it broke off, patient with servers, and never fooled.

A partial file waits in the work cache under its address. It grows only by bytes that the server
says belong to the same version (``Range`` with ``If-Range``, RFC 9110), and nobody reads it before
it is whole.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import os
import random
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock, Timeout
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError

from pocus_data import hosts
from pocus_data.errors import FetchError
from pocus_data.outputs import write_text
from pocus_data.params import Download
from pocus_data.workcache import cache_folder, digest_of

# Answers that may be better next time (RFC 9110; 425 is RFC 8470, 429 RFC 6585).
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAGES = ("text/html", "application/xhtml+xml")
_CHUNK = 1 << 16
# Slower than this over a whole `timeout_s` is no transfer but a server that keeps a line busy.
_LEAST_BYTES_PER_S = 64
_AGENT = "pocus-data (https://pypi.org/project/pocus-data)"


class _TryAgainError(Exception):
    """What went wrong may go right next time."""

    def __init__(self, words: str, wait_s: float | None = None) -> None:
        super().__init__(words)
        self.wait_s = wait_s


@dataclass(frozen=True)
class _Plan:
    url: str
    part: Path
    settings: Download
    size: int | None
    ends: float

    @property
    def notes(self) -> Path:
        """What is known of the version that the partial file is of."""
        return self.part.with_suffix(".json")


def download(url: str, target: Path, settings: Download, size: int | None = None) -> None:
    """Bring one file to ``target``, which appears when it is whole.

    Parameters
    ----------
    size : its length in bytes when the catalog knows it; a server that promises another is not
        listened to.

    Raises
    ------
    FetchError
        when the server refuses, or does not get there in ``settings.retries`` more tries.
    """
    part = cache_folder() / "partial" / f"{digest_of(url)}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    plan = _Plan(url, part, settings, size, time.monotonic() + settings.max_s)
    try:
        # Another process may be bringing the same file; it leaves what it got to this one.
        with FileLock(part.with_suffix(".lock"), timeout=settings.max_s):
            _persist(plan)
            part.replace(target)
            plan.notes.unlink(missing_ok=True)
    except Timeout:
        raise FetchError("another process is still bringing it") from None


def _persist(plan: _Plan) -> None:
    settings = plan.settings
    for attempt in range(settings.retries + 1):
        try:
            with hosts.turn(plan.url, settings):
                _attempt(plan)
            return
        except _TryAgainError as error:
            if attempt == settings.retries:
                raise FetchError(str(error)) from error
            backoff_s = settings.retry_wait_s * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311
            wait_s = backoff_s if error.wait_s is None else error.wait_s
            if wait_s > settings.max_wait_s or time.monotonic() + wait_s > plan.ends:
                raise FetchError(f"{error}; it asks to wait {wait_s:.0f} s") from error
            time.sleep(wait_s)


def _attempt(plan: _Plan) -> None:
    known = _known(plan)
    have = plan.part.stat().st_size if known else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": _AGENT}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": known["validator"]}
    try:
        with (
            requests.Session() as session,
            hosts.opened(session, plan.url, headers, plan.settings) as response,
        ):
            have = _start(plan, response, have, known)
            if have >= 0:
                _receive(plan, response, have)
    except (requests.RequestException, HTTPError) as error:
        raise _in_words(error) from error


def _known(plan: _Plan) -> dict[str, Any]:
    """What the partial file is part of; empty when it is of no use."""
    try:
        known = json.loads(plan.notes.read_text())
        return known if known["validator"] and plan.part.stat().st_size else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _forget(plan: _Plan) -> None:
    plan.notes.unlink(missing_ok=True)
    plan.part.unlink(missing_ok=True)


def _start(plan: _Plan, response: requests.Response, have: int, known: dict[str, Any]) -> int:
    """Judge the answer's head: from which byte to write on, or -1 when all is there already."""
    status = response.status_code
    if status == requests.codes.requested_range_not_satisfiable and have:
        if response.headers.get("Content-Range", "") == f"bytes */{have}" == known.get("whole"):
            return -1
        _forget(plan)
        raise _TryAgainError("the partial file is of another version")
    if status in _TRANSIENT:
        words = f"HTTP {status} {response.reason}"
        raise _TryAgainError(words, _retry_after_s(response.headers.get("Retry-After", "")))
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise FetchError(f"HTTP {status} {response.reason}")
    if response.headers.get("Content-Type", "").lower().startswith(_PAGES):
        raise FetchError("a web page, not a video")
    if status == requests.codes.partial_content:
        _check_range(plan, response.headers.get("Content-Range", ""), have, known)
        return have
    return 0


def _check_range(plan: _Plan, said: str, have: int, known: dict[str, Any]) -> None:
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", said)
    whole = f"bytes */{match[3]}" if match else ""
    if not have or not match or int(match[1]) != have or known.get("whole") not in (whole, ""):
        _forget(plan)
        raise _TryAgainError(f"answered with another range than asked for ('{said[:40]}')")


def _receive(plan: _Plan, response: requests.Response, have: int) -> None:
    encoded = response.headers.get("Content-Encoding", "identity") not in ("", "identity")
    promised = response.headers.get("Content-Length", "")
    total = have + int(promised) if promised.isdecimal() and not encoded else None
    if total is not None:
        _check_size(plan, total)
    if not have:
        _note(plan, response, total, encoded)
    written = _write(plan, response, have)
    if total is not None and written != total:
        raise _TryAgainError(f"broke off after {written} of {total} bytes")


def _check_size(plan: _Plan, total: int) -> None:
    if total > plan.settings.max_bytes:
        raise FetchError(f"more than {plan.settings.max_bytes} bytes")
    if plan.size is not None and total != plan.size:
        raise FetchError(f"is {total} bytes, the catalog says {plan.size}: other content")


def _note(plan: _Plan, response: requests.Response, total: int | None, encoded: bool) -> None:
    """Begin a new partial file, with what its version is called."""
    _forget(plan)
    tag = response.headers.get("ETag", "")
    # A weak tag promises like content, not equal bytes: no ground to join two pieces on.
    strong = tag if tag and not tag.startswith("W/") else ""
    validator = "" if encoded else strong or response.headers.get("Last-Modified", "")
    whole = "" if total is None else f"bytes */{total}"
    write_text(plan.notes, json.dumps({"validator": validator, "whole": whole, "url": plan.url}))


def _write(plan: _Plan, response: requests.Response, have: int) -> int:
    settings, written = plan.settings, have
    window_ends, at_window_start = time.monotonic() + settings.timeout_s, have
    with plan.part.open("ab" if have else "wb") as stream:
        # read1 gives what has come: a server that drips cannot outwait the clock.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            stream.write(chunk)
            written += len(chunk)
            now = time.monotonic()
            if written > settings.max_bytes:
                _forget(plan)
                raise FetchError(f"more than {settings.max_bytes} bytes")
            if now > plan.ends:
                raise FetchError(f"not done after {settings.max_s:g} seconds")
            if now > window_ends:
                if written - at_window_start < _LEAST_BYTES_PER_S * settings.timeout_s:
                    raise _TryAgainError("too slow to be a transfer")
                window_ends, at_window_start = now + settings.timeout_s, written
        stream.flush()
        os.fsync(stream.fileno())
    return written


def _retry_after_s(said: str) -> float | None:
    """Seconds to wait, from a number or a date (RFC 9110, 10.2.3)."""
    if said.isdecimal():
        return float(said)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    return None


def _in_words(error: Exception) -> Exception:
    """A network error as one to try again after, or to give up on."""
    if isinstance(error, requests.exceptions.SSLError):
        return FetchError("TLS failed")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return FetchError("no valid address")
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return _TryAgainError("no answer in time")
    if isinstance(error, requests.ConnectionError):
        cause = error.args[0] if error.args else None
        reason = getattr(cause, "reason", cause)
        if isinstance(reason, NameResolutionError) and _no_such_host(reason):
            return FetchError("no such host")
        return _TryAgainError("no connection")
    return _TryAgainError("broke off")


def _no_such_host(error: NameResolutionError) -> bool:
    cause = error.__cause__ or error.__context__
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME
