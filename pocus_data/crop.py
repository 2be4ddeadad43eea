"""The square window of a clip: from the catalog, or found.

"We cropped the images with a quadratic window excluding measure bars and texts" (paper,
"Data processing").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

# Mean grey level (of 255) above which a pixel belongs to the picture.
BLACK_LEVEL = 1.5
# A dark patient leaves a sector in several pieces; pieces smaller than this share of the largest
# are furniture: ticks, letters, a grey bar.
MIN_PIECE_SHARE = 0.1
# A window smaller than this, in pixels or as a share of the frame's shorter side, is absurd.
MIN_SIZE_PIXELS = 64
MIN_SHARE = 0.25
# Frames of which the mean is taken, spread over the clip.
MEAN_OF_FRAMES = 24


@dataclass(frozen=True)
class Window:
    """A square, in pixels from the frame's top left corner."""

    x: int
    y: int
    size: int

    def fits(self, width: int, height: int) -> bool:
        """Whether the whole square lies inside a frame of this size."""
        inside = self.x >= 0 and self.y >= 0 and self.size > 0
        return inside and self.x + self.size <= width and self.y + self.size <= height

    def cut(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The window's pixels of a ``(height, width, …)`` frame."""
        return frame[self.y : self.y + self.size, self.x : self.x + self.size]


def reason_against(window: Window, width: int, height: int) -> str:
    """Why a window cannot be used on a frame of this size; empty if it can."""
    if not window.fits(width, height):
        return (
            f"window {window.x},{window.y} of {window.size} pixels leaves the"
            f" {width}x{height} frame"
        )
    smallest = max(MIN_SIZE_PIXELS, int(MIN_SHARE * min(width, height)))
    if window.size < smallest:
        return f"window of {window.size} pixels is smaller than {smallest}"
    return ""


def find_window(mean_frame: NDArray[np.floating]) -> Window | None:
    """The largest square centred in the picture's area.

    Parameters
    ----------
    mean_frame : ``(height, width)``, the grey mean over the clip's frames, 0…255.

    Returns
    -------
    The window, or ``None`` when the frame is black. The picture is all large connected areas
    that are not black, so that rulers and texts beside the sector do not widen it.
    """
    picture = _large_pieces(mean_frame)
    if not picture.any():
        return None
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return square_in(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def scan_area(mean_frame: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Pixels of the scan: the convex hull of all large connected areas that are not black.

    ``mean_frame`` is as for ``find_window``; the result has its shape.
    """
    picture = _large_pieces(mean_frame)
    points = np.argwhere(picture)
    # A line of pixels has no hull.
    if len(points) == 0 or np.ptp(points, axis=0).min() == 0:
        return picture
    hull = points[ConvexHull(points).vertices]
    area = Image.new("1", picture.shape[::-1])
    ImageDraw.Draw(area).polygon([(int(x), int(y)) for y, x in hull], fill=1, outline=1)
    return np.asarray(area) | picture


def _large_pieces(mean_frame: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Connected areas that are not black, without furniture; all ``False`` if there is none."""
    picture = mean_frame > BLACK_LEVEL
    reach = max(1, min(mean_frame.shape) // 100)
    closed = ndimage.binary_closing(np.pad(picture, 2 * reach), iterations=reach)
    closed = closed[2 * reach : -2 * reach, 2 * reach : -2 * reach]
    labels, count = ndimage.label(closed)
    if count == 0:
        return np.zeros_like(picture)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    large: NDArray[np.bool_] = (sizes >= MIN_PIECE_SHARE * sizes.max())[labels]
    return large


def square_in(left: int, top: int, right: int, bottom: int) -> Window:
    """The largest square centred in a rectangle; ``right`` and ``bottom`` are exclusive."""
    size = min(bottom - top, right - left)
    return Window((left + right - size) // 2, (top + bottom - size) // 2, size)


def mean_of(frames: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Grey mean of RGB frames, ``(height, width)``."""
    total = np.zeros(frames[0].shape[:2], dtype=np.uint32)
    for frame in frames:
        for channel in range(3):
            total += frame[..., channel]
    return total / (3 * len(frames))
