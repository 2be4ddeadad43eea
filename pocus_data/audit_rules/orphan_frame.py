"""Rule orphan-frame."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.CLIP,
    title="Every frame belongs to a catalog entry and to a clip that was had",
    why="A frame nobody lists has no page, no licence and no doctor behind it.",
    fix="run 'dvc repro'; if it stays, delete the frames",
)
def orphan_frame(dataset: Dataset) -> Iterator[Found]:
    """Frames of clips that the catalog or videos.csv does not list."""
    known, had = set(dataset.index["video_id"]), set(dataset.had["video_id"])
    for video_id, rows in dataset.frames.groupby("video_id"):
        if video_id not in known or video_id not in had:
            where = "the catalog" if video_id not in known else "videos.csv"
            message = f"{len(rows)} frames of a clip that {where} does not list"
            yield Found(str(video_id), message)
