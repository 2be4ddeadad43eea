"""Rule patient-two-classes."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.WARNING,
    Unit.GROUP,
    title="One patient, one class",
    why="Two classes of one patient are a slip, a course of disease, or a number used twice.",
    fix="let a doctor look; correct 'class' or 'patient' in the catalog",
)
def patient_two_classes(dataset: Dataset) -> Iterator[Found]:
    """Patients whose clips have several classes."""
    known = dataset.index[dataset.index["patient"] != ""]
    for patient, rows in known.groupby("patient"):
        classes = sorted(rows["class"].unique())
        if len(classes) > 1:
            message = f"catalogued as {' and '.join(classes)}: {', '.join(rows['video_id'])}"
            yield Found(str(patient), message, str(rows["video_id"].iloc[0]))
