"""Rule crop-keeps-furniture."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records

# Share of the window's pixels that are bright and stand apart from the scan: at most 0.0003 of one
# mirror's clips but for one of 0.011, and of synthetic ones.
MOST_FURNITURE = 0.005


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="The window leaves rulers, bars and letters out",
    why="They tell the machine, and so the source, and so the class.",
    fix="look at reports/D/crops.jpg and give the entry a 'crop'",
)
def crop_keeps_furniture(dataset: Dataset) -> Iterator[Found]:
    """Clips with bright marks inside the window, apart from the scan."""
    for row in records(dataset.windows):
        if row["furniture"] > MOST_FURNITURE:
            message = f"{row['furniture']:.1%} of the window are marks beside the scan"
            yield Found(row["video_id"], message, row["video_id"])
