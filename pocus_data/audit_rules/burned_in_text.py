"""Rule burned-in-text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, NotCheckedError, Severity, Unit, rule
from pocus_data.burned_in import Text, reader, texts_in_clips

# Outside the window, where machines print their settings, only what may tell who was scanned.
_IDENTIFYING = re.compile(
    r"\b\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{6,}\b"
    r"|\b(name|patient|born|dob|birth|hospital|clinic|univ\w*|mrn)\b|\bdr\.\s|\bid\s*[:#]",
    re.IGNORECASE,
)


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="No text is burned into the middle frame of a clip",
    why="It may name a patient or a hospital, and it tells the network whose machine it was.",
    fix="give the entry a 'crop' without it; if it names somebody, withdraw the entry",
)
def burned_in_text(dataset: Dataset) -> Iterator[Found]:
    """Text inside the window; outside it, text that looks like a date, a name or a number."""
    if reader() is None:
        raise NotCheckedError("rapidocr is not installed; install pocus-data with its extra 'text'")
    for video_id, texts in texts_in_clips(dataset).items():
        for text in texts:
            yield from _judge(video_id, text)


def _judge(video_id: str, text: Text) -> Iterator[Found]:
    if text.in_window:
        yield Found(video_id, f"'{text.words}' stands in its frames", video_id)
    elif _IDENTIFYING.search(text.words):
        message = f"'{text.words}' stands in the clip, outside the window"
        yield Found(video_id, message, video_id)
