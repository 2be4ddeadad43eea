"""Rule video-checksum."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records
from pocus_data.workcache import file_sha256


@rule(
    Severity.ERROR,
    Unit.CLIP,
    title="The clip on disk is the one fetched, and the one the catalog pins",
    why="Content, not an address, is what an entry stands for.",
    fix="run 'dvc checkout', or 'dvc repro'",
)
def video_checksum(dataset: Dataset) -> Iterator[Found]:
    """Missing and changed clips, and clips of other bytes than pinned or sampled."""
    pinned = dataset.index.set_index("video_id")["sha256"]
    sampled = dataset.frames.groupby("video_id")["video_sha256"].first()
    for row in records(dataset.had):
        name, path = row["video_id"], dataset.root / row["path"]
        if not path.is_file():
            yield Found(name, f"{row['path']} is missing")
        elif file_sha256(path) != row["file_sha256"]:
            yield Found(name, f"{row['path']} is not what was fetched", name)
        if pinned.get(name) not in ("", None, row["sha256"]):
            yield Found(name, "the catalog pins other bytes", name)
        if sampled.get(name) not in ("", None, row["sha256"]):
            yield Found(name, "its frames were cut from other bytes", name)
