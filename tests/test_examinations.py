"""Clips that one scanner recorded within minutes are found by its clock, and stay in one fold."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pandas as pd
import pytest

from pocus_data import splits
from pocus_data.embedded import recorded_at
from pocus_data.examinations import clips_of, examination_pairs, with_examination
from tests.test_splits import NONE_NEAR


def recorded(source: Path, target: Path, when: str) -> Path:
    """A copy of a clip that says when a scanner recorded it."""
    tool = imageio_ffmpeg.get_ffmpeg_exe()
    tags = ["-metadata", f"date={when}"] if when else []
    command = [tool, "-y", "-loglevel", "error", "-i", source, "-c:v", "mjpeg", *tags, target]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="module")
def timed_clips(mp4, tmp_path_factory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("examinations")
    times = {
        "a1": ("here", "Date:20200825, Time:143518"),
        "a2": ("here", "Date:20200825, Time:143921"),
        "a3": ("here", "Date:20200825, Time:143845"),
        "b1": ("here", "Date:20200825, Time:150000"),
        "c1": ("there", "Date:20200825, Time:143600"),
        "d1": ("here", "2020-08-25"),
        "e1": ("here", ""),
        "f1": ("here", "Date:20201399, Time:143518"),
    }
    rows = []
    for name, (source, when) in times.items():
        path = recorded(mp4, folder / f"{name}.avi", when)
        rows.append({"video_id": name, "path": path.as_posix(), "source": source})
    return pd.DataFrame(rows)


def test_only_a_scanner_s_clock_counts(timed_clips):
    paths = dict(zip(timed_clips["video_id"], timed_clips["path"], strict=True))
    times = {name: recorded_at(Path(path)) for name, path in paths.items()}
    assert str(times["a1"]) == "2020-08-25 14:35:18"
    assert [name for name, time in times.items() if time is None] == ["d1", "e1", "f1"]


def test_an_examination_ends_with_a_pause_or_another_source(timed_clips):
    timed = with_examination(timed_clips)
    groups = timed.groupby("examination")["video_id"].agg(list).tolist()
    assert groups == [["a1", "a3", "a2"], ["b1"], ["c1"]]
    pairs = examination_pairs(timed_clips)
    assert pairs.to_numpy().tolist() == [["a1", "a3"], ["a3", "a2"]]
    assert len(examination_pairs(timed_clips.iloc[:0])) == 0


def test_clips_at_hand_with_their_source():
    videos = pd.DataFrame(
        {"video_id": ["a", "b"], "status": ["available", "excluded"], "path": ["a.avi", ""]}
    )
    index = pd.DataFrame({"video_id": ["a", "b"], "source": ["here", "here"]})
    assert clips_of(videos, index).to_dict("records") == [
        {"video_id": "a", "path": "a.avi", "source": "here"}
    ]


def frames() -> pd.DataFrame:
    rows = [
        {"frame_id": f"v{clip}-{frame}", "video_id": f"v{clip}", "patient": f"p{clip}"}
        for clip in range(12)
        for frame in range(3)
    ]
    table = pd.DataFrame(rows).assign(source="here", study="")
    return table.assign(**{"class": [f"c{int(name[1:]) % 2}" for name in table["video_id"]]})


@pytest.mark.parametrize("seed", range(5))
def test_folds_keep_an_examination_together(seed):
    same = pd.DataFrame({"one": ["v0", "v1"], "other": ["v1", "v2"]})
    table = splits.assign_folds(frames(), "patient", 3, seed, NONE_NEAR, same)
    assert table.loc[table["video_id"].isin(["v0", "v1", "v2"]), "fold"].nunique() == 1
    assert table["group"].nunique() == 10
    said = splits.certificate(table, NONE_NEAR, same)
    assert said["examination_pairs"] == {"total": 2, "across_folds": 0}
    # Folds of videos are for comparison with the literature, which keeps no more together.
    by_video = splits.assign_folds(frames(), "video", 3, seed, NONE_NEAR, same)
    alone = splits.assign_folds(frames(), "video", 3, seed, NONE_NEAR)
    assert by_video["fold"].equals(alone["fold"]) and by_video["group"].nunique() == 10
