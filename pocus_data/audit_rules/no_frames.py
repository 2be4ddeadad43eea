"""Rule no-frames."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="A clip that was had gave frames",
    why="A clip that drops out on the way is missing from every count after it.",
    fix="see the reason in crops.csv, or what the stage 'sample' said",
)
def no_frames(dataset: Dataset) -> Iterator[Found]:
    """Clips with bytes and a window, but no frame; clips without a row in crops.csv."""
    sampled = set(dataset.frames["video_id"])
    usable = set(dataset.crops.loc[dataset.crops["reason"] == "", "video_id"])
    listed = set(dataset.crops["video_id"])
    for name in sorted(set(dataset.had["video_id"]) - sampled):
        if name in usable:
            yield Found(name, "has a window but gave no frame", name)
        elif name not in listed:
            yield Found(name, "is not in crops.csv", name)
