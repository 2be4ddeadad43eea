"""Rule identifying-metadata."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.embedded import is_date, metadata_of
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="Files carry no names, places or dates in their metadata",
    why="A title, a position or the time of recording can lead back to a patient.",
    fix="pass frames on, not the file; they hold pixels alone",
)
def identifying_metadata(dataset: Dataset) -> Iterator[Found]:
    """Tags of containers and pictures that may identify somebody."""
    for row in records(dataset.intact):
        tags = metadata_of(dataset.root / row["path"])
        if tags:
            said = "; ".join(f"{name}: {value}" for name, value in tags.items())
            # A date alone leads to nobody; with a name or a number it may.
            severity = Severity.NOTE if all(map(is_date, tags)) else None
            yield Found(row["video_id"], said, row["video_id"], severity)
