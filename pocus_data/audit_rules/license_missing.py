"""Rule license-missing."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data import licenses
from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.tables import records


@rule(
    Severity.ERROR,
    Unit.ENTRY,
    title="Every entry has a licence that machines know",
    why="A licence spelt in words of one's own allows nothing to anybody's software.",
    fix="give the entry an SPDX id, NOASSERTION, or a LicenseRef-… of catalog/licenses.yaml",
)
def license_missing(dataset: Dataset) -> Iterator[Found]:
    """Entries and frames without a licence, or with one that nobody knows."""
    for row in records(dataset.index):
        said = row["license"]
        problem = licenses.problem_with(said, dataset.described) if said else "has no licence"
        if problem:
            yield Found(row["video_id"], problem, row["video_id"])
    bare = dataset.frames[dataset.frames["license"] == ""]
    for video_id, rows in bare.groupby("video_id"):
        yield Found(str(video_id), f"{len(rows)} frames have no licence", str(video_id))
