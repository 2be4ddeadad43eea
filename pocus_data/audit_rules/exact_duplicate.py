"""Rule exact-duplicate."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="No two entries have the same bytes, and no two clips a frame in common",
    why="One recording under two names counts twice; across folds it is tested on its own copy.",
    fix="exclude one of the entries, with the reason",
)
def exact_duplicate(dataset: Dataset) -> Iterator[Found]:
    """Equal files, and equal pixels in frames of two clips."""
    for sha256, rows in dataset.had.groupby("sha256"):
        names = sorted(rows["video_id"])
        if sha256 and len(names) > 1 and not _cut_apart(dataset, names):
            severity = Severity.ERROR if dataset.folds_of(names) > 1 else None
            message = "are the same file"
            yield Found(", ".join(names), message, names[0], severity, tuple(names))
    own = dataset.frames[["sha256", "video_id"]].drop_duplicates()
    own = own[own["sha256"] != ""]
    shared = own[own["sha256"].duplicated(keep=False)].groupby("sha256")["video_id"]
    for clips in sorted({tuple(sorted(clips)) for _, clips in shared}):
        severity = Severity.ERROR if dataset.folds_of(clips) > 1 else None
        message = "have a frame in common"
        yield Found(", ".join(clips), message, clips[0], severity, clips)


def _cut_apart(dataset: Dataset, names: list[str]) -> bool:
    """Whether each entry of one file has a crop or trim of its own: rule one-picture's matter."""
    entries = dataset.index[dataset.index["video_id"].isin(names)]
    windows = entries[["crop_x", "crop_y", "crop_size", "trim_start", "trim_stop"]]
    return bool(windows.notna().any(axis=1).all()) and not windows.duplicated().any()
