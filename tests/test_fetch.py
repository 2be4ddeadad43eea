"""Bytes are believed only after their checksum; nothing already fetched is lost."""

import errno
import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pocus_data import transfer
from pocus_data.errors import FetchError, PocusError
from pocus_data.fetch import Wanted, fetch, remember
from pocus_data.params import Download
from tests.conftest import CLIP

BODY = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40
SHA = hashlib.sha256(BODY).hexdigest()
QUICK = Download(timeout_s=2, retries=0, retry_wait_s=0.01, pause_s=0)


def wanted(*downloads: str, sha256: str = "") -> Wanted:
    return Wanted(downloads, sha256, suffix=".mp4")


def files(cache: Path) -> list[str]:
    """What is believed, or in somebody's way; pieces that wait to be resumed are neither."""
    folders = ("downloads", "unpinned", "tmp")
    found = [path for name in folders for path in (cache / name).rglob("*") if path.is_file()]
    return sorted(path.name for path in found)


def test_a_pinned_download(server):
    url = server.give("/a.mp4", BODY)
    got = fetch(wanted(url, sha256=SHA), QUICK)
    assert got.path.read_bytes() == BODY
    assert (got.sha256, got.url_used) == (SHA, url)


def test_the_cache_spares_the_network_and_remembers_who_gave_it(server):
    url = server.give("/a.mp4", BODY)
    first = fetch(wanted(url, sha256=SHA), QUICK)
    server.answers.clear()
    assert fetch(wanted(url, sha256=SHA), QUICK) == first
    assert server.asked == ["/a.mp4"]


def test_an_unpinned_download_says_what_it_got_and_is_kept(server):
    url = server.give("/a.mp4", BODY)
    got = fetch(wanted(url, sha256=""), QUICK)
    assert got.sha256 == SHA
    remember(got)
    server.answers.clear()
    assert fetch(wanted(url, sha256=""), QUICK) == got


def test_unpinned_bytes_that_proved_unreadable_are_asked_for_again(server):
    url = server.give("/a.mp4", b"rate limit exceeded, try later")
    fetch(wanted(url, sha256=""), QUICK)
    server.give("/a.mp4", BODY)
    assert fetch(wanted(url, sha256=""), QUICK).sha256 == SHA


def test_another_entrys_bytes_keep_this_entrys_address(server):
    first, second = server.give("/a.mp4", BODY), server.give("/b.mp4", BODY)
    fetch(wanted(first, sha256=SHA), QUICK)
    assert fetch(wanted(second, sha256=SHA), QUICK).url_used == second


def test_a_length_that_is_no_number(server):
    url = server.give("/a.mp4", BODY, Content_Length="many", Connection="close")
    assert fetch(wanted(url, sha256=SHA), QUICK).sha256 == SHA


def test_a_damaged_cache_file_is_fetched_again(server):
    url = server.give("/a.mp4", BODY)
    got = fetch(wanted(url, sha256=SHA), QUICK)
    got.path.write_bytes(b"rot")
    assert fetch(wanted(url, sha256=SHA), QUICK).path.read_bytes() == BODY


def test_wrong_bytes_are_named_and_not_kept(server, work_cache):
    url = server.give("/a.mp4", BODY + b"!")
    with pytest.raises(FetchError, match=rf"{url}: sha256 is [0-9a-f]{{64}}, the catalog says"):
        fetch(wanted(url, sha256=SHA), QUICK)
    assert files(work_cache) == []


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<!DOCTYPE html><p>gone", 200, "a web page, not a video"),
        (b"", 200, "empty file"),
        (b"no", 403, "HTTP 403"),
        (b"no", 500, "HTTP 500"),
    ],
)
def test_what_servers_send_in_place_of_a_video(server, work_cache, body, status, said):
    url = server.give("/a.mp4", body, status)
    with pytest.raises(FetchError, match=said):
        fetch(wanted(url, sha256=""), QUICK)
    assert files(work_cache) == []


def test_a_transfer_that_breaks_off(server, work_cache):
    url = server.give("/a.mp4", BODY[:500], Content_Length=str(len(BODY)))
    with pytest.raises(FetchError):
        fetch(wanted(url, sha256=""), QUICK)
    assert files(work_cache) == []


def test_more_bytes_than_allowed(server):
    url = server.give("/a.mp4", BODY)
    with pytest.raises(FetchError, match="more than 100 bytes"):
        fetch(wanted(url, sha256=SHA), Download(retries=0, max_bytes=100))


def test_nobody_listens():
    with pytest.raises(FetchError, match="no connection"):
        fetch(wanted("http://127.0.0.1:9/a.mp4", sha256=SHA), QUICK)


