"""A local HTTP server that gives files, and every kind of trouble on the way."""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# How long a server that says no more keeps the line open; clients here wait less.
STALL_S = 1.5


def body_of(name: str) -> bytes:
    """The true bytes of a file: 20 to 120 KB, drawn from its name."""
    rng = random.Random(name)  # noqa: S311 - a file to serve
    return b"\x00\x00\x00\x18ftypmp42" + rng.randbytes(rng.randint(20_000, 120_000))


class Request:
    """One request and the ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.handler = handler
        self.name = urlsplit(handler.path).path.rsplit("/", 1)[-1]
        self.body = body_of(self.name)
        self.tag = f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'
        self.start = 0
        wanted = handler.headers.get("Range", "")
        if wanted.startswith("bytes=") and handler.headers.get("If-Range") == self.tag:
            self.start = int(wanted.removeprefix("bytes=").rstrip("-"))

    def head(self, status: int, **fields: object) -> None:
        """Send a status and fields; underscores in their names are hyphens."""
        self.handler.send_response(status)
        for name, value in fields.items():
            if value is not None:
                self.handler.send_header(name.replace("_", "-"), str(value))
        self.handler.end_headers()

    def good(self, upto: float = 1.0, **fields: object) -> None:
        """The file, or the part that was asked for; ``upto`` of it before the line is cut."""
        whole = len(self.body)
        if self.start >= whole:
            self.head(416, Content_Range=f"bytes */{whole}", Content_Length=0)
            return
        part = self.body[self.start :]
        span = f"bytes {self.start}-{whole - 1}/{whole}" if self.start else None
        known = {"Content_Type": "video/mp4", "Content_Length": len(part), "ETag": self.tag}
        self.head(206 if self.start else 200, **(known | {"Content_Range": span} | fields))
        self.handler.wfile.write(part[: int(upto * len(part))])
        if upto < 1:
            self.cut()

    def cut(self) -> None:
        """Reset the connection."""
        self.handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.close_connection = True

    def fail(self, status: int, **fields: object) -> None:
        """An answer without the file."""
        self.head(status, Content_Length=2, **fields)
        self.handler.wfile.write(b"no")


def _page(request: Request, content_type: str) -> None:
    page = b"<!DOCTYPE html><title>Sorry</title>" * 40
    request.head(200, Content_Type=content_type, Content_Length=len(page))
    request.handler.wfile.write(page)


def _drip(request: Request) -> None:
    request.head(200, Content_Length=len(request.body), ETag=request.tag)
    request.handler.wfile.write(request.body[:100])
    request.handler.wfile.flush()
    time.sleep(STALL_S)
    request.cut()


def _stall(request: Request) -> None:
    time.sleep(STALL_S)
    request.cut()


def _other_range(request: Request) -> None:
    body, start = request.body, max(0, request.start - 7)
    span = f"bytes {start}-{len(body) - 1}/{len(body)}"
    request.head(206, Content_Length=len(body) - start, Content_Range=span, ETag=request.tag)
    request.handler.wfile.write(body[start:])


def _other_whole(request: Request) -> None:
    body, whole = request.body, len(request.body) + 99
    span = f"bytes {request.start}-{len(body) - 1}/{whole}"
    request.head(206, Content_Length=len(body) - request.start, Content_Range=span)
    request.handler.wfile.write(body[request.start :])


def _range_ignored(request: Request) -> None:
    request.start = 0
    request.good()


def _new_version(request: Request) -> None:
    """Half of another version, under another tag; the next request finds the true one."""
    other = request.body[::-1]
    request.head(200, Content_Length=len(other), ETag='"another"')
    request.handler.wfile.write(other[: len(other) // 2])
    request.cut()


def _zipped(request: Request) -> None:
    packed = gzip.compress(request.body)
    request.head(200, Content_Encoding="gzip", Content_Length=len(packed))
    request.handler.wfile.write(packed)


def _zipped_and_cut(request: Request) -> None:
    packed = gzip.compress(request.body)
    request.head(200, Content_Encoding="gzip", Content_Length=len(packed))
    request.handler.wfile.write(packed[: len(packed) // 2])
    request.cut()


def _chunks_without_end(request: Request) -> None:
    request.head(200, Transfer_Encoding="chunked")
    half = request.body[: len(request.body) // 2]
    request.handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
    request.cut()


def _too_short(request: Request) -> None:
    request.head(200, Content_Length=len(request.body) - 50)
    request.handler.wfile.write(request.body[:-50])


def _too_long(request: Request) -> None:
    request.head(200, Content_Length=len(request.body) + 50)
    request.handler.wfile.write(request.body)
    request.cut()


def _wrong_bytes(request: Request) -> None:
    body = bytearray(request.body)
    body[len(body) // 2] ^= 0x40
    request.head(200, Content_Length=len(body))
    request.handler.wfile.write(body)


def _soon(request: Request) -> None:
    date = email.utils.formatdate(time.time() + 0.5, usegmt=True)
    request.fail(503, Retry_After=date)


FAULTS: dict[str, Callable[[Request], None]] = {
    **{
        f"cut after {tenth}0 %": (lambda request, tenth=tenth: request.good(tenth / 10))
        for tenth in range(1, 10)
    },
    **{f"HTTP {code}": (lambda request, code=code: request.fail(code)) for code in (500, 502, 504)},
    "HTTP 403": lambda request: request.fail(403),
    "HTTP 404": lambda request: request.fail(404),
    "HTTP 429, wait 0 s": lambda request: request.fail(429, Retry_After=0),
    "HTTP 429, wait a day": lambda request: request.fail(429, Retry_After=86_400),
    "HTTP 503, wait until a date": _soon,
    "no answer": _stall,
    "slow loris": _drip,
    "reset at once": lambda request: request.cut(),
    "empty body": lambda request: request.head(200, Content_Length=0),
    "length too short": _too_short,
    "length too long": _too_long,
    "another range": _other_range,
    "another whole": _other_whole,
    "range ignored": _range_ignored,
    "nothing at that range": lambda request: request.fail(416, Content_Range="bytes */7"),
    "another version, cut": _new_version,
    "gzip": _zipped,
    "gzip, cut": _zipped_and_cut,
    "chunks without end": _chunks_without_end,
    "redirect loop": lambda request: request.fail(302, Location=request.handler.path),
    "redirect to ftp": lambda request: request.fail(302, Location="ftp://example.org/x"),
    "redirect to no host": lambda request: request.fail(302, Location="http://nowhere.invalid/x"),
    "redirect to no TLS": lambda request: request.fail(
        302,
        Location=f"https://127.0.0.1:{request.handler.server.server_port}/x",  # type: ignore[attr-defined]
    ),
    "a page, said so": lambda request: _page(request, "text/html; charset=utf-8"),
    "a page, said to be a video": lambda request: _page(request, "video/mp4"),
    "wrong bytes": _wrong_bytes,
}
# Nobody can tell these from the truth without a checksum.
ONLY_A_CHECKSUM_TELLS = {"length too short", "wrong bytes"}


def serve(choose: Callable[[str], str]) -> tuple[ThreadingHTTPServer, str]:
    """Start a server; ``choose`` names the fault for a file's next request, or nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = Request(self)
            fault = choose(request.name)
            try:
                FAULTS[fault](request) if fault else request.good()
            except OSError:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"
