"""Transfers under every fault: the true bytes or none, resumed where they broke off."""

import hashlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faulty_server import FAULTS, ONLY_A_CHECKSUM_TELLS, body_of, serve
from pocus_data import hosts, video_pages
from pocus_data.errors import FetchError
from pocus_data.fetch import Wanted, fetch
from pocus_data.params import Download
from tests.conftest import REPOSITORY

NAME = "0.mp4"
BODY = body_of(NAME)
SHA = hashlib.sha256(BODY).hexdigest()
QUICK = Download(timeout_s=0.5, retries=2, retry_wait_s=0.01, max_wait_s=2, pause_s=0)
ONCE = QUICK.model_copy(update={"retries": 0})


class Faults:
    """What the server does to the next requests, in order; afterwards it is good."""

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.given: list[str] = []

    def choose(self, name: str) -> str:
        fault = self.plan.pop(0) if self.plan else ""
        self.given.append(fault)
        return fault


@pytest.fixture
def faulty() -> Iterator[tuple[Faults, str]]:
    faults = Faults()
    server, url = serve(faults.choose)
    yield faults, f"{url}/{NAME}"
    server.shutdown()
    server.server_close()


def pinned(url: str) -> Wanted:
    return Wanted((url,), SHA, len(BODY), ".mp4")


def unpinned(url: str) -> Wanted:
    return Wanted((url,), suffix=".mp4")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gives_the_true_bytes_or_one_line_and_then_a_good_server_gives_them(faulty, fault):
    faults, url = faulty
    for wanted in (pinned, unpinned):
        faults.plan = [fault]
        if wanted is unpinned and fault in ONLY_A_CHECKSUM_TELLS:
            continue
        try:
            got = fetch(wanted(url), ONCE)
        except FetchError as error:
            assert "\n" not in str(error) and str(error).startswith(url)
            got = fetch(wanted(url), ONCE)
        assert got.sha256 == SHA and got.path.read_bytes() == BODY
        got.path.unlink()


def test_what_broke_off_is_resumed_and_not_begun_again(faulty, monkeypatch):
    faults, url = faulty
    asked = []
    request = hosts.requests.Session.request

    def spy(session, *args, **kwargs):
        asked.append(kwargs["headers"].get("Range"))
        return request(session, *args, **kwargs)

    monkeypatch.setattr(hosts.requests.Session, "request", spy)
    faults.plan = ["cut after 50 %"]
    with pytest.raises(FetchError, match=r"broke off|no connection"):
        fetch(pinned(url), ONCE)
    assert fetch(pinned(url), ONCE).sha256 == SHA
    assert asked[0] is None
    start = int(asked[1].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start < len(BODY)


def test_pieces_of_two_versions_are_never_joined(faulty):
    faults, url = faulty
    faults.plan = ["another version, cut"]
    assert fetch(unpinned(url), QUICK).sha256 == SHA


def test_a_server_that_asks_to_wait_is_waited_for_within_limits(faulty):
    faults, url = faulty
    faults.plan = ["HTTP 503, wait until a date", "HTTP 429, wait 0 s"]
    assert fetch(pinned(url), QUICK).sha256 == SHA
    faults.plan = ["HTTP 429, wait a day"]
    with pytest.raises(FetchError, match=r"HTTP 429 .*; it asks to wait 86400 s"):
        fetch(unpinned(url), QUICK)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("ftp://example.org/a", "redirects from http to ftp, which is not followed"),
        ("file:///etc/passwd", "redirects from http to file, which is not followed"),
    ],
)
def test_redirects_to_other_kinds_of_places(server, location, said):
    url = server.give("/a.mp4", b"", 302, Location=location)
    with pytest.raises(FetchError, match=said):
        fetch(unpinned(url), ONCE)


def test_a_redirect_into_the_local_network(server, monkeypatch):
    inside = server.give("/inside.mp4", BODY)
    url = server.give("/a.mp4", b"", 302, Location=inside)
    # Seen from outside: the first address is a public one.
    private = hosts.is_private
    monkeypatch.setattr(hosts, "is_private", lambda place: private(place) and "a.mp4" not in place)
    with pytest.raises(FetchError, match="redirects to a private address"):
        fetch(unpinned(url), ONCE)
    allowed = ONCE.model_copy(update={"allow_private": True})
    assert fetch(unpinned(url), allowed).sha256 == SHA


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1/a", True),
        ("http://[::1]/a", True),
        ("http://10.1.2.3:81/a", True),
        ("http://169.254.169.254/latest", True),
        ("http://0/a", True),
        ("https://1.1.1.1/a", False),
        ("https://no.such.host.invalid/a", False),
    ],
)
def test_private_addresses(url, private):
    assert hosts.is_private(url) is private


