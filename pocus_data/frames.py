"""Sampling, and the frames table with its lineage.

"Images were selected from the videos with a frame rate of 3Hz and a maximum of 30 frames per
video" (paper, "Data processing").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pocus_data.crop import Window
from pocus_data.measurement import ProbeResult
from pocus_data.png import pixels_sha256, write_png
from pocus_data.video import read_frames


def choose_frames(times_s: Sequence[float], rate_hz: float, max_frames: int) -> list[int]:
    """Which frames to keep of a clip.

    Parameters
    ----------
    times_s : presentation time of each frame, increasing, in seconds.
    rate_hz : how many frames a second to keep.
    max_frames : at most this many, spread over the whole clip.

    Returns
    -------
    Increasing frame indices: at each tick of the rate, the frame then on the screen. A clip
    slower than ``rate_hz`` keeps every frame once.
    """
    times = np.asarray(times_s, dtype=np.float64) - times_s[0]
    # A tick that falls on a frame's own time, give or take rounding, shows that frame.
    slack = 1e-6
    ticks = np.arange(int(np.floor(times[-1] * rate_hz + slack)) + 1) / rate_hz
    shown = np.searchsorted(times, ticks + slack, side="right") - 1
    chosen = np.unique(shown)
    if len(chosen) > max_frames:
        spread = np.linspace(0, len(chosen) - 1, max_frames)
        chosen = chosen[np.rint(spread).astype(int)]
    return [int(index) for index in chosen]


@dataclass(frozen=True)
class Written:
    """One frame as it was written: what its PNG holds."""

    frame_id: str
    sha256: str
    width: int
    height: int


def write_frames(
    video: Path, found: ProbeResult, indices: list[int], window: Window, folder: Path, video_id: str
) -> list[Written]:
    """Decode, crop and write the chosen frames of one clip as PNG files.

    A clip all of whose chosen frames are grey is written in one channel, else in RGB. Files are
    named after ``frame_id_of``.
    """
    pictures = [window.cut(frame) for frame in read_frames(video, found, indices)]
    if all(is_grey(picture) for picture in pictures):
        pictures = [picture[..., 0] for picture in pictures]
    written = []
    for index, picture in zip(indices, pictures, strict=True):
        pixels = np.ascontiguousarray(picture)
        frame_id = frame_id_of(video_id, index)
        write_png(pixels, folder / f"{frame_id}.png")
        height, width = pixels.shape[:2]
        written.append(Written(frame_id, pixels_sha256(pixels), width, height))
    return written


def frame_id_of(video_id: str, frame_index: int) -> str:
    """Identifier of one frame of a clip; indices count from 0 in the untrimmed clip."""
    return f"{video_id}-{frame_index:05d}"


def is_grey(picture: NDArray[np.uint8]) -> bool:
    """Whether the three channels of an RGB picture are the same."""
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    return bool((red == green).all() and (green == blue).all())
