"""Rule crop-cuts-scan."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records

# A square inside a wide sector leaves its wings out: up to 0.18 of it on one mirror's clips, up to
# 0.20 on synthetic ones.
MOST_LOST = 0.25
# Where a person set the window, more may have been left out on purpose, and what is taken for the
# scan of a dark clip may be letters beside it.
MOST_LOST_BY_HAND = 0.5


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="The window keeps the scan",
    why="What the window cuts away, neither doctor nor network will see in the frames.",
    fix="look at reports/D/crops.jpg and give the entry a 'crop'",
)
def crop_cuts_scan(dataset: Dataset) -> Iterator[Found]:
    """Clips much of whose scan lies outside their window."""
    for row in records(dataset.windows):
        by_hand = row["method"] == "catalog"
        if row["scan_lost"] > (MOST_LOST_BY_HAND if by_hand else MOST_LOST):
            message = f"{row['scan_lost']:.0%} of the scan lie outside the window"
            yield Found(row["video_id"], message, row["video_id"])
