"""Clips of the same pictures are found after coding anew and at another size; others are not."""

import subprocess
from dataclasses import replace

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest

from pocus_data import phantom, video
from pocus_data.crop import Window
from pocus_data.frames import write_frames
from pocus_data.near_duplicates import frame_hashes, joined, near_pairs
from tests.conftest import CLIP

SAME = {
    "coded anew": ("-c:v", "libx264", "-crf", "34"),
    "smaller": ("-vf", "scale=112:112", "-c:v", "mpeg4", "-q:v", "5"),
    "slower": ("-vf", "setpts=2*PTS", "-c:v", "libx264"),
    "darker": ("-vf", "eq=brightness=-0.05", "-c:v", "libx264"),
    "a part": ("-ss", "0.4", "-c:v", "libx264"),
}


def frames_of(tmp_path, clips: dict[str, object]) -> pd.DataFrame:
    rows = []
    for name, path in clips.items():
        found = video.probe(path)
        window = Window(0, 0, min(found.width, found.height))
        folder = tmp_path / name
        folder.mkdir()
        written = write_frames(path, found, list(range(0, found.frames, 2)), window, folder, name)
        rows += [
            {"video_id": name, "path": str(folder / f"{each.frame_id}.png"), "sha256": each.sha256}
            for each in written
        ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("how", SAME)
def test_copies_are_found_and_other_patients_are_not(tmp_path, clips, how):
    original = clips[".mp4"][1]
    copy, other = tmp_path / "copy.mp4", tmp_path / "other.mp4"
    tool = imageio_ffmpeg.get_ffmpeg_exe()
    command = [tool, "-y", "-loglevel", "error", "-i", original, *SAME[how], copy]
    subprocess.run(command, check=True)
    phantom.render(replace(CLIP, patient=8, diagnosis="covid19").url, other)
    frames = frames_of(tmp_path, {"original": original, "copy": copy, "other": other})
    pairs = near_pairs(frame_hashes(frames), frames["video_id"])
    assert list(zip(pairs["one"], pairs["other"], strict=True)) == [("copy", "original")]


def test_hashes_stand_in_the_order_of_the_rows(tmp_path, clips):
    frames = frames_of(tmp_path, {"b": clips[".mp4"][1], "a": clips[".gif"][1]})
    looks = frame_hashes(frames)
    mixed = frames.sample(frac=1, random_state=2)
    assert np.array_equal(frame_hashes(mixed).frames, looks.frames[mixed.index])
    # Each crop names the frame that it was cut from, and resembles it more than the others.
    assert len(looks.crops) == len(looks.crop_rows) == 2 * 3 * 34
    assert set(frames["video_id"].iloc[np.unique(looks.crop_rows)]) == {"a", "b"}


def test_chains_become_one_group():
    videos = pd.Series(["v1", "v1", "v2", "v3", "v4"])
    groups = pd.Series(["b", "b", "a", "c", "d"])
    pairs = pd.DataFrame({"one": ["v1", "v2"], "other": ["v2", "v3"], "bits": [1, 2]})
    assert list(joined(groups, videos, pairs)) == ["a", "a", "a", "a", "d"]
    # A clip that is not selected joins nothing.
    elsewhere = pd.DataFrame({"one": ["v1"], "other": ["v9"], "bits": [1]})
    assert list(joined(groups, videos, elsewhere)) == list(groups)
