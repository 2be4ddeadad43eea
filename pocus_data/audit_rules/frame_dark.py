"""Rule frame-dark."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records

# Of 255: the mean grey level below which there is hardly a picture. Of one mirror's 1,852 frames
# two are darker, each the first of its clip; the next have 3.3 and more.
DARK_LEVEL = 2.5


@rule(
    Severity.WARNING,
    Unit.FRAME,
    title="No frame is nearly black",
    why="A black frame bears its clip's label and shows nothing.",
    fix="trim the clip in the catalog",
)
def frame_dark(dataset: Dataset) -> Iterator[Found]:
    """Frames of hardly any light."""
    survey = dataset.survey
    for row in records(survey[survey["mean_level"] < DARK_LEVEL]):
        message = f"mean grey level {row['mean_level']:.1f} of 255"
        yield Found(row["frame_id"], message, row["video_id"])
