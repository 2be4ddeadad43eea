"""Whether a probability means what it says, and what abstaining would gain.

Guo et al. 2017 ("On Calibration of Modern Neural Networks") is the source of the expected
calibration error over ten bins and of temperature scaling.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from pocus_data.classifier.metrics import PROBABILITIES
from pocus_data.tables import CLASS_ORDER, class_numbers

Real = NDArray[np.float64]
BINS = 10
# Shares of the cases that are answered, the surest first.
COVERAGES = tuple(step / 10 for step in range(10, 0, -1))
# A network that is sure of everything leaves no finite temperature.
_TEMPERATURES = (0.05, 20.0)
_SMALLEST = 1e-12


def probabilities_of(table: pd.DataFrame) -> Real:
    """Class probabilities of each row, ``(rows, classes)``, in ``CLASS_ORDER``."""
    return table[PROBABILITIES].to_numpy(np.float64, copy=True)


def with_temperature(probabilities: Real, temperature: float) -> Real:
    """Softmax of the log-probabilities divided by a temperature; above 1 it is less sure."""
    logits = np.log(np.maximum(probabilities, _SMALLEST)) / temperature
    scaled: Real = softmax(logits, axis=1)
    return scaled


def fit_temperature(probabilities: Real, actual: NDArray[np.intp]) -> float:
    """The temperature under which the actual classes are likeliest.

    Parameters
    ----------
    probabilities : ``(rows, classes)``.
    actual : position of each row's class in ``CLASS_ORDER``.
    """

    def loss(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
        return -float(np.log(np.maximum(scaled[np.arange(len(actual)), actual], _SMALLEST)).mean())

    low, high = np.log(_TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def temperatures(predictions: pd.DataFrame) -> dict[int, float]:
    """One temperature a fold, fitted on the held-out predictions of all other folds.

    The fold's own labels have no part in its temperature.
    """
    numbers = class_numbers(predictions["class"])
    found = {}
    for fold in sorted(predictions["fold"].unique()):
        others = (predictions["fold"] != fold).to_numpy()
        found[int(fold)] = fit_temperature(probabilities_of(predictions)[others], numbers[others])
    return found


def calibrated(predictions: pd.DataFrame, of_fold: dict[int, float]) -> pd.DataFrame:
    """The same predictions with each fold's temperature applied; the class named stays."""
    table = predictions.copy()
    values = probabilities_of(predictions)
    for fold, temperature in of_fold.items():
        rows = (predictions["fold"] == fold).to_numpy()
        values[rows] = with_temperature(values[rows], temperature)
    table[PROBABILITIES] = values
    return table


def reliability(table: pd.DataFrame) -> pd.DataFrame:
    """Mean confidence and accuracy of the rows of each of ten bins of confidence.

    Returns
    -------
    Columns confidence, accuracy, count; bins without rows are left out.
    """
    confidence, right = _confidence(table)
    # A confidence of 1 belongs to the last bin.
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = pd.DataFrame({"bin": bins, "confidence": confidence, "accuracy": right.astype(float)})
    grouped = rows.groupby("bin")
    means = grouped[["confidence", "accuracy"]].mean()
    return means.assign(count=grouped.size()).round(4).reset_index(drop=True)


def summarise(table: pd.DataFrame) -> dict[str, float]:
    """Expected calibration error, Brier score and mean negative log-likelihood."""
    bins = reliability(table)
    gaps = (bins["confidence"] - bins["accuracy"]).abs()
    actual = class_numbers(table["class"])
    values = probabilities_of(table)
    truth = np.eye(len(CLASS_ORDER))[actual]
    likelihood = np.maximum(values[np.arange(len(actual)), actual], _SMALLEST)
    return {
        "expected_calibration_error": round(float((gaps * bins["count"]).sum() / len(table)), 4),
        "brier": round(float(((values - truth) ** 2).sum(axis=1).mean()), 4),
        "log_loss": round(float(-np.log(likelihood).mean()), 4),
    }


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracy when only the surest cases are answered.

    Returns
    -------
    Columns coverage (share answered), confidence (the least one answered), accuracy, count.
    """
    confidence, right = _confidence(table)
    order = np.argsort(-confidence, kind="stable")
    rows: list[dict[str, Any]] = []
    for share in COVERAGES:
        answered = order[: max(1, round(share * len(order)))]
        rows.append(
            {
                "coverage": share,
                "confidence": round(float(confidence[answered[-1]]), 4),
                "accuracy": round(float(right[answered].mean()), 4),
                "count": len(answered),
            }
        )
    return pd.DataFrame(rows)


def _confidence(table: pd.DataFrame) -> tuple[Real, NDArray[np.bool_]]:
    """Probability of the class named in each row, and whether it is right."""
    values = probabilities_of(table)
    right: NDArray[np.bool_] = values.argmax(axis=1) == class_numbers(table["class"])
    return values.max(axis=1), right
