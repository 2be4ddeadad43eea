"""A dataset as its stages left it on disk: what the rules of the audit look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pocus_data import crop, licenses, near_duplicates
from pocus_data.audit_survey import survey
from pocus_data.errors import MediaError
from pocus_data.tables import (
    AVAILABLE,
    read_crops,
    read_folds,
    read_frames_table,
    read_index,
    read_videos,
    records,
)
from pocus_data.windows import mean_picture, trimmed
from pocus_data.workcache import file_sha256

# Of 255: letters and rulers are brighter in a clip's mean; the faint ends of a dark sector are not.
MARK_LEVEL = 20


@dataclass(frozen=True)
class Dataset:
    """All tables of one dataset, and what is seen of its files when first asked for.

    ``changed`` is what DVC says has changed since its lock, by stage; ``None`` where it was not
    asked, for the reason ``why_not_asked``. ``unreadable`` are cells that hold no number, in words,
    ``twice`` identifiers that a table has more than once; of these ``index``, ``videos`` and
    ``crops`` hold the first row.
    """

    name: str
    root: Path
    index: pd.DataFrame
    videos: pd.DataFrame
    crops: pd.DataFrame
    frames: pd.DataFrame
    folds: pd.DataFrame
    split_group: str
    described: dict[str, licenses.Terms]
    changed: dict[str, str] | None = None
    why_not_asked: str = "as a stage it runs after all others, which DVC has just checked"
    twice: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """Folder of the dataset's tables and files."""
        return self.root / "data" / self.name

    @cached_property
    def had(self) -> pd.DataFrame:
        """Rows of ``videos.csv`` whose bytes are there."""
        return self.videos[self.videos["status"] == AVAILABLE]

    @cached_property
    def intact(self) -> pd.DataFrame:
        """Rows of ``had`` whose file is there and the one fetched: others are not looked into.

        What is seen in a file is remembered under its digest, so that a swapped one would be
        believed ever after.
        """
        paths = [self.root / path for path in self.had["path"]]
        digests = [file_sha256(path) if path.is_file() else "" for path in paths]
        return self.had[(self.had["file_sha256"] == digests) & (self.had["file_sha256"] != "")]

    @cached_property
    def folds_by_clip(self) -> dict[str, set[int]]:
        """Folds in which each clip has frames."""
        known = self.folds[self.folds["fold"].notna()]
        groups = known.groupby("video_id")["fold"].unique()
        return {str(name): {int(fold) for fold in folds} for name, folds in groups.items()}

    @cached_property
    def survey(self) -> pd.DataFrame:
        """One look at every frame; see ``audit_survey.survey``."""
        return survey(self.frames, self.root)

    @cached_property
    def near(self) -> pd.DataFrame:
        """Pairs of clips that show the same pictures; see ``near_duplicates.near_pairs``."""
        readable = self.frames[(self.survey["problem"] == "").to_numpy()].reset_index(drop=True)
        paths = [(self.root / path).as_posix() for path in readable["path"]]
        # What is on disk is looked at, whatever the table says.
        seen = self.survey.loc[self.survey["problem"] == "", "pixels_sha256"].to_numpy()
        looks = near_duplicates.frame_hashes(readable.assign(path=paths, sha256=seen))
        return near_duplicates.near_pairs(looks, readable["video_id"])

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Per clip with a window: method, and shares scan_lost (of the scan), furniture (of it)."""
        windows = self.crops[["video_id", "x", "y", "size", "method"]]
        clips = self.intact.merge(windows, on="video_id")
        wanted = ["video_id", "trim_start", "trim_stop"]
        clips = clips[clips["size"].notna()].merge(self.index[wanted], on="video_id")
        rows = [_window_facts(clip, self.root) for clip in records(clips)]
        return pd.DataFrame(rows, columns=["video_id", "method", "scan_lost", "furniture"]).dropna()

    def folds_of(self, video_ids: list[str] | tuple[str, ...]) -> int:
        """In how many folds the frames of these clips lie."""
        return len(set().union(*(self.folds_by_clip.get(name, set()) for name in video_ids)))


def open_dataset(
    name: str, split_group: str, root: Path = Path(), changed: dict[str, str] | None = None
) -> Dataset:
    """Read the tables of ``data/<name>``.

    Raises
    ------
    DataError
        if one of them is missing or was not written by this version.
    """
    data = root / "data" / name
    unreadable: list[str] = []
    tables = {
        "catalog.csv": read_index(data / "catalog.csv", unreadable),
        "videos.csv": read_videos(data / "videos.csv", unreadable),
        "crops.csv": read_crops(data / "crops.csv", unreadable),
    }
    twice = {
        table: tuple(sorted(set(rows.loc[rows["video_id"].duplicated(), "video_id"])))
        for table, rows in tables.items()
    }
    index, videos, crops = (rows.drop_duplicates("video_id") for rows in tables.values())
    frames = read_frames_table(data / "frames.csv", unreadable)
    folds = read_folds(data / "folds.csv", unreadable)
    return Dataset(
        name,
        root,
        index,
        videos,
        crops,
        frames,
        folds,
        split_group,
        licenses.read_described(root / "catalog" / "licenses.yaml"),
        changed,
        unreadable=tuple(unreadable),
        twice={table: names for table, names in twice.items() if names},
    )


def _window_facts(clip: dict[str, Any], root: Path) -> tuple[str, str, float, float]:
    try:
        start, stop = trimmed(clip, int(clip["frames"]))
        mean = mean_picture(root / clip["path"], clip["sha256"], start, stop)
    except MediaError:
        return clip["video_id"], clip["method"], np.nan, np.nan
    grey = mean.astype(np.float64)
    scale = max(grey.shape) / max(int(clip["width"]), int(clip["height"]))
    inside = np.zeros(grey.shape, dtype=bool)
    left, top, size = (round(int(clip[key]) * scale) for key in ("x", "y", "size"))
    inside[top : top + size, left : left + size] = True
    scan = crop.scan_area(grey)
    marks = (grey > MARK_LEVEL) & ~scan & inside
    lost = float((scan & ~inside).sum() / max(1, scan.sum()))
    return clip["video_id"], clip["method"], lost, float(marks.sum() / max(1, inside.sum()))
