"""Clips of every container are measured and read by presentation time; broken ones say why."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pocus_data import phantom, video
from pocus_data.errors import MediaError
from tests.conftest import CLIP

CONTAINERS = {
    ".mp4": ("mov", "h264"),
    ".mov": ("mov", "h264"),
    ".avi": ("avi", "mpeg4"),
    ".mjpeg.avi": ("avi", "mjpeg"),
    ".mpeg": ("mpeg", "mpeg2video"),
    ".gif": ("gif", "gif"),
}


@pytest.mark.parametrize("codec", CONTAINERS)
def test_probe_measures_what_was_drawn(clips, codec):
    spec, path = clips[codec]
    found = video.probe(path)
    assert (found.container, found.codec) == CONTAINERS[codec]
    assert (found.width, found.height) == (spec.width, spec.height)
    assert found.frames == spec.frames
    assert found.frame_rate_hz == pytest.approx(spec.frame_rate_hz, rel=0.01)
    assert found.times_s == pytest.approx(phantom.frame_times_s(spec), abs=2e-3)


@pytest.mark.parametrize("codec", CONTAINERS)
def test_frames_are_those_that_were_drawn(clips, codec):
    spec, path = clips[codec]
    drawn = phantom.frames(spec)
    indices = [0, 7, 25]
    read = video.read_frames(path, video.probe(path), indices)
    for index, frame in zip(indices, read, strict=True):
        assert frame.shape == (spec.height, spec.width, 3)
        error = np.abs(frame.mean(axis=2) - drawn[index]).mean()
        # Lossy codecs blur speckle; another frame would be much farther off.
        assert error < 6, (codec, index, error)


def test_a_gif_keeps_its_uneven_delays(tmp_path):
    spec = replace(CLIP, codec=".gif", frame_rate_hz=15, frames=10)
    phantom.render(spec.url, tmp_path / "a.gif")
    steps = np.diff(video.probe(tmp_path / "a.gif").times_s)
    assert sorted(set(np.round(steps, 3))) == [0.06, 0.07]


def test_one_frame_has_no_rate(tmp_path):
    phantom.render(replace(CLIP, frames=1).url, tmp_path / "a.mp4")
    found = video.probe(tmp_path / "a.mp4")
    assert found.frames == 1 and found.frame_rate_hz is None and found.duration_s == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a video or image"),
        (b"<html><body>not found</body></html>", "not a video or image"),
        (b"just text " * 100, "not a video or image"),
        (b"GIF89a", "not a video or image"),
    ],
)
def test_files_that_are_no_video(tmp_path, content, said):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=rf"clip\.mp4: .*{said}"):
        video.probe(path)


@pytest.mark.parametrize("codec", CONTAINERS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_a_truncated_clip_never_passes_for_whole(clips, tmp_path, codec, share):
    spec, whole = clips[codec]
    path = tmp_path / f"cut{codec}"
    content = whole.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    try:
        found = video.probe(path)
    except MediaError as error:
        assert str(error).startswith(path.name)
    else:
        # MPEG streams and GIFs promise no length; what is there is read, and counted.
        assert codec in {".mpeg", ".gif"}
        assert found.frames < spec.frames


def test_a_playlist_does_not_open_other_files(tmp_path, mp4):
    path = tmp_path / "list.mp4"
    shutil.copy(mp4, tmp_path / "neighbour.mp4")
    path.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    with pytest.raises(MediaError, match="concat is no format of clips"):
        video.probe(path)


def test_frames_of_two_sizes_are_no_clip(tmp_path, clips):
    phantom.render(replace(CLIP, width=200, codec=".mpeg").url, tmp_path / "wide.mpeg")
    both = clips[".mpeg"][1].read_bytes() + (tmp_path / "wide.mpeg").read_bytes()
    (tmp_path / "both.mpeg").write_bytes(both)
    with pytest.raises(MediaError, match="its frames differ in size"):
        video.probe(tmp_path / "both.mpeg")


def test_audio_alone_is_no_video(tmp_path):
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    with pytest.raises(MediaError, match="holds no video stream"):
        video.probe(Path(tmp_path / "a.wav"))
