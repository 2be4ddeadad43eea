"""How well the classes are told apart, each number with its interval.

Intervals are the 2.5th and 97.5th percentiles over bootstrap samples of whole patients: frames of
one patient are no independent evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from pocus_data.tables import CLASS_ORDER

Real = NDArray[np.float64]
PROBABILITIES = [f"p_{name}" for name in CLASS_ORDER]
CLASS_METRICS = ("sensitivity", "specificity", "precision", "f1")


@dataclass(frozen=True)
class Bootstrap:
    """How many samples of patients are drawn, and from which seed."""

    samples: int
    seed: int

    def draw(self, groups: int) -> Real:
        """How often each group is in each sample, ``(samples, groups)``."""
        rng = np.random.default_rng(self.seed)
        share = np.full(groups, 1 / groups)
        return rng.multinomial(groups, share, size=self.samples).astype(np.float64)


def by_video(predictions: pd.DataFrame, method: str) -> pd.DataFrame:
    """One prediction per clip from those of its frames (paper, section 4).

    ``mean`` averages the class probabilities; ``vote`` takes the class most frames were given,
    and among equals the one of the highest mean probability. Probabilities are means in both.
    """
    first = ["class", "patient", "group", "fold"]
    clips = predictions.groupby("video_id", sort=True)
    table = clips[first].first()
    means = clips[PROBABILITIES].mean().astype(float)
    score = means.to_numpy()
    if method == "vote":
        votes = pd.crosstab(predictions["video_id"], predictions["predicted"])
        votes = votes.reindex(index=means.index, columns=list(CLASS_ORDER), fill_value=0)
        # Probabilities are at most one, so they only ever break ties.
        score = votes.to_numpy() + means.to_numpy() / 2
    table["predicted"] = np.array(CLASS_ORDER)[score.argmax(axis=1)]
    return table.join(means).reset_index()


def summarise(table: pd.DataFrame, bootstrap: Bootstrap, with_areas: bool = True) -> dict[str, Any]:
    """All metrics of one level, with intervals.

    Parameters
    ----------
    table : columns class, predicted, group, and ``p_<class>`` when ``with_areas``.

    Returns
    -------
    accuracy, balanced_accuracy and their ``…_ci``; and for each class sensitivity, specificity,
    precision, f1, auc and pr_auc (each with ``…_ci``) and support. A number that does not exist
    (precision of a class never predicted) is ``None``.
    """
    groups, group_of_row = np.unique(table["group"].to_numpy(str), return_inverse=True)
    confusions = _confusions(table, group_of_row, len(groups))
    weights = bootstrap.draw(len(groups))
    point = _from_confusion(confusions.sum(axis=0)[None])
    samples = _from_confusion(np.tensordot(weights, confusions, axes=1))
    if with_areas:
        every = np.ones((1, len(table)))
        point |= _areas(table, every)
        samples |= _areas(table, weights[:, group_of_row])
    values: dict[str, Any] = {name: _number(value[0]) for name, value in point.items()}
    values |= {f"{name}_ci": _interval(value) for name, value in samples.items()}
    result: dict[str, Any] = {}
    for name, value in values.items():
        class_name, _, metric = name.rpartition("/")
        (result.setdefault(class_name, {}) if class_name else result)[metric] = value
    for name in CLASS_ORDER:
        result[name]["support"] = int((table["class"] == name).sum())
    return result


def roc_table(predictions: pd.DataFrame, points: Iterable[float]) -> pd.DataFrame:
    """Sensitivity of each class against the rest at given false-positive rates (pooled folds)."""
    grid = np.asarray(list(points))
    table = pd.DataFrame({"false_positive_rate": grid})
    for name, column in zip(CLASS_ORDER, PROBABILITIES, strict=True):
        rate, sensitivity, _ = roc_curve(predictions["class"] == name, predictions[column])
        # At a rate the curve passes vertically, its top.
        last = np.searchsorted(rate, grid + 1e-12, side="right") - 1
        table[name] = np.round(sensitivity[last], 4)
    return table


def precision_recall_table(predictions: pd.DataFrame, points: Iterable[float]) -> pd.DataFrame:
    """Best precision of each class against the rest at given sensitivities (pooled folds)."""
    grid = np.asarray(list(points))
    table = pd.DataFrame({"sensitivity": grid})
    for name, column in zip(CLASS_ORDER, PROBABILITIES, strict=True):
        precision, sensitivity, _ = precision_recall_curve(
            predictions["class"] == name, predictions[column]
        )
        reached = sensitivity[None, :] >= grid[:, None] - 1e-12
        table[name] = np.round(np.where(reached, precision[None, :], 0).max(axis=1), 4)
    return table


def _confusions(table: pd.DataFrame, group_of_row: NDArray[np.intp], groups: int) -> Real:
    """Confusion matrix of each group, ``(groups, actual, predicted)``."""
    number = {name: position for position, name in enumerate(CLASS_ORDER)}
    actual = table["class"].map(number).to_numpy(np.intp)
    predicted = table["predicted"].map(number).to_numpy(np.intp)
    counts = np.zeros((groups, len(CLASS_ORDER), len(CLASS_ORDER)))
    np.add.at(counts, (group_of_row, actual, predicted), 1)
    return counts


def _from_confusion(confusion: Real) -> dict[str, Real]:
    """Metrics of each ``(actual, predicted)`` matrix of a stack, ``nan`` where undefined."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    actual, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    total = actual.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity = hits / actual
        metrics = {
            "sensitivity": sensitivity,
            "specificity": (total - actual - predicted + hits) / (total - actual),
            "precision": hits / predicted,
            "f1": 2 * hits / (actual + predicted),
        }
        found: dict[str, Real] = {
            "accuracy": hits.sum(axis=1) / total[:, 0],
            "balanced_accuracy": sensitivity.mean(axis=1),
        }
    for position, name in enumerate(CLASS_ORDER):
        found |= {f"{name}/{metric}": metrics[metric][:, position] for metric in CLASS_METRICS}
    return found


def _areas(table: pd.DataFrame, weights: Real) -> dict[str, Real]:
    """One-against-rest areas under the ROC and precision-recall curves.

    One value for each row of sample weights; the second area is average precision.
    """
    found = {}
    for name, column in zip(CLASS_ORDER, PROBABILITIES, strict=True):
        actual = (table["class"] == name).to_numpy()
        scores = table[column].to_numpy(float)
        for metric, area in (("auc", roc_auc_score), ("pr_auc", average_precision_score)):
            values = [_area(area, actual, scores, weight) for weight in weights]
            found[f"{name}/{metric}"] = np.array(values)
    return found


def _area(
    area: Callable[..., float], actual: NDArray[np.bool_], scores: Real, weight: Real
) -> float:
    drawn = weight > 0
    if actual[drawn].all() or not actual[drawn].any():
        return float("nan")
    return float(area(actual[drawn], scores[drawn], sample_weight=weight[drawn]))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _interval(values: Real) -> list[float] | None:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None
    return [round(float(edge), 4) for edge in np.percentile(known, [2.5, 97.5])]
