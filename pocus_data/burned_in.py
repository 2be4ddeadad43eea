"""Text burned into clips, read by RapidOCR (PaddleOCR's networks on ONNX) where it is installed."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from pocus_data import video
from pocus_data.errors import MediaError
from pocus_data.tables import records
from pocus_data.workcache import cached_folder, digest_of

if TYPE_CHECKING:
    from pocus_data.audit_dataset import Dataset

# Below it, speckle is read as letters.
LEAST_CONFIDENCE = 0.8
# A single letter is as often a speckle or the scanner's orientation mark as a text.
FEWEST_LETTERS = 3


@dataclass(frozen=True)
class Text:
    """Words, and whether their middle lies in the clip's window."""

    words: str
    in_window: bool


@cache
def reader() -> Any | None:
    """The text reader, or ``None`` where the extra ``text`` is not installed."""
    try:
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        return RapidOCR(params={"Global.log_level": "error", "Global.use_cls": False})
    except ImportError:
        return None


def texts_in_clips(dataset: Dataset) -> dict[str, list[Text]]:
    """Text in the middle frame of each clip, by clip; clips without any are left out."""
    windows = dataset.crops[["video_id", "x", "y", "size"]]
    clips = dataset.intact.merge(windows, on="video_id", how="left")
    found = {}
    for clip in tqdm(records(clips), "read text", disable=None):
        seen = _read(dataset.root / clip["path"], clip["sha256"])
        texts = [Text(words, _inside(clip, x, y)) for words, x, y in seen]
        if texts:
            found[str(clip["video_id"])] = texts
    return found


def _inside(clip: dict[str, Any], x: float, y: float) -> bool:
    if pd.isna(clip["size"]):
        return False
    across, down = x - clip["x"], y - clip["y"]
    return bool(0 <= across < clip["size"] and 0 <= down < clip["size"])


def _read(path: Path, sha256: str) -> list[tuple[str, float, float]]:
    """Words and their middle, in pixels of the whole frame; remembered by the file's content."""
    import rapidocr

    version = getattr(rapidocr, "__version__", "")
    settings = (LEAST_CONFIDENCE, FEWEST_LETTERS, version, video.decoder_digest())

    def make(folder: Path) -> None:
        try:
            found = video.measured(path, sha256)
            frame = video.read_frames(path, found, [found.frames // 2])[0]
        except MediaError:
            # Rule video-checksum speaks of files that are broken.
            (folder / "texts.json").write_text("[]")
            return
        result = reader()(frame)  # type: ignore[misc]
        texts = []
        for box, words, confidence in zip(
            *(
                getattr(result, name) if getattr(result, name) is not None else ()
                for name in ("boxes", "txts", "scores")
            ),
            strict=True,
        ):
            letters = sum(letter.isalnum() for letter in words)
            if confidence >= LEAST_CONFIDENCE and letters >= FEWEST_LETTERS:
                texts.append((words, float(box[:, 0].mean()), float(box[:, 1].mean())))
        (folder / "texts.json").write_text(json.dumps(texts))

    folder = cached_folder("texts", digest_of(sha256, settings), make)
    return [tuple(each) for each in json.loads((folder / "texts.json").read_text())]
