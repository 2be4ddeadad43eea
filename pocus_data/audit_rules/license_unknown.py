"""Rule license-unknown."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.ENTRY,
    title="Somebody has said whether each entry may be passed on",
    why="What nobody allowed stays on this machine: it is in no export.",
    fix="ask the source, then write its answer into the catalog",
)
def license_unknown(dataset: Dataset) -> Iterator[Found]:
    """Entries whose licence leaves redistribution open."""
    for row in records(dataset.index):
        terms = licenses.terms_of(row["license"], dataset.described)
        if row["license"] and terms.redistribute is None:
            message = f"{row['license']}: nobody has said that it may be passed on"
            yield Found(row["video_id"], f"{message}; ask {row['source']}", row["video_id"])
