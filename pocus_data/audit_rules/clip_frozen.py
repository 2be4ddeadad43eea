"""Rule clip-frozen."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="Clips move",
    why="Frames that repeat each other weigh a still picture as often as a clip.",
    fix="trim the clip, or catalog it as 'media: image'",
)
def clip_frozen(dataset: Dataset) -> Iterator[Found]:
    """Clips at least half of whose frames have the same pixels as the one before."""
    for name, rows in dataset.frames.groupby("video_id"):
        ordered = rows.sort_values("frame_index")["sha256"]
        repeats = int((ordered == ordered.shift()).sum())
        if repeats and repeats >= (len(ordered) - 1) / 2:
            message = f"{repeats} of {len(ordered)} frames repeat the one before"
            yield Found(str(name), message, str(name))
