"""The recipe ``best``: all convolutions frozen, logistic regression on their averaged features.

With few patients the paper's recipe learns them by heart: on inner folds it is at its best after
three or four epochs, and a straight line through the same features does better than it ever does
(``python -m benchmarks.recipes``). How much the line may bend to the training frames is chosen,
for each fold by itself, on inner folds of its training patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from pocus_data.classifier import metrics, networks
from pocus_data.classifier.backend import keras
from pocus_data.classifier.calibration import fit_temperature, probabilities_of
from pocus_data.errors import DataError
from pocus_data.params import Train
from pocus_data.tables import CLASS_ORDER, class_numbers

Real = NDArray[np.float64]
NAME = "linear_probe"


@dataclass(frozen=True)
class Line:
    """A fitted line: probabilities are softmax of ``features @ weights + bias``."""

    weights: Real
    bias: Real

    def probabilities(self, pooled: NDArray[np.floating]) -> Real:
        """Class probabilities ``(n, classes)`` of pooled features ``(n, 512)``."""
        found: Real = softmax(pooled @ self.weights + self.bias, axis=1)
        return found

    def whole(self, weights_file: Path) -> Any:
        """The whole network, image in, float32."""
        prefix = networks.prefix(networks.convolutions(str(weights_file)))
        x = keras.layers.GlobalAveragePooling2D(name="average")(prefix.output)
        classes = keras.layers.Dense(len(CLASS_ORDER), activation="softmax", name="classes")
        model = keras.Model(prefix.input, classes(x), name=NAME)
        classes.set_weights([self.weights.astype(np.float32), self.bias.astype(np.float32)])
        return model


@dataclass(frozen=True)
class Chosen:
    """A line, and how it was chosen on inner folds.

    Attributes
    ----------
    strength : inverse regularisation strength chosen.
    inner_balanced_accuracy : of each strength tried, over the frames of all inner folds.
    temperatures : fitted on the inner folds' predictions, of frames and of videos.
    """

    line: Line
    strength: float
    inner_balanced_accuracy: dict[float, float]
    temperatures: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The choice without the line."""
        scores = {
            str(strength): round(score, 5)
            for strength, score in self.inner_balanced_accuracy.items()
        }
        heat = {level: round(value, 5) for level, value in self.temperatures.items()}
        return {
            "strength": self.strength,
            "inner_balanced_accuracy": scores,
            "temperature": heat,
        }


def choose_line(pooled: NDArray[np.floating], training: pd.DataFrame, recipe: Train) -> Chosen:
    """Fit on the training frames, with the strength that is best on inner folds.

    Parameters
    ----------
    pooled : features averaged over their map, ``(n, 512)``, of the rows of ``training``.
    training : frames to learn from, with class, group and video_id.

    Raises
    ------
    DataError
        if a class is missing, or has a single patient.
    """
    numbers = class_numbers(training["class"])
    predicted = {
        strength: _inner_predictions(pooled, training, numbers, strength, recipe)
        for strength in sorted(recipe.best.strengths)
    }
    scores = {
        strength: float(balanced_accuracy_score(numbers, values.argmax(axis=1)))
        for strength, values in predicted.items()
    }
    # Among equals the first, which bends least.
    strength = max(scores, key=lambda each: scores[each])
    line = fit_line(pooled, numbers, strength)
    return Chosen(line, strength, scores, _temperatures(training, predicted[strength]))


def fit_line(pooled: NDArray[np.floating], numbers: NDArray[np.intp], strength: float) -> Line:
    """Logistic regression on standardised features, each class weighing the same.

    Raises
    ------
    DataError
        if a class is missing.
    """
    missing = sorted(set(range(len(CLASS_ORDER))) - set(numbers.tolist()))
    if missing:
        raise DataError(f"train: no frame of class {CLASS_ORDER[missing[0]]} to learn from")
    scaler = StandardScaler().fit(pooled)
    fitted = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    fitted.fit(scaler.transform(pooled), numbers)
    # The standardisation becomes part of the line.
    weights = fitted.coef_.T / scaler.scale_[:, None]
    return Line(weights, fitted.intercept_ - scaler.mean_ @ weights)


def _inner_predictions(
    pooled: NDArray[np.floating],
    training: pd.DataFrame,
    numbers: NDArray[np.intp],
    strength: float,
    recipe: Train,
) -> Real:
    """Probabilities of every training frame by a line that never saw its patient."""
    patients = training.groupby("class")["group"].nunique()
    if patients.min() < 2:
        raise DataError(f"train: class {patients.idxmin()} has one patient to learn from; add more")
    folds = min(recipe.best.inner_folds, int(patients.min()))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=recipe.seed)
    found = np.zeros((len(training), len(CLASS_ORDER)))
    for learned, held_out in splitter.split(pooled, numbers, training["group"]):
        line = fit_line(pooled[learned], numbers[learned], strength)
        found[held_out] = line.probabilities(pooled[held_out])
    return found


def _temperatures(training: pd.DataFrame, probabilities: Real) -> dict[str, float]:
    table = training[["video_id", "class", "patient", "group", "fold"]].copy()
    table[metrics.PROBABILITIES] = probabilities
    table["predicted"] = np.array(CLASS_ORDER)[probabilities.argmax(axis=1)]
    levels = {"frame": table, "video_mean": metrics.by_video(table, "mean")}
    return {
        level: fit_temperature(probabilities_of(rows), class_numbers(rows["class"]))
        for level, rows in levels.items()
    }
