"""Evaluation: every frame is predicted by the one network that never saw its patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pocus_data.classifier import calibration, controls, metrics
from pocus_data.classifier.ensemble import load_network, tail_of
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.known import Known
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.classifier.train import predict_frames
from pocus_data.errors import DataError
from pocus_data.tables import CLASS_ORDER

# What results are broken down by: columns of what is known of each frame.
KINDS = ("source", "probe", "license", "release")
Temperatures = dict[str, dict[int, float]]
_HEADLINE = ("accuracy", "accuracy_ci", "balanced_accuracy")


def predict_folds(store: FeatureStore, folds: pd.DataFrame, models: Path) -> pd.DataFrame:
    """Predict each fold's frames with the network trained on the other folds.

    Returns
    -------
    ``folds`` with columns predicted and ``p_<class>``.

    Raises
    ------
    DataError
        if a network is missing or answers with something that is no number.
    """
    parts = []
    for fold, tested in folds.groupby("fold", sort=True):
        path = models / f"fold{fold}.keras"
        tail = tail_of(load_network(path))
        probabilities = predict_frames(tail, store, store.locate(tested["frame_id"]))
        if not np.isfinite(probabilities).all():
            raise DataError(f"{path}: answers are not numbers; train it again")
        part = tested.copy()
        part["predicted"] = np.array(CLASS_ORDER)[probabilities.argmax(axis=1)]
        part[metrics.PROBABILITIES] = probabilities.round(6)
        parts.append(part)
    return pd.concat(parts).sort_values("frame_id", ignore_index=True)


def evaluate(
    predictions: pd.DataFrame,
    known: Known,
    protocol: dict[str, Any],
    bootstrap: Bootstrap,
    temperatures: Temperatures | None = None,
) -> dict[str, Any]:
    """``metrics.json``: the paper's measures at frame and video level, and controls beside them.

    Parameters
    ----------
    known : of each row of ``predictions``, without looking at the scan.
    protocol : how the networks were trained; repeated in the result.
    temperatures : by level (frame, video_mean) and fold, fitted on inner folds; where there are
        none, each fold's is fitted on the other folds' held-out predictions.
    """
    heat = temperatures or {}
    mean, vote = metrics.by_video(predictions, "mean"), metrics.by_video(predictions, "vote")
    return {
        "frame": metrics.summarise(predictions, bootstrap),
        "video_mean": metrics.summarise(mean, bootstrap),
        "video_vote": metrics.summarise(vote, bootstrap, with_areas=False),
        "controls": controls.run_controls(predictions, known, bootstrap),
        "calibration": {
            "frame": _calibration(predictions, heat.get("frame")),
            "video_mean": _calibration(mean, heat.get("video_mean")),
        },
        "by": {kind: _by(predictions, known.facts[kind], bootstrap) for kind in KINDS},
        "data": _counts(predictions),
        "protocol": protocol,
    }


def _calibration(table: pd.DataFrame, fitted: dict[int, float] | None) -> dict[str, Any]:
    """Calibration as predicted, and with each fold's temperature."""
    of_fold = fitted or calibration.temperatures(table)
    after = calibration.calibrated(table, of_fold)
    return {
        "as_predicted": calibration.summarise(table),
        "with_temperature": calibration.summarise(after),
        "temperature": {str(fold): round(value, 4) for fold, value in of_fold.items()},
        "abstaining": calibration.coverage(after).to_dict("records"),
    }


def _by(predictions: pd.DataFrame, values: pd.Series, bootstrap: Bootstrap) -> dict[str, Any]:
    """Accuracy for each value; a frame of several values, such as releases, counts in each."""
    result = {}
    several = values.str.split(" ").explode()
    for value in sorted(set(several.fillna(""))):
        rows = predictions.loc[several.index[several.fillna("") == value]]
        summary = metrics.summarise(rows, bootstrap, with_areas=False)
        counts = {
            "frames": len(rows),
            "videos": int(rows["video_id"].nunique()),
            "patients": int(rows["group"].nunique()),
            "classes": int(rows["class"].nunique()),
        }
        result[value or "not stated"] = counts | {name: summary[name] for name in _HEADLINE}
    return result


def _counts(predictions: pd.DataFrame) -> dict[str, dict[str, int]]:
    by_class = predictions.groupby("class")
    columns = {"frames": "frame_id", "videos": "video_id", "patients": "group"}
    return {
        unit: {name: int(by_class[column].nunique().get(name, 0)) for name in CLASS_ORDER}
        | {"total": int(predictions[column].nunique())}
        for unit, column in columns.items()
    }
