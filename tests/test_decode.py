"""Decoding against ffmpeg's own output: the same frames, the same pixels, at the same times."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from pocus_data.video import probe, read_frames

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
# Moving, coloured, with an odd number of chroma samples.
SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=162x122:rate=25:duration=1.2")
H264 = ("-c:v", "libx264", "-pix_fmt")


def ffmpeg(*words: str | Path) -> bytes:
    command = [FFMPEG, "-y", "-loglevel", "error", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def as_ffmpeg_shows(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Every frame of a file as ffmpeg writes it: ``(frames, height, width, 3)``."""
    raw = ffmpeg("-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, *shape)


def both(path: Path) -> tuple[np.ndarray, np.ndarray]:
    found = probe(path)
    ours = np.stack(read_frames(path, found, list(range(found.frames))))
    assert ours.shape[1:] == (found.height, found.width, 3)
    return ours, as_ffmpeg_shows(path, ours.shape[1:])


EXACT = {
    "h264.mp4": (*H264, "yuv420p"),
    "full range.mp4": (*H264, "yuvj420p"),
    "444.mp4": (*H264, "yuv444p"),
    "grey.mp4": (*H264, "gray"),
    "bt709.mp4": (*H264, "yuv420p", "-colorspace", "bt709", "-color_trc", "bt709"),
    "b-frames.mov": (*H264, "yuv420p", "-bf", "3"),
    "mpeg2.mpeg": ("-c:v", "mpeg2video", "-q:v", "3"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-q:v", "3"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "3"),
    "raw.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    "palette.gif": (),
    "palette.png": ("-frames:v", "1", "-pix_fmt", "pal8"),
    "deep.png": ("-frames:v", "1", "-pix_fmt", "rgb24"),
}


@pytest.mark.parametrize("name", EXACT)
def test_bit_for_bit(tmp_path, name):
    path = tmp_path / name
    ffmpeg(*SOURCE, *EXACT[name], path)
    ours, theirs = both(path)
    assert np.array_equal(ours, theirs)


# Codings in which some frames need not be decoded when others are asked for.
SKIPPING = {
    "b-pyramid.mp4": (*H264, "yuv420p", "-bf", "4", "-g", "12"),
    "b-frames.mpeg": ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2"),
    "b-frames.mkv": ("-c:v", "mpeg4", "-q:v", "3", "-bf", "2"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=error"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "interlaced.ts": ("-vf", "scale=160:128", *H264, "yuv420p", "-x264opts", "tff=1"),
    "intra.avi": ("-c:v", "mjpeg", "-q:v", "3"),
    "intra.mov": ("-c:v", "mjpeg", "-q:v", "3"),
    "delays.gif": (),
}


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", SKIPPING)
def test_frames_chosen_are_those_of_a_whole_decoding(tmp_path, monkeypatch, name, threads):
    monkeypatch.setattr("pocus_data.ffmpeg.threads_each", lambda: threads)
    path = tmp_path / name
    ffmpeg(*SOURCE, *SKIPPING[name], path)
    found = probe(path)
    whole = read_frames(path, found, list(range(found.frames)))
    for chosen in ([0], [found.frames - 1], [1, 2, 17], list(range(0, found.frames, 7))):
        part = read_frames(path, found, chosen)
        assert all(np.array_equal(whole[n], got) for n, got in zip(chosen, part, strict=True))


def test_most_codings_tell_their_frames_before_decoding(tmp_path):
    for name in ("b-pyramid.mp4", "b-frames.mkv", "intra.mov"):
        ffmpeg(*SOURCE, *SKIPPING[name], tmp_path / name)
        found = probe(tmp_path / name)
        assert len(found.stamps) == found.frames, name


def test_ten_bits_within_rounding(tmp_path):
    # Ten bits to eight goes through a general scaler, which differs between ffmpeg's versions at
    # the edges of colours; on grey it may round otherwise, no more.
    path = tmp_path / "ten.mp4"
    ramp = ("-f", "lavfi", "-i", "gradients=size=160x120:c0=black:c1=white:duration=0.4:seed=1")
    ffmpeg(*ramp, "-vf", "hue=s=0", *H264, "yuv420p10le", path)
    ours, theirs = both(path)
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2


def test_interlaced_lines_stay_where_they_are(tmp_path):
    # Scanners code grey pictures as interlaced MPEG-2; only colours could bleed between fields.
    path = tmp_path / "interlaced.mpeg"
    fields = ("-vf", "hue=s=0,setfield=tff", "-flags", "+ildct+ilme")
    ffmpeg(*SOURCE, *fields, "-c:v", "mpeg2video", "-q:v", "3", path)
    ours, theirs = both(path)
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_clip_that_was_held_sideways(tmp_path, degrees):
    ffmpeg(*SOURCE, *H264, "yuv420p", tmp_path / "up.mp4")
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", degrees, "-i", tmp_path / "up.mp4", "-c", "copy", turned)
    ours, theirs = both(turned)
    assert ours.shape[1:3] == ((162, 122) if degrees % 180 else (122, 162))
    assert np.array_equal(ours, theirs)


def test_an_edit_list_shows_a_part(tmp_path):
    ffmpeg(*SOURCE, *H264, "yuv420p", tmp_path / "whole.mp4")
    part = tmp_path / "part.mp4"
    ffmpeg("-ss", "0.5", "-i", tmp_path / "whole.mp4", "-c", "copy", part)
    ours, theirs = both(part)
    assert 10 < len(ours) < 30 and np.array_equal(ours, theirs)


def test_a_variable_rate_keeps_its_times(tmp_path):
    path = tmp_path / "variable.mp4"
    kept = ("-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr")
    ffmpeg(*SOURCE, *kept, *H264, "yuv420p", path)
    numbers = [n for n in range(30) if n % 3 == 0 or n % 7 == 0]
    assert np.allclose(probe(path).times_s, np.array(numbers) / 25, atol=1e-3)
    ours, theirs = both(path)
    assert np.array_equal(ours, theirs)


def test_a_gif_keeps_its_delays(tmp_path):
    pictures = [Image.new("L", (40, 40), level) for level in (0, 90, 180, 250)]
    path = tmp_path / "slow.gif"
    delays_ms = [100, 500, 50, 200]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=delays_ms)
    assert np.allclose(probe(path).times_s, [0, 0.1, 0.6, 0.65], atol=1e-3)
