"""All clips of a catalog: fetched, measured, and one row each, whatever became of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from tqdm import tqdm

from pocus_data import video
from pocus_data.errors import FetchError, MediaError, PocusError
from pocus_data.fetch import FetchSettings, fetch
from pocus_data.tables import VIDEO_COLUMNS, read_table, records, split_list
from pocus_data.workcache import cached_folder, code_digest, digest_of, place

AVAILABLE = "available"
UNAVAILABLE = "unavailable"
UNREADABLE = "unreadable"

Item = TypeVar("Item")
Result = TypeVar("Result")


def settings_from(params: dict[str, Any]) -> FetchSettings:
    """Fetch settings from ``params.yaml``; ``$POCUS_MIRROR`` is tried before its mirrors."""
    here = os.environ.get("POCUS_MIRROR")
    if here and not here.startswith(("http://", "https://")) and not Path(here).is_dir():
        raise PocusError(f"POCUS_MIRROR: no folder {here}; name a folder or an http(s) address")
    mirrors = (*([here] if here else []), *params["mirrors"])
    return FetchSettings(
        mirrors, params["mirror_of"], params["timeout_s"], params["retries"], params["max_bytes"]
    )


def download_all(
    index: pd.DataFrame, folder: Path, settings: FetchSettings
) -> list[dict[str, Any]]:
    """Fetch and measure every entry of the index that is not excluded.

    Files go to ``folder`` under their identifiers; rows (see ``VIDEO_COLUMNS``) come back in the
    order of the index. An entry whose bytes cannot be had or read is a row with a reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = records(index[index["exclude"] == ""])
    task = partial(_acquire, folder=folder, settings=settings)
    return over_processes(task, entries, "download")


def require_enough(rows: list[dict[str, Any]], min_available: float) -> None:
    """Fail when too little of the catalog could be had.

    Raises
    ------
    FetchError
        if less than the share ``min_available`` of the rows is available.
    """
    had = sum(row["status"] == AVAILABLE for row in rows)
    if not rows or had < min_available * len(rows):
        missing = [row for row in rows if row["status"] != AVAILABLE]
        first = f" First: {missing[0]['video_id']}: {missing[0]['reason']}." if missing else ""
        raise FetchError(
            f"download: {had} of {len(rows)} clips available, download.min_available asks for"
            f" {min_available:.0%}. Check the network, or set POCUS_MIRROR to a folder or address"
            f" that has them; what was fetched is kept.{first}"
        )


def read_videos(path: Path) -> pd.DataFrame:
    """Read ``videos.csv``; see ``VIDEO_COLUMNS``."""
    return read_table(path, VIDEO_COLUMNS)


def measured(path: Path, sha256: str) -> video.ProbeResult:
    """``video.probe``, remembered in the work cache by the file's content."""
    digest = digest_of(sha256, code_digest(video))

    def make(folder: Path) -> None:
        (folder / "probe.json").write_text(json.dumps(asdict(video.probe(path))))

    stored = cached_folder("probes", digest, make) / "probe.json"
    values = json.loads(stored.read_text())
    return video.ProbeResult(**values | {"times_s": tuple(values["times_s"])})


def over_processes(
    task: Callable[[Item], Result], items: Iterable[Item], title: str
) -> list[Result]:
    """Run ``task`` on every item on all cores, results in order, with a progress bar."""
    items = list(items)
    workers = max(1, min(os.cpu_count() or 1, len(items)))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures: list[Future[Result]] = [pool.submit(task, item) for item in items]
        try:
            # disable=None: a bar on a terminal, silence in a log.
            return [future.result() for future in tqdm(futures, title, disable=None)]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _acquire(entry: dict[str, Any], folder: Path, settings: FetchSettings) -> dict[str, Any]:
    suffix = Path(entry["file"]).suffix.lower()
    row: dict[str, Any] = dict.fromkeys(VIDEO_COLUMNS)
    row |= {"video_id": entry["video_id"], "status": UNAVAILABLE}
    try:
        got = fetch(split_list(entry["downloads"]), entry["sha256"], suffix, settings)
    except FetchError as error:
        return row | {"reason": str(error)}
    path = folder / f"{entry['video_id']}{suffix}"
    row |= {"sha256": got.sha256, "bytes": got.path.stat().st_size, "url_used": got.url_used}
    try:
        found = measured(got.path, got.sha256)
    except MediaError as error:
        # The cache names files by their digest; people know them by their catalog name.
        reason = str(error).replace(got.path.name, entry["file"])
        return row | {"status": UNREADABLE, "reason": reason}
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
