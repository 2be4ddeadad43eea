"""Rule one-examination."""

from __future__ import annotations

from collections.abc import Iterator

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.examinations import with_examination
from pocus_data.tables import records


@rule(
    Severity.WARNING,
    Unit.CLIP,
    title="Clips that a scanner recorded within minutes bear one patient's number",
    why="Two numbers for one patient let that patient into training and test at once.",
    fix="ask the source; if it is one patient, give the clips one 'patient' in the catalog",
)
def one_examination(dataset: Dataset) -> Iterator[Found]:
    """Clips of one source, close in time by the scanner's clock, of several patients."""
    known = dataset.intact.merge(dataset.index[["video_id", "source", "patient"]], on="video_id")
    for _, rows in with_examination(known, dataset.root).groupby("examination"):
        patients = rows["patient"].nunique()
        if patients < 2:
            continue
        names = tuple(str(row["video_id"]) for row in records(rows))
        lasted_s = (rows["time"].iloc[-1] - rows["time"].iloc[0]).total_seconds()
        folds = dataset.folds_of(names)
        across = folds > 1 and dataset.split_group == "patient"
        where = f"; in {folds} folds" if folds > 1 else ""
        message = (
            f"recorded within {lasted_s:.0f} s, catalogued as {patients} patients{where}:"
            f" {', '.join(names)}"
        )
        yield Found(names[0], message, names[0], Severity.ERROR if across else None, names)
