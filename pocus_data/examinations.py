"""Clips of one examination, told by the scanner's clock where the catalog names several patients.

A scanner that writes the time of recording into its files shows which clips followed each other
within minutes. Whether they are one patient's is the source's to say; folds keep them together.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pocus_data.embedded import recorded_at
from pocus_data.tables import AVAILABLE

# Longest pause between two clips of one examination. On one mirror, clips of one named set follow
# each other within a minute.
PAUSE = pd.Timedelta(minutes=5)


def clips_of(videos: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """Clips at hand with their source: rows of ``videos.csv`` beside those of ``catalog.csv``."""
    had = videos.loc[videos["status"] == AVAILABLE, ["video_id", "path"]]
    return had.merge(index[["video_id", "source"]], on="video_id")


def with_examination(clips: pd.DataFrame, root: Path = Path()) -> pd.DataFrame:
    """The clips whose files say when they were recorded, with the number of their examination.

    Parameters
    ----------
    clips : columns video_id, path (under ``root``) and source.

    Returns
    -------
    Those rows with columns time and examination, sorted by source and time. An examination ends
    where no clip of the same source follows within ``PAUSE``.
    """
    times = [recorded_at(root / path) for path in clips["path"]]
    timed = clips.assign(time=pd.to_datetime(pd.Series(times, index=clips.index)))
    timed = timed.dropna(subset=["time"]).sort_values(["source", "time", "video_id"])
    begins = timed["time"].diff().gt(PAUSE) | timed["source"].ne(timed["source"].shift())
    return timed.assign(examination=begins.cumsum())


def examination_pairs(clips: pd.DataFrame, root: Path = Path()) -> pd.DataFrame:
    """Clips that follow each other in one examination, as pairs: columns one, other.

    ``clips`` are as for ``with_examination``.
    """
    timed = with_examination(clips, root)
    before = timed["video_id"].shift()
    same = timed["examination"].eq(timed["examination"].shift())
    pairs = pd.DataFrame({"one": before[same], "other": timed.loc[same, "video_id"]})
    return pairs.reset_index(drop=True)