def test_a_server_that_never_answers(server):
    server.answers["/slow.mp4"] = lambda handler: __import__("time").sleep(3)
    with pytest.raises(FetchError, match=r"no answer in time|no connection"):
        fetch(wanted(server.url + "/slow.mp4", sha256=SHA), Download(timeout_s=0.5, retries=0))


def test_the_next_address_is_tried(server):
    good = server.give("/good.mp4", BODY)
    got = fetch(wanted(server.url + "/gone.mp4", good, sha256=SHA), QUICK)
    assert got.url_used == good


class TestMirror:
    ROOT = "https://example.invalid/data/"
    URL = ROOT + "videos/Day%2B1%20(2).mp4"

    def settings(self, mirror: str) -> Download:
        return Download(mirrors=(mirror,), mirror_of=self.ROOT, timeout_s=2, retries=0)

    def test_a_folder_comes_before_the_internet(self, tmp_path):
        (tmp_path / "videos").mkdir()
        (tmp_path / "videos" / "Day+1 (2).mp4").write_bytes(BODY)
        got = fetch(wanted(self.URL, sha256=SHA), self.settings(str(tmp_path)))
        # The catalog's address is recorded: a mirror only stands for it.
        assert got.url_used == self.URL

    def test_an_address_works_too(self, server):
        server.give("/copy/videos/Day%2B1%20(2).mp4", BODY)
        got = fetch(wanted(self.URL, sha256=SHA), self.settings(server.url + "/copy"))
        assert got.sha256 == SHA

    def test_its_own_address_is_not_shown(self, server):
        secret = server.url.replace("http://", "http://user:secret@")
        with pytest.raises(FetchError) as caught:
            fetch(wanted(self.URL, sha256=SHA), self.settings(secret))
        assert "secret" not in str(caught.value) and "HTTP 404" in str(caught.value)

    def test_an_empty_mirror_says_so(self, tmp_path):
        with pytest.raises(FetchError, match=r"mirror:videos/Day\+1 \(2\)\.mp4: no such file"):
            fetch(wanted(self.URL, sha256=SHA), self.settings(str(tmp_path)))

    def test_a_mirror_that_serves_wrong_bytes(self, tmp_path, work_cache):
        (tmp_path / "mirror" / "videos").mkdir(parents=True)
        (tmp_path / "mirror" / "videos" / "Day+1 (2).mp4").write_bytes(BODY[::-1])
        with pytest.raises(FetchError, match=r"mirror:videos/Day\+1 \(2\)\.mp4: sha256 is"):
            fetch(wanted(self.URL, sha256=SHA), self.settings(str(tmp_path / "mirror")))
        assert files(work_cache) == []

    def test_an_address_cannot_lead_out_of_the_mirror(self, tmp_path):
        (tmp_path / "mirror").mkdir()
        (tmp_path / "secret.mp4").write_bytes(BODY)
        url = self.ROOT + "..%2Fsecret.mp4"
        with pytest.raises(FetchError):
            fetch(wanted(url, sha256=SHA), self.settings(str(tmp_path / "mirror")))


def test_a_full_disk_is_one_line_and_keeps_what_was_fetched(server, monkeypatch, work_cache):
    kept = fetch(wanted(server.give("/a.mp4", BODY), sha256=SHA), QUICK)
    url = server.give("/b.mp4", BODY + b"b")

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(transfer, "_write", full)
    with pytest.raises(PocusError, match="the disk is full; free some space"):
        fetch(wanted(url, sha256=""), QUICK)
    assert kept.path.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, where this machine lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["mirror", "phantom .mp4", "phantom .mjpeg.avi", "phantom .gif"])
def test_a_really_full_disk(mp4, tmp_path, small_disk, monkeypatch, kind):
    monkeypatch.setenv("POCUS_CACHE", str(small_disk))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "big.mp4").write_bytes(mp4.read_bytes() + bytes(200_000))
    root = "https://example.invalid/"
    settings = Download(mirrors=(str(tmp_path / "mirror"),), mirror_of=root, retries=0)
    url = root + "big.mp4"
    if kind != "mirror":
        url = replace(CLIP, codec=kind.split()[1], width=480, height=480).url
    with pytest.raises(PocusError, match="the disk is full; free some space") as caught:
        fetch(wanted(url, sha256=""), settings)
    assert "\n" not in str(caught.value)
    assert files(small_disk) == []


def test_a_phantom_address_is_drawn_not_fetched():
    first = fetch(wanted(CLIP.url, sha256=""), QUICK)
    assert first.path.stat().st_size > 1000
    assert first.url_used == CLIP.url


def test_an_entry_without_downloads():
    with pytest.raises(FetchError, match="lists no download"):
        fetch(wanted(sha256=""), QUICK)
