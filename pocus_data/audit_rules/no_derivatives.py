"""Rule no-derivatives."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.ENTRY,
    title="No work was changed whose licence forbids derived works",
    why="A crop is a derived work; a no-derivatives licence forbids to share one.",
    fix="keep its frames private, or ask for permission; exports leave them out",
)
def no_derivatives(dataset: Dataset) -> Iterator[Found]:
    """Entries under a no-derivatives licence that we, or an earlier release, cropped."""
    cropped_here = set(dataset.frames["video_id"])
    for row in records(dataset.index):
        if licenses.terms_of(row["license"], dataset.described).derive is not False:
            continue
        done = [f"the 2021 release: {row['changes_made']}"] if row["changes_made"] else []
        if row["video_id"] in cropped_here:
            done.append("frames were cropped here")
        if done:
            message = f"{row['license']} allows no derived works; {'; '.join(done)}"
            yield Found(row["video_id"], message, row["video_id"])
