"""Rule unlisted-file."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.FRAME,
    title="The folders of frames and clips hold what their tables list, no more",
    why="Whoever copies the folder copies the stranger too.",
    fix="delete it, or run 'dvc checkout'",
)
def unlisted_file(dataset: Dataset) -> Iterator[Found]:
    """Files that no table lists."""
    for folder, table in (("frames", dataset.frames), ("videos", dataset.had)):
        listed = set(table["path"])
        found = (dataset.data / folder).rglob("*")
        on_disk = {path.relative_to(dataset.root).as_posix() for path in found if path.is_file()}
        for path in sorted(on_disk - listed):
            yield Found(path, f"is not in {folder}.csv; nobody knows where it came from")
