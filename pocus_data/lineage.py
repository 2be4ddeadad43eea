"""Lineage, both ways: from a frame back to page, licence and doctor; from a clip to all made of it.

Everything is read from the tables of the stages and from ``dvc.lock``; nothing is guessed. What a
table does not say is left out.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pocus_data import licenses, locks
from pocus_data.errors import DataError, PocusError
from pocus_data.frames import is_grey
from pocus_data.png import pixels_sha256
from pocus_data.tables import (
    PREDICTION_COLUMNS,
    read_crops,
    read_folds,
    read_frames_table,
    read_index,
    read_predictions,
    read_videos,
    records,
)

_OF_ENTRY = ("video_id", "file", "video_name", "title", "doi", "releases", "exclude")
_OF_FILE = ("status", "reason", "sha256", "bytes", "container", "codec", "width", "height")
_OF_FRAME = ("frame_id", "path", "frame_index", "time_s", "width", "height", "video_sha256")
_COMMENTS = ("web_comment", "md_comment", "md2_comment", "md3_comment")
# The stages that make a frame, and what each writes.
_MADE_BY = {
    "index": "catalog.csv",
    "download": "videos.csv",
    "crop": "crops.csv",
    "sample": "frames.csv",
}


def trace(what: str, root: Path = Path()) -> list[dict[str, Any]]:
    """The lineage of a frame, a clip, or a PNG file, which is recognised by its pixels.

    Returns
    -------
    One description for each frame or clip of that name or those pixels, in order of dataset.

    Raises
    ------
    PocusError
        if no dataset has it.
    """
    folders = _datasets(root)
    pixels = _pixels_of(Path(what))
    found = []
    for name in folders:
        frames = read_frames_table(root / "data" / name / "frames.csv")
        asked = frames["sha256"].isin(pixels) if pixels else frames["frame_id"] == what
        for frame in records(frames[asked]):
            found.append(_of_clip(name, frame["video_id"], root, frame))
        if not asked.any() and not pixels:
            index = read_index(root / "data" / name / "catalog.csv")
            if what in set(index["video_id"]):
                found.append(_of_clip(name, what, root, None))
    if not found:
        kind = f"its pixels ({min(pixels)[:12]}…) are" if pixels else "it is"
        raise PocusError(f"{what}: unknown; {kind} no frame or clip of {', '.join(folders)}")
    return found


def impact(video_id: str, root: Path = Path()) -> list[dict[str, Any]]:
    """All that was made of a clip: frames, fold, features, networks, predictions, exports.

    Raises
    ------
    PocusError
        if no dataset has it.
    """
    folders = _datasets(root)
    found = []
    for name in folders:
        if video_id in set(read_index(root / "data" / name / "catalog.csv")["video_id"]):
            found.append(_made_of(name, video_id, root))
    if not found:
        raise PocusError(f"{video_id}: unknown; it is no clip of {', '.join(folders)}")
    return found


def _datasets(root: Path) -> list[str]:
    found = sorted(path.parent.name for path in (root / "data").glob("*/frames.csv"))
    if not found:
        raise DataError("data/: no dataset has been built here; run 'dvc repro'")
    return found


def _pixels_of(path: Path) -> set[str]:
    """Digests of a picture's pixels, as frames are stored: in colour, and in one channel if grey.

    Empty if there is no such file.

    Raises
    ------
    PocusError
        if it is no picture.
    """
    if not path.is_file():
        return set()
    try:
        with Image.open(path) as picture:
            colour = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PocusError(f"{path}: is no PNG that can be read ({type(error).__name__})") from error
    digests = {pixels_sha256(colour)}
    if is_grey(colour):
        digests.add(pixels_sha256(np.ascontiguousarray(colour[..., 0])))
    return digests


def _of_clip(name: str, video_id: str, root: Path, frame: dict[str, Any] | None) -> dict[str, Any]:
    data = root / "data" / name
    entry = _row(read_index(data / "catalog.csv"), video_id)
    file = _row(read_videos(data / "videos.csv"), video_id)
    window = _row(read_crops(data / "crops.csv"), video_id)
    license_id = entry.get("license") or (frame or {}).get("license", "")
    terms = licenses.terms_of(license_id, licenses.read_described(root / "catalog/licenses.yaml"))
    said: dict[str, Any] = {"dataset": name}
    if frame is not None:
        folds = read_folds(data / "folds.csv")
        fold = folds.loc[folds["frame_id"] == frame["frame_id"], "fold"]
        of_frame = {key: frame[key] for key in _OF_FRAME}
        of_frame |= {"pixels_sha256": frame["sha256"], "fold": None if fold.empty else fold.iloc[0]}
        said["frame"] = _present(of_frame)
        cut = {key: frame[f"crop_{key}"] for key in ("x", "y", "size")}
        said["crop"] = _present(cut | {"method": window.get("method")})
    elif window:
        said["crop"] = _present({key: window[key] for key in ("x", "y", "size", "method")})
    said |= {
        "clip": _present({key: entry.get(key) for key in _OF_ENTRY}),
        "file": _present({key: file.get(key) for key in _OF_FILE}),
        "url_used": file.get("url_used") or None,
        "page": entry.get("url") or None,
        "license": _present({"id": license_id, "url": entry.get("license_url")}) | asdict(terms),
        "policies": [
            str(policy)
            for policy in licenses.Policy
            if policy is not licenses.Policy.ANY and licenses.permits(terms, policy, derived=True)
        ],
        "source": _present({"id": entry.get("source"), "name": entry.get("source_name")}),
        "class": entry.get("class"),
        "patient": entry.get("patient") or None,
        "findings": entry.get("findings") or None,
        "comments": _present({key: entry.get(key) for key in _COMMENTS}),
        "made_by": _made_by(name, root),
    }
    return said


def _made_by(name: str, root: Path) -> dict[str, Any]:
    """Commit and DVC hashes of the stages that make frames."""
    lock = locks.read_lock(root)
    outs = {
        f"data/{name}/{table}": lock.get(f"{stage}@{name}", {}).get(f"data/{name}/{table}")
        for stage, table in _MADE_BY.items()
    }
    last = outs[f"data/{name}/frames.csv"]
    return {"git_commit": locks.commit_of(last, root) if last else None, "dvc_lock": _present(outs)}


def _made_of(name: str, video_id: str, root: Path) -> dict[str, Any]:
    data = root / "data" / name
    frames = read_frames_table(data / "frames.csv")
    own = frames[frames["video_id"] == video_id]
    folds = read_folds(data / "folds.csv") if (data / "folds.csv").exists() else None
    numbers = sorted({int(fold) for fold in folds["fold"]}) if folds is not None else []
    tested: list[int] = []
    if folds is not None:
        tested = sorted({int(fold) for fold in folds.loc[folds["video_id"] == video_id, "fold"]})
    features = sorted((data / "features").glob(f"{video_id}.*npy"))
    models = root / "models" / name
    in_folds = bool(tested)
    return {
        "dataset": name,
        "video_id": video_id,
        "frames": list(own["frame_id"]),
        "frames_of_all": len(frames),
        "folds": tested,
        "features": [path.relative_to(root).as_posix() for path in features],
        "models_trained_on_it": [
            (models / f"fold{number}.keras").relative_to(root).as_posix()
            for number in numbers
            if in_folds and [number] != tested and (models / f"fold{number}.keras").exists()
        ],
        "metrics": _predicted(root / "reports" / name, video_id, root),
        "exports": _exports_with(root / "exports" / name, video_id, root),
    }


def _predicted(reports: Path, video_id: str, root: Path) -> dict[str, Any]:
    path = reports / "predictions.csv"
    if not path.exists():
        return {}
    table = read_predictions(path)
    own = table[table["video_id"] == video_id]
    if own.empty:
        return {}
    named = [column for column in PREDICTION_COLUMNS if column.startswith("p_")]
    return {
        "files": [path.relative_to(root).as_posix(), f"{reports.relative_to(root)}/metrics.json"],
        "frames_right": int((own["class"] == own["predicted"]).sum()),
        "mean_probabilities": {column[2:]: round(float(own[column].mean()), 6) for column in named},
    }


def _exports_with(folder: Path, video_id: str, root: Path) -> list[str]:
    """Exports of the pipeline whose metadata lists frames of a clip."""
    found = []
    for path in sorted(folder.glob("*/metadata.csv")):
        listed = pd.read_csv(path, usecols=["video_id"], dtype=str)["video_id"]
        if (listed == video_id).any():
            found.append(path.parent.relative_to(root).as_posix())
    return found


def _row(table: pd.DataFrame, video_id: str) -> dict[str, Any]:
    rows = records(table[table["video_id"] == video_id])
    return rows[0] if rows else {}


def _present(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is missing; numbers as Python's own, so that they can be JSON."""
    kept = {key: value for key, value in values.items() if not (pd.isna(value) or value == "")}
    return {key: json.loads(json.dumps(value, default=_plain)) for key, value in kept.items()}


def _plain(value: Any) -> Any:
    return value.item()
