"""The square window: found around the sector, without the furniture."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pocus_data import crop, phantom, windows
from pocus_data.crop import Window, find_window, reason_against
from pocus_data.phantom_catalog import draw_specs


def overlap(window: Window, box: tuple[int, int, int, int]) -> float:
    """Intersection over union of the window and the square centred in the true box."""
    left, top, right, bottom = box
    size = min(right - left, bottom - top)
    x, y = (left + right - size) // 2, (top + bottom - size) // 2
    wide = min(window.x + window.size, x + size) - max(window.x, x)
    high = min(window.y + window.size, y + size) - max(window.y, y)
    shared = max(0, wide) * max(0, high)
    return shared / (window.size**2 + size**2 - shared)


def test_the_window_is_the_sector_on_most_phantoms():
    found = []
    for spec in draw_specs(18, 1, seed=5):
        drawn = phantom.frames(replace(spec, frames=2))
        window = find_window(drawn.mean(axis=0))
        assert window is not None
        found.append(overlap(window, phantom.truth(spec).sector_box))
    assert np.median(found) > 0.9
    assert np.quantile(found, 0.2) > 0.75


def test_a_picture_that_fills_the_frame_is_kept_whole():
    assert find_window(np.full((120, 120), 90.0)) == Window(0, 0, 120)


def test_the_window_is_centred_in_a_wide_picture():
    frame = np.zeros((200, 300))
    frame[20:120, 40:240] = 50
    assert find_window(frame) == Window(90, 20, 100)


def test_small_things_beside_the_picture_do_not_widen_it():
    frame = np.zeros((200, 300))
    frame[20:180, 40:200] = 50
    frame[10:14, 280:295] = 255
    assert find_window(frame) == Window(40, 20, 160)


def test_a_black_clip_has_no_window():
    assert find_window(np.zeros((64, 64))) is None


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (Window(0, 0, 100), ""),
        (Window(60, 0, 100), "leaves the 150x120 frame"),
        (Window(0, 30, 100), "leaves the 150x120 frame"),
        (Window(0, 0, 40), "smaller than 64"),
    ],
)
def test_absurd_windows_have_a_reason(window, said):
    reason = reason_against(window, 150, 120)
    assert said in reason and bool(said) == bool(reason)


def test_cut():
    frame = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert (Window(1, 2, 2).cut(frame) == frame[2:4, 1:3]).all()


def test_mean():
    frames = [np.full((2, 3, 3), level, dtype=np.uint8) for level in (10, 20)]
    assert (crop.mean_of(frames) == 15).all()


def test_a_large_dataset_has_a_sheet_that_can_be_looked_at(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "MAX_TILES", 3)
    rows = []
    for number in range(7):
        _, path = clips[".mp4"]
        copy = tmp_path / f"clip{number}.mp4"
        copy.write_bytes(path.read_bytes())
        rows.append({"video_id": copy.stem, "path": str(copy), "sha256": f"{number}"})
    videos = pd.DataFrame(rows).assign(status="available", width=160, height=160, frames=26)
    chosen = ["crop_x", "crop_y", "crop_size", "trim_start", "trim_stop"]
    index = videos[["video_id"]].assign(**dict.fromkeys(chosen))
    found, sheet = windows.crop_all(index, videos)
    assert len(found) == 7 and {row["method"] for row in found} == {"found"}
    assert sheet.size == (8 * windows.TILE_SIDE, windows.TILE_SIDE + 12)
    # Three tiles are drawn, a fourth place is empty.
    tops = [sheet.getpixel((n * windows.TILE_SIDE + 1, 1)) for n in range(8)]
    assert tops[3:] == [(32, 32, 32)] * 5 and (32, 32, 32) not in tops[:3]
