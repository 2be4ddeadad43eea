"""Rule source-tells-class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pocus_data.audit_dataset import Dataset
from pocus_data.audit_rules.registry import Found, Severity, Unit, rule

# By how much a guess from the source may beat a guess from nothing.
MARGIN = 0.1


@rule(
    Severity.WARNING,
    Unit.DATASET,
    title="The source of a clip does not give away its class",
    why="A network can learn whose machine it sees instead of the disease, and score as well.",
    fix="add clips of the missing classes from the same sources; read the controls' scores",
)
def source_tells_class(dataset: Dataset) -> Iterator[Found]:
    """How well source alone predicts class, each patient guessed from the others of its source."""
    facts = dataset.folds.merge(dataset.frames[["frame_id", "source"]], on="frame_id")
    patients = facts.drop_duplicates(["group", "source", "class"]).reset_index(drop=True)
    chance = 1 / max(1, patients["class"].nunique())
    score = confound_score(patients) if len(patients) else 0.0
    if score <= chance + MARGIN:
        return
    classes = patients.groupby("source")["class"].nunique()
    single = ", ".join(sorted(classes[classes == 1].index)) or "none"
    message = (
        f"guessing from it alone: balanced accuracy {score:.2f}, chance"
        f" {chance:.2f}; sources of one class only: {single}"
    )
    yield Found("source", message)


def confound_score(patients: pd.DataFrame) -> float:
    """Balanced accuracy of guessing each patient's class by the others of the same source.

    ``patients`` has columns source and class, one row each. Where a source has no other, the
    commonest class of all others is the guess; of equally common ones the first in the alphabet.
    """
    counts = pd.crosstab(patients["source"], patients["class"]).to_numpy()
    everywhere = counts.sum(axis=0)
    right = np.zeros(len(everywhere))
    for row in counts:
        for number in np.flatnonzero(row):
            # The patient itself is no evidence.
            others = (row if row.sum() > 1 else everywhere).copy()
            others[number] -= 1
            if others.max() > 0 and others.argmax() == number:
                right[number] += row[number]
    return float((right / everywhere).mean())
