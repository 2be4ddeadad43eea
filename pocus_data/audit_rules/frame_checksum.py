"""Rule frame-checksum."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.ERROR,
    Unit.FRAME,
    title="The pixels on disk are those that frames.csv recorded",
    why="A picture that was swapped, lost or edited still bears the old one's label.",
    fix="run 'dvc checkout', or 'dvc repro'",
)
def frame_checksum(dataset: Dataset) -> Iterator[Found]:
    """Missing, broken and changed PNG files."""
    survey = dataset.survey
    off = survey[survey["pixels_sha256"] != survey["sha256"]]
    for row in records(off):
        message = f"cannot be read ({row['problem']})"
        if not row["problem"]:
            got, expected = row["pixels_sha256"][:12], row["sha256"][:12]
            message = f"pixels are {got}…, frames.csv says {expected}…"
        yield Found(row["path"], message, row["video_id"])
