"""Evaluation: every frame is predicted by the one network that never saw its patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pocus_data.classifier import metrics, networks
from pocus_data.classifier.backend import keras
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.errors import DataError
from pocus_data.tables import CLASS_ORDER


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
        if not path.exists():
            raise DataError(f"{path}: missing; run 'dvc repro' to train it")
        whole = keras.models.load_model(path, compile=False)
        tail = networks.tail(whole.get_layer("hidden").units)
        for layer in tail.layers:
            if layer.weights:
                layer.set_weights(whole.get_layer(layer.name).get_weights())
        places = store.locate(tested["frame_id"])
        unchanged = np.zeros(len(tested), dtype=np.intp)
        features = store.read(places, unchanged).astype(np.float32)
        probabilities = tail.predict(features, batch_size=64, verbose=0)
        if not np.isfinite(probabilities).all():
            raise DataError(f"{path}: answers are not numbers; train it again")
        part = tested.copy()
        part["predicted"] = np.array(CLASS_ORDER)[probabilities.argmax(axis=1)]
        part[metrics.PROBABILITIES] = probabilities.astype(float).round(6)
        parts.append(part)
    return pd.concat(parts).sort_values("frame_id", ignore_index=True)


def evaluate(
    predictions: pd.DataFrame, sources: pd.Series, protocol: dict[str, Any], bootstrap: Bootstrap
) -> dict[str, Any]:
    """``metrics.json``: the paper's measures at frame and video level, and controls beside them.

    ``sources`` gives the source of each row of ``predictions``.
    """
    mean, vote = metrics.by_video(predictions, "mean"), metrics.by_video(predictions, "vote")
    return {
        "frame": metrics.summarise(predictions, bootstrap),
        "video_mean": metrics.summarise(mean, bootstrap),
        "video_vote": metrics.summarise(vote, bootstrap, with_auc=False),
        "controls": {
            "majority_class": _control(predictions, pd.Series("", predictions.index), bootstrap),
            "source_only": _control(predictions, sources, bootstrap),
        },
        "data": _counts(predictions),
        "protocol": protocol,
    }


def _control(
    predictions: pd.DataFrame, known: pd.Series, bootstrap: Bootstrap
) -> dict[str, dict[str, Any]]:
    """What guessing from ``known`` alone, learned on the same training folds, would score.

    For each value of ``known`` the commonest class among training frames that share it; a value
    never seen in training gets the commonest class of all.
    """
    guesses = pd.Series(index=predictions.index, dtype=object)
    for fold in predictions["fold"].unique():
        tested = predictions["fold"] == fold
        classes = predictions["class"][~tested]
        commonest = _commonest(classes)
        by_value = classes.groupby(known[~tested]).agg(_commonest)
        guesses[tested] = known[tested].map(by_value).fillna(commonest)
    table = predictions.assign(predicted=guesses)
    headline = ("accuracy", "accuracy_ci", "balanced_accuracy", "balanced_accuracy_ci")
    result = {}
    for level, rows in (("frame", table), ("video", _first_of_each(table))):
        summary = metrics.summarise(rows, bootstrap, with_auc=False)
        result[level] = {name: summary[name] for name in headline}
    return result


def _commonest(classes: pd.Series) -> str:
    """The most frequent class; among equals the first in alphabetical order."""
    return str(classes.value_counts().sort_index().idxmax())


def _first_of_each(table: pd.DataFrame) -> pd.DataFrame:
    return table.groupby("video_id", as_index=False).first()


def _counts(predictions: pd.DataFrame) -> dict[str, dict[str, int]]:
    by_class = predictions.groupby("class")
    columns = {"frames": "frame_id", "videos": "video_id", "patients": "group"}
    return {
        unit: {name: int(by_class[column].nunique().get(name, 0)) for name in CLASS_ORDER}
        | {"total": int(predictions[column].nunique())}
        for unit, column in columns.items()
    }
