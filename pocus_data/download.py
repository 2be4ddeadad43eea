"""All clips of a catalog: fetched, measured, and one row each, whatever became of them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pocus_data.errors import FetchError, MediaError, UsageError
from pocus_data.fetch import fetch, remember
from pocus_data.parallel import over_processes
from pocus_data.params import Download
from pocus_data.tables import (
    AVAILABLE,
    EXCLUDED,
    UNAVAILABLE,
    UNREADABLE,
    VIDEO_COLUMNS,
    records,
    split_list,
)
from pocus_data.video import measured
from pocus_data.workcache import place


def with_environment(settings: Download) -> Download:
    """The settings, with ``$POCUS_MIRROR`` tried before their own mirrors.

    Raises
    ------
    UsageError
        if it names a folder that does not exist.
    """
    mirror = os.environ.get("POCUS_MIRROR")
    if not mirror:
        return settings
    if not mirror.startswith(("http://", "https://")) and not Path(mirror).is_dir():
        raise UsageError(f"POCUS_MIRROR: no folder {mirror}; name a folder or http(s) address")
    return settings.model_copy(update={"mirrors": (mirror, *settings.mirrors)})


def download_all(index: pd.DataFrame, folder: Path, settings: Download) -> list[dict[str, Any]]:
    """Fetch and measure every entry of the index.

    Files go to ``folder`` under their identifiers; rows (see ``VIDEO_COLUMNS``) come back in the
    order of the index. An entry that is excluded, or whose bytes cannot be had or read, is a row
    with a reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    task = partial(_acquire, folder=folder, settings=settings)
    return over_processes(task, records(index), "download", _killed)


def require_enough(index: pd.DataFrame, rows: list[dict[str, Any]], min_available: float) -> None:
    """Fail when too little of the catalog could be had.

    Raises
    ------
    FetchError
        if less than the share ``min_available`` is available of those entries in use that
        list a download; an entry without one is for the record.
    """
    listed = set(index.loc[index["downloads"] != "", "video_id"])
    wanted = [row for row in rows if row["status"] != EXCLUDED and row["video_id"] in listed]
    missing = [row for row in wanted if row["status"] != AVAILABLE]
    had = len(wanted) - len(missing)
    if not wanted or had < min_available * len(wanted):
        first = f" First: {missing[0]['video_id']}: {missing[0]['reason']}." if missing else ""
        raise FetchError(
            f"download: {had} of {len(wanted)} clips available, download.min_available asks for"
            f" {min_available:.0%}. Check the network, or set POCUS_MIRROR to a folder or address"
            f" that has them; what was fetched is kept.{first}"
        )


def _acquire(entry: dict[str, Any], folder: Path, settings: Download) -> dict[str, Any]:
    suffix = Path(entry["file"]).suffix.lower()
    row: dict[str, Any] = dict.fromkeys(VIDEO_COLUMNS) | {"video_id": entry["video_id"]}
    if entry["exclude"]:
        return row | {"status": EXCLUDED, "reason": entry["exclude"]}
    try:
        got = fetch(split_list(entry["downloads"]), entry["sha256"], suffix, settings)
    except FetchError as error:
        return row | {"status": UNAVAILABLE, "reason": str(error)}
    path = folder / f"{entry['video_id']}{suffix}"
    row |= {"sha256": got.sha256, "bytes": got.path.stat().st_size, "url_used": got.url_used}
    try:
        found = measured(got.path, got.sha256)
    except MediaError as error:
        # The cache names files by their digest; people know them by their catalog name.
        reason = str(error).replace(got.path.name, entry["file"])
        return row | {"status": UNREADABLE, "reason": reason}
    if not entry["sha256"]:
        remember(got)
    place(got.path, path)
    return row | {
        "status": AVAILABLE,
        "path": path.as_posix(),
        "container": found.container,
        "codec": found.codec,
        "width": found.width,
        "height": found.height,
        "frames": found.frames,
        "frame_rate_hz": found.frame_rate_hz,
        "duration_s": found.duration_s,
    }


def _killed(entry: dict[str, Any]) -> dict[str, Any]:
    reason = f"{entry['file']}: reading it crashed the decoder or used up the memory"
    row: dict[str, Any] = dict.fromkeys(VIDEO_COLUMNS)
    return row | {"video_id": entry["video_id"], "status": UNREADABLE, "reason": reason}
