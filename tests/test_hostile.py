"""Hostile and broken media: a row with a reason each, their neighbours untouched."""

import random
import struct
import zlib
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pocus_data import parallel, video
from pocus_data.download import download_all
from pocus_data.errors import MediaError
from pocus_data.params import Download
from pocus_data.tables import CATALOG_COLUMNS

ROOT = "https://example.invalid/"


def through_the_stage(folder: Path, files: dict[str, bytes]) -> dict[str, dict]:
    """Run the download stage over files that a mirror serves under these names."""
    mirror = folder / "mirror"
    mirror.mkdir()
    rows = []
    for number, (name, content) in enumerate(files.items()):
        (mirror / f"{number}").write_bytes(content)
        rows.append(
            dict.fromkeys(CATALOG_COLUMNS, "")
            | {"video_id": f"v{number}", "file": name, "downloads": ROOT + quote(str(number))}
            | {"bytes": None}
        )
    found = download_all(
        pd.DataFrame(rows), folder / "videos", Download(mirrors=(str(mirror),), mirror_of=ROOT)
    )
    return dict(zip(files, found, strict=True))


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one line of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    line = zlib.compress(b"\0" * (1 + 3 * min(width, 4096)))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", line) + chunk(b"IEND", b"")


def gif_bomb(side: int, frames: int) -> bytes:
    """A GIF of few bytes that claims many frames of many pixels."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x4c\x01\x00"
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", side, side, 0x80, 0, 0)
        + b"\0\0\0\xff\xff\xff"
        + frame * frames
        + b";"
    )


def long_claim(mp4: bytes) -> bytes:
    """A clip whose header says that it lasts ten hours."""
    data = bytearray(mp4)
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.find(box)
        if at > 0:
            data[at + 20 : at + 24] = struct.pack(">I", 36_000 * 1000)
    return bytes(data)


def test_broken_files_are_rows_with_a_reason_and_good_ones_stay_good(clips, tmp_path):
    good = clips[".mp4"][1].read_bytes()
    files = {"good 'é' #1 100%.mp4": good}
    for codec, (_, path) in clips.items():
        whole = path.read_bytes()
        for tenth in range(1, 10):
            files[f"cut{tenth}{codec}"] = whole[: len(whole) * tenth // 10]
    files |= {
        "zero.mp4": b"",
        "page.mp4": b"<html><body>404</body></html>",
        "text.mp4": b"just words, and many of them " * 50,
        "zeros.mp4": bytes(4096),
        "huge.png": png(100_000, 100_000),
        "bomb.gif": gif_bomb(65_000, 50),
        "playlist.mp4": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "long.mp4": long_claim(good),
        "last good.mp4": good + b"",
    }
    rows = through_the_stage(tmp_path, files)
    for name in ("good 'é' #1 100%.mp4", "last good.mp4"):
        assert rows[name]["status"] == "available", rows[name]
        assert rows[name]["frames"] == 26
    for name, row in rows.items():
        if row["status"] == "available":
            # What is believed has frames of a clip's size, and most of what it promised.
            assert row["frames"] >= 1 and row["width"] == 160, name
        else:
            assert row["reason"] and "\n" not in row["reason"] and "Traceback" not in row["reason"]
    for name in ("zero.mp4", "page.mp4", "text.mp4", "huge.png", "bomb.gif", "playlist.mp4"):
        assert rows[name]["status"] != "available", name


@pytest.mark.parametrize("codec", [".mp4", ".mpeg", ".gif", ".mjpeg.avi", ".mov"])
def test_no_mutation_of_a_real_container_does_more_than_raise_a_media_error(clips, codec, tmp_path):
    if codec not in clips:
        pytest.skip("not a codec of the synthetic scanner")
    whole = clips[codec][1].read_bytes()
    path = tmp_path / f"mutant{codec}"

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32), st.integers(1, 40))
    def fuzz(seed: int, count: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - mutations
        data = bytearray(whole)
        for _ in range(count):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at : at + 4] = rng.randbytes(4)
            else:
                del data[at : at + rng.randrange(1, 64)]
        path.write_bytes(data)
        try:
            found = video.probe(path)
        except MediaError as error:
            assert "\n" not in str(error)
        else:
            assert found.frames >= 1 and found.width > 0

    fuzz()


def test_a_link_and_names_that_would_escape(tmp_path, mp4, monkeypatch):
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(mp4.read_bytes())
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "link.mp4").symlink_to(outside)
    rows = [
        dict.fromkeys(CATALOG_COLUMNS, "")
        | {"video_id": name, "file": f"{name}.mp4", "bytes": None}
        | {"downloads": ROOT + place}
        for name, place in (("link", "link.mp4"), ("up", "..%2Foutside.mp4"))
    ]
    settings = Download(mirrors=(str(mirror),), mirror_of=ROOT, retries=0, timeout_s=1)
    found = download_all(pd.DataFrame(rows), tmp_path / "videos", settings)
    assert [row["status"] for row in found] == ["unavailable", "unavailable"]


def hang(item: int) -> int:
    while item == 1:
        pass
    return item


def eat(item: int) -> int:
    return len(bytearray((parallel.LIMIT_BYTES + (1 << 30)) if item == 1 else 1))


def test_a_task_that_hangs_or_eats_memory_is_ended_alone():
    done = parallel.over_processes(hang, range(3), "hang", lambda item: -item, limit_s=1)
    assert done == [0, -1, 2]
    assert parallel.over_processes(eat, range(3), "eat", lambda item: -item) == [1, -1, 1]


def test_a_picture_is_a_clip_of_one_frame(tmp_path):
    picture = tmp_path / "a.png"
    Image.effect_noise((64, 48), 50).save(picture)
    found = video.probe(picture)
    assert (found.frames, found.width, found.height, found.frame_rate_hz) == (1, 64, 48, None)
