"""From clips to the versioned frames, each with its lineage."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pocus_data import crop, frames, png, video
from pocus_data.crop import Window
from pocus_data.errors import MediaError
from pocus_data.measurement import ProbeResult
from pocus_data.parallel import over_processes
from pocus_data.params import Sample
from pocus_data.tables import records
from pocus_data.windows import decoding_cost, trimmed
from pocus_data.workcache import cached_folder, code_digest, digest_of, place


def sample_all(
    index: pd.DataFrame,
    videos: pd.DataFrame,
    crops: pd.DataFrame,
    folder: Path,
    settings: Sample,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Sample every clip that has a window; PNG files go to ``folder``, one folder a clip.

    Returns
    -------
    Rows for ``frames.csv``, sorted by frame identifier; and a line for each clip that gave no
    frame after all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clips = (
        crops[crops["reason"] == ""][["video_id", "x", "y", "size"]]
        .merge(videos[_MEASURED], on="video_id", validate="1:1")
        .rename(columns={"sha256": "video_sha256"})
        .merge(index.drop(columns=["sha256", "frames"]), on="video_id", validate="1:1")
    )
    task = partial(_sample, folder=folder, settings=settings)
    sampled = over_processes(
        task, records(clips), "sample", _killed, cost=decoding_cost, cached=True
    )
    rows = [row for clip_rows, _ in sampled for row in clip_rows]
    failures = [failure for _, failure in sampled if failure]
    return sorted(rows, key=lambda row: str(row["frame_id"])), failures


def _sample(
    clip: dict[str, Any], folder: Path, settings: Sample
) -> tuple[list[dict[str, Any]], str]:
    path, video_id = Path(clip["path"]), clip["video_id"]
    window = Window(int(clip["x"]), int(clip["y"]), int(clip["size"]))
    try:
        found = video.measured(path, clip["video_sha256"])
        times_s = found.times_s
        start, stop = trimmed(clip, len(times_s))
        kept = frames.choose_frames(times_s[start:stop], settings.rate_hz, settings.max_frames)
        indices = [start + index for index in kept]
        made_by = [code_digest(frames, crop, png), video.decoder_digest()]
        digest = digest_of(clip["video_sha256"], video_id, vars(window), indices, made_by)
        make = partial(_write, path, found, indices, window, video_id)
        cached = cached_folder("frames", digest, make)
    except MediaError as error:
        return [], f"{video_id}: {error}"
    rows = []
    written = json.loads((cached / _CONTENT).read_text())
    for index, frame in zip(indices, written, strict=True):
        target = folder / video_id / f"{frame['frame_id']}.png"
        place(cached / target.name, target)
        rows.append(
            {
                **frame,
                "path": target.as_posix(),
                "frame_index": index,
                "time_s": times_s[index],
                "crop_x": window.x,
                "crop_y": window.y,
                "crop_size": window.size,
                **{key: clip[key] for key in _FROM_CATALOG},
            }
        )
    return rows, ""


# Beside the frames in the work cache: digests and sizes, so that nobody decodes PNG for them.
_CONTENT = "frames.json"
_MEASURED = ["video_id", "path", "sha256", "width", "height", "frames"]
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


def _killed(clip: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    return [], f"{clip['video_id']}: decoding it crashed or used up the memory"


def _write(
    path: Path,
    found: ProbeResult,
    indices: list[int],
    window: Window,
    video_id: str,
    folder: Path,
) -> None:
    written = frames.write_frames(path, found, indices, window, folder, video_id)
    (folder / _CONTENT).write_text(json.dumps([asdict(frame) for frame in written]))
