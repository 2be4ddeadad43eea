"""The square window of every clip, and a contact sheet to see them at a glance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pocus_data import crop, video
from pocus_data.crop import Window
from pocus_data.errors import MediaError
from pocus_data.measurement import ProbeResult
from pocus_data.parallel import over_processes
from pocus_data.tables import AVAILABLE, CROP_COLUMNS, records
from pocus_data.workcache import cached_folder, code_digest, digest_of

TILE_SIDE = 160
# A sheet of more clips is too large to look at, and for JPEG.
MAX_TILES = 1000


def crop_all(index: pd.DataFrame, videos: pd.DataFrame) -> tuple[list[dict[str, Any]], Image.Image]:
    """Window of every available clip.

    Returns
    -------
    Rows for ``crops.csv`` in order of identifier, and a sheet: each clip's mean frame with its
    window drawn in, of a large dataset ``MAX_TILES`` clips spread over it. A clip that has no
    usable window has a reason instead.
    """
    wanted = ["video_id", "crop_x", "crop_y", "crop_size", "trim_start", "trim_stop"]
    clips = videos[videos["status"] == AVAILABLE].merge(
        index[wanted], on="video_id", validate="1:1"
    )
    clips["shown"] = _spread(len(clips))
    tasks = records(clips)
    rows = over_processes(_window_of, tasks, "crop", _killed, cost=decoding_cost, cached=True)
    means = [row.pop("mean", None) for row in rows]
    shown = [task["shown"] for task in tasks]
    tiles = [_tile(mean, row) for mean, row, show in zip(means, rows, shown, strict=True) if show]
    return rows, _contact_sheet(tiles)


def _spread(clips: int) -> NDArray[np.bool_]:
    """Which clips to show: all, or ``MAX_TILES`` of them at even distances."""
    shown = np.zeros(clips, dtype=bool)
    if clips:
        shown[np.linspace(0, clips - 1, min(clips, MAX_TILES)).round().astype(int)] = True
    return shown


def decoding_cost(clip: dict[str, Any]) -> float:
    """Pixels of a clip that was measured: what decoding it costs, about."""
    return float(clip["width"] * clip["height"] * clip["frames"])


def trimmed(clip: dict[str, Any], frames: int) -> tuple[int, int]:
    """First frame of a clip to use, and the one after the last."""
    start = 0 if pd.isna(clip["trim_start"]) else int(clip["trim_start"])
    stop = frames if pd.isna(clip["trim_stop"]) else int(clip["trim_stop"])
    return start, stop


def mean_frame(path: Path, found: ProbeResult, start: int, stop: int) -> NDArray[np.float64]:
    """Grey mean of frames spread over a clip's frames ``start`` to ``stop``, ``(height, width)``.

    ``found`` is what ``video.probe`` said of the file.

    Raises
    ------
    MediaError
        if one of them cannot be decoded.
    """
    spread = np.linspace(start, stop - 1, crop.MEAN_OF_FRAMES)
    chosen = sorted({int(index) for index in np.rint(spread)})
    return crop.mean_of(video.read_frames(path, found, chosen))


def propose(found: ProbeResult, mean: NDArray[np.float64]) -> tuple[str, Window | None]:
    """The window that nobody chose, and how it came: the scanner's own region, else found.

    It is ``None`` where the frame is black.
    """
    if found.region:
        return "region", crop.square_in(*found.region)
    return "found", crop.find_window(mean)


def mean_picture(path: Path, sha256: str, start: int, stop: int) -> NDArray[np.uint8]:
    """``mean_frame`` as a picture of at most ``TILE_SIDE`` pixels a side; remembered.

    Raises
    ------
    MediaError
        if the clip cannot be decoded.
    """
    if stop > video.measured(path, sha256).frames:
        raise MediaError(f"{path.name}: has no frame {stop - 1}")
    picture: NDArray[np.uint8] = _look_at(path, sha256, start, stop)[0]
    return picture


def _window_of(clip: dict[str, Any]) -> dict[str, Any]:
    row = _empty_row(clip)
    width, height, frames = (int(clip[key]) for key in ("width", "height", "frames"))
    start, stop = trimmed(clip, frames)
    if stop > frames:
        return row | {"reason": f"trim {start} to {stop} leaves the clip's {frames} frames"}
    try:
        mean, method, proposed = _look_at(Path(clip["path"]), clip["sha256"], start, stop)
    except MediaError as error:
        return row | {"reason": str(error)}
    if clip["shown"]:
        row["mean"] = mean
    if pd.notna(clip["crop_size"]):
        window = Window(int(clip["crop_x"]), int(clip["crop_y"]), int(clip["crop_size"]))
        row["method"] = "catalog"
    elif proposed is None:
        return row | {"reason": "the clip is black"}
    else:
        window, row["method"] = proposed, method
    row |= {"x": window.x, "y": window.y, "size": window.size}
    return row | {"reason": crop.reason_against(window, width, height)}


def _look_at(path: Path, sha256: str, start: int, stop: int) -> tuple[Any, str, Window | None]:
    """Mean frame of a clip as a small grey picture, and the window proposed for it; remembered."""
    digest = digest_of(sha256, start, stop, TILE_SIDE, code_digest(crop), video.decoder_digest())

    def make(folder: Path) -> None:
        found = video.measured(path, sha256)
        mean = mean_frame(path, found, start, stop)
        method, window = propose(found, mean)
        (folder / "window.json").write_text(json.dumps([method, window and vars(window)]))
        Image.fromarray(np.rint(mean).astype(np.uint8)).save(folder / "mean.png")

    folder = cached_folder("windows", digest, make)
    method, window = json.loads((folder / "window.json").read_text())
    with Image.open(folder / "mean.png") as picture:
        scale = TILE_SIDE / max(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        return np.asarray(picture.resize(size)), method, Window(**window) if window else None


def _empty_row(clip: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(CROP_COLUMNS)
    size = {"frame_width": int(clip["width"]), "frame_height": int(clip["height"])}
    return row | {"video_id": clip["video_id"]} | size


def _killed(clip: dict[str, Any]) -> dict[str, Any]:
    return _empty_row(clip) | {"reason": "decoding it crashed or used up the memory"}


def _tile(mean: Any, row: dict[str, Any]) -> Image.Image:
    tile = Image.new("RGB", (TILE_SIDE, TILE_SIDE + 12), (32, 32, 32))
    draw = ImageDraw.Draw(tile)
    if mean is not None:
        tile.paste(Image.fromarray(mean).convert("RGB"), (0, 0))
    if row["size"] is not None:
        scale = TILE_SIDE / max(row["frame_width"], row["frame_height"])
        left, top, reach = row["x"] * scale, row["y"] * scale, row["size"] * scale - 1
        draw.rectangle((left, top, left + reach, top + reach), outline=(255, 176, 0))
    draw.text((2, TILE_SIDE), row["video_id"][:30], fill=(230, 230, 230))
    return tile


def _contact_sheet(tiles: list[Image.Image], columns: int = 8) -> Image.Image:
    width, height = TILE_SIDE, TILE_SIDE + 12
    rows = max(1, -(-len(tiles) // columns))
    sheet = Image.new("RGB", (columns * width, rows * height), (32, 32, 32))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    return sheet
