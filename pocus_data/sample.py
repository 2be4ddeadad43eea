"""From clips to the versioned frames: windows for all clips, then frames of all clips."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from pocus_data import crop, frames, video
from pocus_data.crop import Window
from pocus_data.download import AVAILABLE, measured, over_processes
from pocus_data.errors import MediaError
from pocus_data.tables import CROP_COLUMNS, FRAME_COLUMNS, read_table, records
from pocus_data.workcache import cached_folder, code_digest, digest_of, place


def read_crops(path: Path) -> pd.DataFrame:
    """Read ``crops.csv``; a clip without a usable window has a reason instead."""
    return read_table(path, CROP_COLUMNS)


def read_frames_table(path: Path) -> pd.DataFrame:
    """Read ``frames.csv``; see ``FRAME_COLUMNS``."""
    return read_table(path, FRAME_COLUMNS)


def crop_all(index: pd.DataFrame, videos: pd.DataFrame) -> tuple[list[dict[str, Any]], Image.Image]:
    """Window of every available clip, and a contact sheet of them.

    Returns
    -------
    Rows for ``crops.csv`` in order of identifier, and the sheet: each clip's mean frame with
    its window drawn in.
    """
    clips = videos[videos["status"] == AVAILABLE].merge(
        index[["video_id", "crop_x", "crop_y", "crop_size"]], on="video_id", validate="1:1"
    )
    results = over_processes(_window_of, records(clips), "crop")
    return [row for row, _ in results], _contact_sheet([tile for _, tile in results])


def sample_all(
    index: pd.DataFrame,
    videos: pd.DataFrame,
    crops: pd.DataFrame,
    folder: Path,
    rate_hz: float,
    max_frames: int,
) -> list[dict[str, Any]]:
    """Sample every clip that has a window; PNG files go to ``folder``, one folder a clip.

    Returns
    -------
    Rows for ``frames.csv``, sorted by frame identifier.
    """
    clips = (
        crops[crops["reason"] == ""][["video_id", "x", "y", "size"]]
        .merge(videos[["video_id", "path", "sha256"]], on="video_id", validate="1:1")
        .rename(columns={"sha256": "video_sha256"})
        .merge(index.drop(columns=["sha256", "frames"]), on="video_id", validate="1:1")
    )
    task = partial(_sample, folder=folder, rate_hz=rate_hz, max_frames=max_frames)
    nested = over_processes(task, records(clips), "sample")
    return sorted((row for rows in nested for row in rows), key=lambda row: str(row["frame_id"]))


def _window_of(clip: dict[str, Any]) -> tuple[dict[str, Any], Image.Image]:
    path = Path(clip["path"])
    width, height = int(clip["width"]), int(clip["height"])
    row: dict[str, Any] = dict.fromkeys(CROP_COLUMNS)
    row |= {"video_id": clip["video_id"], "frame_width": width, "frame_height": height}
    try:
        spread = np.linspace(0, int(clip["frames"]) - 1, crop.MEAN_OF_FRAMES)
        chosen = sorted({int(index) for index in np.rint(spread)})
        mean = crop.mean_of(video.read_frames(path, chosen))
    except MediaError as error:
        blank = np.zeros((height, width))
        return row | {"reason": str(error)}, _tile(blank, None, clip["video_id"])
    if pd.notna(clip["crop_size"]):
        window = Window(int(clip["crop_x"]), int(clip["crop_y"]), int(clip["crop_size"]))
        row["method"] = "catalog"
    else:
        found = crop.find_window(mean)
        row["method"] = "found"
        if found is None:
            return row | {"reason": "the clip is black"}, _tile(mean, None, clip["video_id"])
        window = found
    row |= {"x": window.x, "y": window.y, "size": window.size}
    row["reason"] = crop.reason_against(window, width, height)
    return row, _tile(mean, window, clip["video_id"])


def _sample(
    clip: dict[str, Any], folder: Path, rate_hz: float, max_frames: int
) -> list[dict[str, Any]]:
    path, video_id = Path(clip["path"]), clip["video_id"]
    window = Window(int(clip["x"]), int(clip["y"]), int(clip["size"]))
    times_s = measured(path, clip["video_sha256"]).times_s
    start = 0 if pd.isna(clip["trim_start"]) else int(clip["trim_start"])
    stop = len(times_s) if pd.isna(clip["trim_stop"]) else int(clip["trim_stop"])
    if not times_s[start:stop]:
        return []
    chosen = frames.choose_frames(times_s[start:stop], rate_hz, max_frames)
    indices = [start + index for index in chosen]
    box = [window.x, window.y, window.size]
    digest = digest_of(clip["video_sha256"], video_id, box, indices, code_digest(frames, video))
    make = partial(_write, path, indices, window, video_id)
    cached = cached_folder("frames", digest, make)
    rows = []
    for index in indices:
        frame_id = frames.frame_id_of(video_id, index)
        target = folder / video_id / f"{frame_id}.png"
        place(cached / target.name, target)
        pixels = frames.read_png(target)
        rows.append(
            {
                "frame_id": frame_id,
                "path": target.as_posix(),
                "sha256": frames.pixels_sha256(pixels),
                "frame_index": index,
                "time_s": times_s[index],
                "width": pixels.shape[1],
                "height": pixels.shape[0],
                "crop_x": window.x,
                "crop_y": window.y,
                "crop_size": window.size,
                **{key: clip[key] for key in _FROM_CATALOG},
            }
        )
    return rows


_FROM_CATALOG = (
    "video_id",
    "source",
    "class",
    "patient",
    "license",
    "url",
    "video_sha256",
    "redistributable",
)


def _write(path: Path, indices: list[int], window: Window, video_id: str, folder: Path) -> None:
    frames.write_frames(path, indices, window, folder, video_id)


def _tile(mean: Any, window: Window | None, label: str, side: int = 160) -> Image.Image:
    picture = Image.fromarray(np.clip(mean, 0, 255).astype(np.uint8)).convert("RGB")
    scale = side / max(picture.size)
    tile = Image.new("RGB", (side, side + 12), (32, 32, 32))
    small = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    tile.paste(small, (0, 0))
    draw = ImageDraw.Draw(tile)
    if window is not None:
        left, top = window.x * scale, window.y * scale
        reach = window.size * scale - 1
        draw.rectangle((left, top, left + reach, top + reach), outline=(255, 176, 0))
    draw.text((2, side), label[:30], fill=(230, 230, 230))
    return tile


def _contact_sheet(tiles: list[Image.Image], columns: int = 8) -> Image.Image:
    if not tiles:
        return Image.new("RGB", (160, 12))
    width, height = tiles[0].size
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), (32, 32, 32))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    return sheet
