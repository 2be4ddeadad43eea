"""Rule not-used."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.NOTE,
    Unit.ENTRY,
    title="What was never fetched or used says why",
    why="A dataset is also what it lacks: dead links, exclusions and broken files are part of it.",
    fix="'pocus-data links' says which addresses live; add another to the entry's downloads",
)
def not_used(dataset: Dataset) -> Iterator[Found]:
    """Entries that gave no frames, with the reason; entries that the tables do not know."""
    for table in (dataset.videos, dataset.crops):
        for row in records(table[table["reason"] != ""]):
            yield Found(row["video_id"], row["reason"])
    for name in sorted(set(dataset.index["video_id"]) - set(dataset.videos["video_id"])):
        message = "is in the catalog but not in videos.csv: the catalog is ahead of the data"
        yield Found(name, message, severity=Severity.WARNING)
