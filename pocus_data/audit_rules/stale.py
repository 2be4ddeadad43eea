"""Rule stale."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, NotCheckedError, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.DATASET,
    title="Data, code and parameters are those that dvc.lock records",
    why="Tables edited by hand, or made by other code, are not what a rebuild would give.",
    fix="run 'dvc repro', or 'dvc checkout' for files that were edited",
)
def stale(dataset: Dataset) -> Iterator[Found]:
    """Stages that have changed since the lock, or files that are not the lock's."""
    if dataset.changed is None:
        raise NotCheckedError(dataset.why_not_asked)
    for stage, what in sorted(dataset.changed.items()):
        yield Found(stage, what)
