"""Fixtures: synthetic clips of every container, a catalog to break, a server to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pocus_data import phantom

REPOSITORY = Path(__file__).resolve().parents[1]
# Small and short: what matters here is the container.
CLIP = phantom.ClipSpec(
    "healthy", patient=3, clip=1, frames=26, frame_rate_hz=25, width=160, height=160
)


@pytest.fixture(autouse=True)
def work_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work cache of the test's own, and no mirror but what it names."""
    monkeypatch.setenv("POCUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("POCUS_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[phantom.ClipSpec, Path]]:
    """One clip in each container and codec of the real data."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for codec in phantom.CODECS:
        rate_hz = 12.5 if codec == ".gif" else 25.0
        spec = phantom.ClipSpec(
            **{**CLIP.__dict__, "codec": codec, "frame_rate_hz": rate_hz},
        )
        path = folder / f"clip{codec}"
        phantom.render(spec.url, path)
        made[codec] = (spec, path)
    return made


@pytest.fixture(scope="session")
def mp4(clips: dict[str, tuple[phantom.ClipSpec, Path]]) -> Path:
    """A good clip."""
    return clips[".mp4"][1]


ENTRY = {
    "id": "clip-1",
    "file": "clip-1.mp4",
    "class": "healthy",
    "media": "video",
    "probe": "convex",
    "patient": "source-1",
    "md_comment": "A-lines",
}
SOURCE = {
    "id": "source",
    "name": "Here",
    "url": "https://example.org",
    "kind": "test",
    "license": "CC-BY-4.0",
}


@pytest.fixture
def write_catalog(tmp_path: Path) -> Callable[..., Path]:
    """Write ``catalog/here/source.yaml`` under a root of its own; returns the root."""
    import yaml

    def write(
        *videos: dict[str, Any],
        text: str | bytes | None = None,
        source: dict[str, Any] | None = None,
    ) -> Path:
        root = tmp_path / "root"
        folder = root / "catalog" / "here"
        folder.mkdir(parents=True, exist_ok=True)
        head = SOURCE | (source or {})
        # None takes a field away.
        entries = [
            {key: value for key, value in (ENTRY | video).items() if value is not None}
            for video in videos
        ]
        if text is None:
            content = {"source": head, "videos": entries}
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        raw = text if isinstance(text, bytes) else text.encode()
        (folder / "source.yaml").write_bytes(raw)
        return root

    return write


@dataclass
class Server:
    """A real HTTP server on this machine; ``answers`` maps a path to what it does."""

    url: str = ""
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def give(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Answer ``path`` with bytes; returns its address."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            sent = {"Content-Length": str(len(body))} | {
                name.replace("_", "-"): value for name, value in headers.items()
            }
            for name, value in sent.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return self.url + path


@pytest.fixture
def server() -> Iterator[Server]:
    """A ``Server`` that answers 404 to all it was not told about."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            answer = state.answers.get(self.path)
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{httpd.server_port}"
    yield state
    httpd.shutdown()
    httpd.server_close()
