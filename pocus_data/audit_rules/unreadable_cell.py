"""Rule unreadable-cell."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.DATASET,
    title="Numbers are numbers",
    why="A table edited by hand, or cut off, says something that no stage wrote.",
    fix="run 'dvc checkout', or 'dvc repro'",
)
def unreadable_cell(dataset: Dataset) -> Iterator[Found]:
    """Cells that should hold a number and do not."""
    for said in dataset.unreadable:
        place, _, message = said.partition(": ")
        yield Found(place, message)
