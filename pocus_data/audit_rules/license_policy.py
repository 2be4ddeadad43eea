"""Rule license-policy."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.ERROR,
    Unit.CLIP,
    title="No frame is marked redistributable that its licence keeps private",
    why="Whoever picks frames by that mark would pass on what nobody allowed.",
    fix="run 'dvc repro'; a change of mind belongs into the catalog",
)
def license_policy(dataset: Dataset) -> Iterator[Found]:
    """Frames whose mark and licence disagree."""
    marks = dataset.frames[["video_id", "license", "redistributable"]].drop_duplicates()
    for row in records(marks[marks["redistributable"]]):
        name, license_id = row["video_id"], row["license"]
        if not licenses.terms_of(license_id, dataset.described).crops_redistributable:
            message = f"{license_id} does not allow it, yet its frames are marked redistributable"
            yield Found(name, message, name)
