"""Rule identifier-twice."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.ENTRY,
    title="Each identifier stands once in each table",
    why="Of two rows of one name nobody knows which is true.",
    fix="run 'dvc checkout', or 'dvc repro'",
)
def identifier_twice(dataset: Dataset) -> Iterator[Found]:
    """Clips and frames that a table lists more than once."""
    for table, names in sorted(dataset.twice.items()):
        for name in names:
            yield Found(name, f"stands more than once in {table}")
    for table, rows in (("frames.csv", dataset.frames), ("folds.csv", dataset.folds)):
        for name in sorted(set(rows.loc[rows["frame_id"].duplicated(), "frame_id"])):
            yield Found(name, f"stands more than once in {table}")