def test_a_host_that_does_not_exist_is_asked_for_once(monkeypatch):
    asked = []

    def unknown(name, *_: object, **__: object) -> None:
        asked.append(name)
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("a", "b", "c"):
        with pytest.raises(FetchError, match="no such host"):
            fetch(unpinned(f"http://nowhere-{id(asked)}.invalid/{name}.mp4"), ONCE)
    assert len(asked) == 1


def test_behind_a_proxy_names_are_the_proxys_business(server, monkeypatch):
    url = "http://only-the-proxy-knows.invalid/a.mp4"
    server.give(url, BODY)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    assert fetch(unpinned(url), ONCE).sha256 == SHA


def test_a_catalogued_size_spares_a_transfer_of_other_content(server):
    url = server.give("/a.mp4", BODY + b"more")
    with pytest.raises(FetchError, match=r"is \d+ bytes, the catalog says \d+: other content"):
        fetch(pinned(url), ONCE)


def test_archived_copies_come_last(server):
    gone, kept = server.url + "/gone.mp4", server.give("/kept.mp4", BODY)
    entry = Wanted((gone,), SHA, len(BODY), ".mp4", archives=(kept,))
    assert fetch(entry, ONCE).url_used == kept
    assert server.asked == ["/gone.mp4", "/kept.mp4"]


def test_few_requests_at_once_to_one_host_with_a_pause_between(server):
    settings = ONCE.model_copy(update={"per_host": 1, "pause_s": 0.15})
    started = time.monotonic()
    for number in range(3):
        fetch(unpinned(server.give(f"/{number}.mp4", BODY + bytes([number]))), settings)
    assert time.monotonic() - started >= 0.3


def test_kill_9_loses_no_finished_file_and_leaves_nothing_believed(faulty, work_cache):
    faults, url = faulty
    faults.plan = ["slow loris"] * 3
    code = f"""
from pocus_data.fetch import Wanted, fetch
from pocus_data.params import Download
fetch(Wanted(({url!r},), suffix=".mp4"), Download(timeout_s=30, retries=0))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    deadline = time.monotonic() + 30
    while not list(work_cache.rglob("*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path for path in (work_cache / "downloads").rglob("*") if path.is_file()] == []
    faults.plan = []
    assert fetch(unpinned(url), ONCE).path.read_bytes() == BODY


def test_two_processes_bring_one_file_once(faulty):
    _, url = faulty
    code = f"""
from pocus_data.fetch import Wanted, fetch
from pocus_data.params import Download
print(fetch(Wanted(({url!r},), {SHA!r}, suffix=".mp4"), Download()).sha256)
"""
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=REPOSITORY, stdout=-1, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [SHA, SHA]


def fake_yt_dlp(folder: Path, script: str) -> None:
    package = folder / "yt_dlp"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(script)


def test_a_video_page_is_left_to_yt_dlp(tmp_path, monkeypatch):
    wrote = f"""
import sys
words = sys.argv[1:]
assert words[words.index("--format") + 1] == "134" and words[-2:] == ["--", "https://v.example/1"]
open(words[words.index("--output") + 1].replace("%%", "%"), "wb").write({BODY!r})
"""
    fake_yt_dlp(tmp_path, wrote)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    entry = Wanted(("https://v.example/1",), SHA, suffix=".mp4", yt_dlp_format="134")
    assert fetch(entry, ONCE).path.read_bytes() == BODY


def test_what_yt_dlp_cannot_bring(tmp_path, monkeypatch):
    fake_yt_dlp(tmp_path, "import sys; sys.exit('ERROR: [youtube] 1: Video unavailable')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    entry = Wanted(("https://v.example/1",), suffix=".mp4", yt_dlp_format="134")
    with pytest.raises(FetchError, match=r"yt-dlp: ERROR: \[youtube\] 1: Video unavailable"):
        fetch(entry, ONCE)
    monkeypatch.setattr(video_pages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FetchError, match=r"pip install 'pocus-data\[web\]'"):
        fetch(entry, ONCE)
