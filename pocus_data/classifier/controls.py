"""Controls: what those score who never see a scan, and what there is to find by chance.

A network that does not clearly beat them may have learned where a clip comes from instead of what
it shows. All are trained and tested on the network's own folds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pocus_data.classifier import metrics
from pocus_data.classifier.known import Known, Real
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.splits import shuffle_labels

HEADLINE = ("accuracy", "accuracy_ci", "balanced_accuracy", "balanced_accuracy_ci")
# What a clip's file tells before anyone looks at it.
SIZE = ["width", "height"]
FRAME_RATE = ["frame_rate_hz"]
# A strong prior: 512 features, and few patients.
_REGULARISATION = 1e-3


def run_controls(
    predictions: pd.DataFrame, known: Known, bootstrap: Bootstrap
) -> dict[str, dict[str, Any]]:
    """Accuracies of all controls, at frame and video level.

    ``linear_on_scan`` is no control but their measure: the classifier of the next two, shown the
    scan.
    """
    facts = known.facts
    guesses = {
        "majority_class": by_value(predictions, pd.Series("", predictions.index)),
        "source_only": by_value(predictions, facts["source"]),
        "size_only": by_forest(predictions, facts[SIZE], known.seed),
        "frame_rate_only": by_forest(predictions, facts[FRAME_RATE], known.seed),
        "linear_on_border": by_line(predictions, known.border),
        "linear_on_scan": by_line(predictions, known.scan),
    }
    scored = {
        name: score(predictions.assign(predicted=guess), bootstrap)
        for name, guess in guesses.items()
    }
    dealt = shuffle_labels(predictions, predictions["group"], known.seed)
    shuffled = predictions.assign(**{"class": dealt})
    guess = by_line(shuffled, known.scan)
    scored["linear_on_shuffled_labels"] = score(shuffled.assign(predicted=guess), bootstrap)
    return scored


def score(table: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, Any]]:
    """Accuracy and balanced accuracy on frames, and on videos by most frames' guess."""
    votes = table.groupby("video_id", as_index=False).agg(
        {"class": "first", "group": "first", "predicted": _commonest}
    )
    result = {}
    for level, rows in (("frame", table), ("video", votes)):
        summary = metrics.summarise(rows, bootstrap, with_areas=False)
        result[level] = {name: summary[name] for name in HEADLINE}
    return result


def by_value(table: pd.DataFrame, known: pd.Series) -> pd.Series:
    """For each value of ``known`` the commonest class among training frames that share it.

    A value never seen in training gets the commonest class of all.
    """
    guesses = pd.Series(index=table.index, dtype=object)
    for fold in table["fold"].unique():
        tested = table["fold"] == fold
        classes = table["class"][~tested]
        of_value = classes.groupby(known[~tested]).agg(_commonest)
        guesses[tested] = known[tested].map(of_value).fillna(_commonest(classes))
    return guesses


def by_forest(table: pd.DataFrame, numbers: pd.DataFrame, seed: int) -> pd.Series:
    """What a random forest makes of a few numbers of each clip; an unknown number is -1."""
    values = numbers.astype("Float64").fillna(-1).to_numpy(np.float32)
    forest = RandomForestClassifier(200, class_weight="balanced", random_state=seed)
    return _by_fold(table, values, forest)


def by_line(table: pd.DataFrame, features: Real) -> pd.Series:
    """What logistic regression makes of pooled features."""
    line = LogisticRegression(C=_REGULARISATION, class_weight="balanced", max_iter=1000)
    return _by_fold(table, features, make_pipeline(StandardScaler(), line))


def _by_fold(table: pd.DataFrame, values: Real, classifier: Any) -> pd.Series:
    guesses = pd.Series(index=table.index, dtype=object)
    for fold in table["fold"].unique():
        tested = (table["fold"] == fold).to_numpy()
        classifier.fit(values[~tested], table["class"][~tested])
        guesses[tested] = classifier.predict(values[tested])
    return guesses


def _commonest(classes: pd.Series) -> str:
    """The most frequent class; among equals the first in alphabetical order."""
    return str(classes.value_counts().sort_index().idxmax())
