"""The audit as a page: each rule's score, each finding with its picture and the way to mend it."""

from __future__ import annotations

import base64
import io
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from pocus_data import licenses, links
from pocus_data.audit import Result
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Severity
from pocus_data.errors import MediaError
from pocus_data.export import clips_free
from pocus_data.licenses import Policy
from pocus_data.outputs import write_text
from pocus_data.png import read_png
from pocus_data.tables import AVAILABLE, PHANTOM, records
from pocus_data.windows import mean_picture, trimmed

# Findings of one rule that a page can bear.
MOST_SHOWN = 200
_JPEG_QUALITY = 60
_CHAIN_SIDE = 160


def write_page(
    results: list[Result], dataset: Dataset, predictions: pd.DataFrame, path: Path
) -> None:
    """Render ``audit.html``: one file, nothing is loaded from afar."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pocus_data"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = {each.video_id for result in results for each in result.findings[:MOST_SHOWN]} - {""}
    text = environment.get_template("audit.html.j2").render(
        dataset=dataset,
        phantom=dataset.name == PHANTOM,
        results=results,
        levels=list(Severity),
        counts=Counter(f.severity.value for result in results for f in result.findings),
        thumbnails=_thumbnails(dataset, shown),
        policies=policy_table(dataset),
        licenses=license_table(dataset),
        health=link_table(dataset),
        states=links.STATES,
        most=MOST_SHOWN,
        chain=_chain(dataset, predictions),
    )
    write_text(path, text + "\n")


def policy_table(dataset: Dataset) -> list[dict[str, Any]]:
    """How many clips and frames each policy lets go; see ``export.clips_free``."""
    rows = []
    for policy in (Policy.OPEN, Policy.COMMERCIAL, Policy.REDISTRIBUTABLE, Policy.ANY):
        free = clips_free(dataset, policy)
        frames = int(dataset.frames["video_id"].isin(free).sum())
        rows.append({"policy": str(policy), "clips": len(free), "frames": frames})
    return rows


def license_table(dataset: Dataset) -> list[dict[str, Any]]:
    """What each licence allows, and how much stands under it."""
    frames = dataset.frames["license"].value_counts()
    had = dataset.index[dataset.index["video_id"].isin(dataset.had["video_id"])]
    clips, entries = had["license"].value_counts(), dataset.index["license"].value_counts()
    return [
        {
            "license": license_id,
            "terms": vars(licenses.terms_of(str(license_id), dataset.described)),
            "entries": int(count),
            "clips": int(clips.get(license_id, 0)),
            "frames": int(frames.get(license_id, 0)),
        }
        for license_id, count in entries.sort_index().items()
    ]


def link_table(dataset: Dataset) -> list[dict[str, Any]]:
    """Per source: entries that list a download, those had, and what addresses last answered."""
    known = set(dataset.index["video_id"])
    ledger = links.last_states(links.ledger_path(dataset.name, dataset.root))
    last = [row for row in ledger if row["video_id"] in known]
    states = links.by_source(last)
    listed = dataset.index.merge(dataset.videos[["video_id", "status"]], on="video_id", how="left")
    rows = []
    for (source, name), entries in listed.groupby(["source", "source_name"], sort=True):
        wanted = entries[(entries["downloads"] != "") & (entries["exclude"] == "")]
        rows.append(
            {
                "source": name or source,
                "entries": len(entries),
                "listed": len(wanted),
                "had": int((wanted["status"] == AVAILABLE).sum()),
                "states": states.get(str(source), {}),
            }
        )
    return rows


def _thumbnails(dataset: Dataset, names: set[str]) -> dict[str, str]:
    """Mean frame of each clip with its window drawn in, as data addresses."""
    clips = dataset.intact[dataset.intact["video_id"].isin(names)]
    windows = dataset.crops[["video_id", "x", "y", "size"]]
    trims = dataset.index[["video_id", "trim_start", "trim_stop"]]
    clips = clips.merge(windows, on="video_id", how="left").merge(trims, on="video_id", how="left")
    pictures = {row["video_id"]: _drawn(row, dataset.root) for row in records(clips)}
    return {name: _as_jpeg(picture) for name, picture in pictures.items() if picture is not None}


def _drawn(clip: dict[str, Any], root: Path) -> Image.Image | None:
    try:
        start, stop = trimmed(clip, int(clip["frames"]))
        mean = mean_picture(root / clip["path"], clip["sha256"], start, stop)
    except (MediaError, OSError):
        return None
    picture = Image.fromarray(mean).convert("RGB")
    if pd.notna(clip["size"]):
        scale = max(picture.size) / max(int(clip["width"]), int(clip["height"]))
        left, top, reach = (int(clip[key]) * scale for key in ("x", "y", "size"))
        edge = (left, top, left + reach - 1, top + reach - 1)
        ImageDraw.Draw(picture).rectangle(edge, outline=(255, 176, 0))
    return picture


def _as_jpeg(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _chain(dataset: Dataset, predictions: pd.DataFrame) -> dict[str, Any] | None:
    """One frame's way from page to prediction: the middle frame of the first clip in the folds."""
    known = dataset.frames.merge(predictions[["frame_id", "fold", "predicted"]], on="frame_id")
    known = known[known["video_id"].isin(dataset.index["video_id"])]
    known = known[known["video_id"].isin(dataset.intact["video_id"])].dropna(subset=["time_s"])
    if known.empty:
        return None
    own = known[known["video_id"] == known["video_id"].iloc[0]]
    frame = records(own.iloc[[len(own) // 2]])[0]
    try:
        picture = Image.fromarray(read_png(dataset.root / frame["path"])).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    name = frame["video_id"]
    small = Image.fromarray(np.asarray(picture.resize((_CHAIN_SIDE, _CHAIN_SIDE))))
    return {
        "frame": frame,
        "entry": records(dataset.index[dataset.index["video_id"] == name])[0],
        "file": records(dataset.videos[dataset.videos["video_id"] == name])[0],
        "clip_picture": _thumbnails(dataset, {name}).get(name, ""),
        "frame_picture": _as_jpeg(small),
    }
