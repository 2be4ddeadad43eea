"""Rule attribution-missing."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.ENTRY,
    title="Whoever must be named can be named",
    why="Most licences here ask for the author's name and a link; ATTRIBUTION.md gives them.",
    fix="add 'name' and 'url' of the source, or 'url' of the entry, to the catalog",
)
def attribution_missing(dataset: Dataset) -> Iterator[Found]:
    """Entries whose licence asks for attribution, and that lack a name or a page."""
    for row in records(dataset.index):
        if not licenses.terms_of(row["license"], dataset.described).attribution:
            continue
        lacking = [] if row["source_name"] else ["whose it is"]
        if not row["url"] and not row["doi"]:
            lacking.append("a page")
        if lacking:
            message = f"{row['license']} asks for attribution; missing: {' and '.join(lacking)}"
            yield Found(row["video_id"], message, row["video_id"])
