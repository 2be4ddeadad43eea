"""Rule patient-across-folds."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule


@rule(
    Severity.ERROR,
    Unit.GROUP,
    title="No patient and no clip is on both sides of a fold",
    why="A network that knows the patient need not know the disease.",
    fix="run 'dvc repro' with split.group: patient",
)
def patient_across_folds(dataset: Dataset) -> Iterator[Found]:
    """Patients and clips in more than one fold; warnings where the split does not promise it."""
    promised = {"patient": ("group", "video_id"), "video": ("video_id",)}
    for column in ("group", "video_id"):
        kept = column in promised.get(dataset.split_group, ())
        severity = Severity.ERROR if kept else Severity.WARNING
        for name, rows in dataset.folds.groupby(column):
            folds = sorted({int(fold) for fold in rows["fold"].dropna()})
            if len(folds) > 1:
                what = "patient" if column == "group" else "clip"
                message = f"{what} in folds {folds}; split.group is '{dataset.split_group}'"
                yield Found(str(name), message, str(rows["video_id"].iloc[0]), severity)
