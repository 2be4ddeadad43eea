"""Rule one-examination."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule
from pocus_data.embedded import recorded_at
from pocus_data.tables import records

# Longest pause between two clips of one examination. On one mirror, clips of one named set follow
# each other within a minute.
PAUSE = pd.Timedelta(minutes=5)


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
    times = [recorded_at(dataset.root / path) for path in known["path"]]
    clips = known.assign(time=pd.to_datetime(pd.Series(times, index=known.index)))
    clips = clips.dropna(subset=["time"]).sort_values(["source", "time", "video_id"])
    paused = clips["time"].diff().gt(PAUSE) | clips["source"].ne(clips["source"].shift())
    for _, rows in clips.groupby(paused.cumsum()):
        patients = sorted(set(rows["patient"]))
        if len(patients) < 2:
            continue
        names = tuple(str(row["video_id"]) for row in records(rows))
        first, last = rows["time"].iloc[0], rows["time"].iloc[-1]
        folds = dataset.folds_of(names)
        where = f"; in {folds} folds" if folds > 1 else ""
        message = (
            f"recorded within {(last - first).total_seconds():.0f} s, catalogued as"
            f" {len(patients)} patients{where}: {', '.join(names)}"
        )
        yield Found(names[0], message, names[0], about=names)
