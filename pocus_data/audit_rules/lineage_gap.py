"""Rule lineage-gap."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule

TEXTS = ("video_sha256", "sha256", "source", "class", "path")
NUMBERS = ("frame_index", "time_s", "width", "height", "crop_x", "crop_y", "crop_size")


@rule(
    Severity.ERROR,
    Unit.FRAME,
    title="Every frame names its source, its place in the clip, and both checksums",
    why="Without them nobody can say where a picture came from, or that it is still the same.",
    fix="run 'dvc repro'",
)
def lineage_gap(dataset: Dataset) -> Iterator[Found]:
    """Empty cells of frames.csv."""
    for column in (*TEXTS, *NUMBERS):
        cells = dataset.frames[column]
        empty = dataset.frames[(cells == "") if column in TEXTS else cells.isna()]
        for frame_id, video_id in zip(empty["frame_id"], empty["video_id"], strict=True):
            yield Found(frame_id, f"'{column}' is empty in frames.csv", video_id)
