"""All clips of a catalog: fetched, measured, and one row each, whatever became of them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from pocus_data.errors import FetchError, MediaError, UsageError
from pocus_data.fetch import Fetched, Wanted, fetch, from_cache, remember
from pocus_data.misses import Misses
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
    entries = records(index)
    brought = _bring_all(entries, folder, settings)
    task = partial(_acquire, folder=folder, settings=settings)
    pairs = list(zip(entries, brought, strict=True))
    return over_processes(task, pairs, "measure", _killed, cost=_cost, cached=True)


# An entry's bytes, why there are none, or nothing yet.
_Brought = Fetched | str | None


def _bring_all(entries: list[dict[str, Any]], folder: Path, settings: Download) -> list[_Brought]:
    """Fetch what lies somewhere; synthetic clips are left to the processes that measure.

    Transfers wait for the network, not for a core: many threads, few of them at one host.
    """
    misses = Misses(folder, [_wanted(entry) for entry in entries], settings)

    def bring(entry: dict[str, Any]) -> _Brought:
        if entry["exclude"] or entry["downloads"].startswith("phantom:"):
            return None
        wanted = _wanted(entry)
        if reason := misses.known(wanted):
            return from_cache(wanted) or reason
        got = _bring(wanted, settings)
        if isinstance(got, str):
            misses.add(wanted, got)
        return got

    with (
        ThreadPoolExecutor(settings.at_once) as pool,
        # disable=None: a bar on a terminal, silence in a log.
        tqdm(total=len(entries), desc="download", disable=None) as bar,
    ):
        futures = [pool.submit(bring, entry) for entry in entries]
        try:
            for future in as_completed(futures):
                future.result()
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    misses.save()
    return [future.result() for future in futures]


def _wanted(entry: dict[str, Any]) -> Wanted:
    return Wanted(
        downloads=tuple(split_list(entry["downloads"])),
        sha256=entry["sha256"],
        size=None if pd.isna(entry["bytes"]) else int(entry["bytes"]),
        suffix=Path(entry["file"]).suffix.lower(),
        archives=tuple(split_list(entry["archives"])),
        yt_dlp_format=entry["yt_dlp_format"],
    )


def _bring(wanted: Wanted, settings: Download) -> Fetched | str:
    try:
        return fetch(wanted, settings)
    except FetchError as error:
        return str(error)


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


def _acquire(
    task: tuple[dict[str, Any], _Brought], folder: Path, settings: Download
) -> dict[str, Any]:
    entry, got = task
    row: dict[str, Any] = dict.fromkeys(VIDEO_COLUMNS) | {"video_id": entry["video_id"]}
    if entry["exclude"]:
        return row | {"status": EXCLUDED, "reason": entry["exclude"]}
    got = got or _bring(_wanted(entry), settings)
    if isinstance(got, str):
        return row | {"status": UNAVAILABLE, "reason": got}
    path = folder / f"{entry['video_id']}{Path(entry['file']).suffix.lower()}"
    row |= {"sha256": got.sha256, "bytes": got.bytes, "url_used": got.url_used}
    row["file_sha256"] = got.kept_sha256
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


def _cost(task: tuple[dict[str, Any], _Brought]) -> float:
    """Bytes of a file that is there: what measuring it costs, about."""
    return task[1].bytes if isinstance(task[1], Fetched) else 0


def _killed(task: tuple[dict[str, Any], _Brought]) -> dict[str, Any]:
    entry, _ = task
    reason = f"{entry['file']}: reading it crashed the decoder or used up the memory"
    row: dict[str, Any] = dict.fromkeys(VIDEO_COLUMNS)
    return row | {"video_id": entry["video_id"], "status": UNREADABLE, "reason": reason}
