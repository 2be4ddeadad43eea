"""Whether frames are what their clips' bytes give: derived again and compared by their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pocus_data import video
from pocus_data.crop import Window
from pocus_data.errors import DataError, MediaError
from pocus_data.frames import is_grey
from pocus_data.parallel import over_processes
from pocus_data.png import pixels_sha256, read_png
from pocus_data.tables import read_frames_table, read_videos, records
from pocus_data.workcache import file_sha256


@dataclass(frozen=True)
class Verdict:
    """One frame derived again: whether its pixels are those recorded, and if not, why."""

    frame_id: str
    problem: str


def verify(
    dataset: str, count: int | None = None, seed: int = 1, root: Path = Path()
) -> list[Verdict]:
    """Decode, cut and hash frames again, and compare with the table and with the PNG on disk.

    Parameters
    ----------
    count : how many frames, drawn without replacement; all when ``None``.

    Raises
    ------
    DataError
        if the dataset has not been built, or has no frames.
    """
    data = root / "data" / dataset
    frames = read_frames_table(data / "frames.csv")
    whole = ["frame_index", "crop_x", "crop_y", "crop_size"]
    if frames[whole].isna().any(axis=None):
        raise DataError(f"{data / 'frames.csv'}: a number is missing; run 'dvc checkout'")
    if frames.empty:
        raise DataError(f"{data / 'frames.csv'}: has no frames")
    if count is not None and count < len(frames):
        chosen = np.random.default_rng(seed).choice(len(frames), count, replace=False)
        frames = frames.iloc[np.sort(chosen)]
    files = read_videos(data / "videos.csv").drop_duplicates("video_id").set_index("video_id")
    tasks = [
        _task(str(name), rows, files, root) for name, rows in frames.groupby("video_id", sort=True)
    ]
    found = over_processes(_derive, tasks, "verify", _died)
    return [verdict for verdicts in found for verdict in verdicts]


def _task(name: str, rows: pd.DataFrame, files: pd.DataFrame, root: Path) -> dict[str, Any]:
    known = name in files.index and files.loc[name, "path"]
    file_sha256 = str(files.loc[name, "file_sha256"]) if known else ""
    ordered = [row | {"file": str(root / row["path"])} for row in records(rows)]
    path = str(root / str(files.loc[name, "path"])) if known else ""
    return {"path": path, "file_sha256": file_sha256, "frames": ordered}


def _derive(task: dict[str, Any]) -> list[Verdict]:
    path, frames = Path(task["path"]), task["frames"]
    if not task["path"] or not path.is_file():
        return _all(task, "its clip is not here; run 'dvc checkout' or 'dvc repro'")
    if file_sha256(path) != task["file_sha256"]:
        return _all(task, f"{path.name} is not what was fetched; run 'dvc checkout'")
    try:
        # Measured anew: a remembered measure would be believed, not verified.
        found = video.probe(path)
        indices = sorted({int(frame["frame_index"]) for frame in frames})
        if indices[-1] >= found.frames:
            return _all(task, f"{path.name} has only {found.frames} frames")
        pictures = dict(zip(indices, video.read_frames(path, found, indices), strict=True))
    except MediaError as error:
        return _all(task, str(error))
    return [
        Verdict(frame["frame_id"], _compare(frame, pictures[int(frame["frame_index"])]))
        for frame in frames
    ]


def _compare(frame: dict[str, Any], picture: Any) -> str:
    window = Window(int(frame["crop_x"]), int(frame["crop_y"]), int(frame["crop_size"]))
    pixels = window.cut(picture)
    if frame["sha256"] not in list(_digests(pixels)):
        return "the clip's bytes give other pixels; run 'dvc repro'"
    try:
        kept = pixels_sha256(read_png(Path(frame["file"])))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{frame['path']} cannot be read ({type(error).__name__}); run 'dvc checkout'"
    return "" if kept == frame["sha256"] else f"{frame['path']} is another; run 'dvc checkout'"


def _digests(pixels: Any) -> Iterator[str]:
    """In colour, and in one channel if it is grey: a clip is written in one way throughout."""
    yield pixels_sha256(np.ascontiguousarray(pixels))
    if is_grey(pixels):
        yield pixels_sha256(np.ascontiguousarray(pixels[..., 0]))


def _all(task: dict[str, Any], problem: str) -> list[Verdict]:
    return [Verdict(frame["frame_id"], problem) for frame in task["frames"]]


def _died(task: dict[str, Any]) -> list[Verdict]:
    return _all(task, "decoding its clip crashed or used up the memory")
