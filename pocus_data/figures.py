"""Pictures of results, drawn the same way every time."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pocus_data.outputs import fresh
from pocus_data.tables import CLASS_ORDER

mpl.use("Agg")

CLASS_NAMES = {
    "covid19": "COVID-19",
    "bacterial_pneumonia": "Bacterial pneumonia",
    "healthy": "Healthy",
}
# Okabe and Ito's palette, told apart also by colour-blind readers.
COLOURS = {"covid19": "#D55E00", "bacterial_pneumonia": "#0072B2", "healthy": "#009E73"}
_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 130,
}


def draw_roc(roc: pd.DataFrame, metrics: dict[str, Any], path: Path) -> None:
    """One-against-rest ROC curves of the frames, folds pooled (after the paper's Figure 2)."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=":")
        for name in CLASS_ORDER:
            result = metrics["frame"][name]
            label = f"{CLASS_NAMES[name]}: AUC {in_words(result, 'auc')}"
            x = np.concatenate([[0.0], roc["false_positive_rate"]])
            y = np.concatenate([[0.0], roc[name]])
            axes.plot(x, y, color=COLOURS[name], linewidth=2, label=label)
        axes.set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1.01))
        axes.set_aspect("equal")
        axes.legend(loc="lower right", frameon=False, fontsize=8)
        _save(figure, path)


def draw_confusions(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Confusion matrices side by side, shares of each actual class (after Figure 3)."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.3 * len(tables), 4.1), layout="constrained")
        for position, (title, table) in enumerate(tables.items(), start=1):
            axes = figure.add_subplot(1, len(tables), position)
            counts = pd.crosstab(table["class"], table["predicted"])
            counts = counts.reindex(index=CLASS_ORDER, columns=CLASS_ORDER, fill_value=0)
            shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0).to_numpy()
            numbers = counts.to_numpy(int)
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            for row, column in np.ndindex(shares.shape):
                text = f"{shares[row, column]:.2f}\n({numbers[row, column]})"
                colour = "white" if shares[row, column] > 0.55 else "black"
                axes.text(column, row, text, ha="center", va="center", color=colour)
            names = [CLASS_NAMES[name].replace(" ", "\n") for name in CLASS_ORDER]
            axes.set_xticks(range(len(names)), names)
            axes.set_yticks(range(len(names)), names)
            axes.set(title=title, xlabel="Predicted", ylabel="Actual" if position == 1 else "")
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
        _save(figure, path)


def draw_precision_recall(curves: pd.DataFrame, metrics: dict[str, Any], path: Path) -> None:
    """One-against-rest precision-recall curves of the frames, folds pooled."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for name in CLASS_ORDER:
            label = f"{CLASS_NAMES[name]}: AP {in_words(metrics['frame'][name], 'pr_auc')}"
            axes.plot(
                curves["sensitivity"], curves[name], color=COLOURS[name], linewidth=2, label=label
            )
        axes.set(xlabel="Sensitivity (recall)", ylabel="Precision", xlim=(0, 1), ylim=(0, 1.01))
        axes.set_aspect("equal")
        axes.legend(loc="lower left", frameon=False, fontsize=8)
        _save(figure, path)


def draw_reliability(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Accuracy against confidence in ten bins; the area of a point says how many frames it has."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=":")
        for (title, bins), colour in zip(tables.items(), ("#CC79A7", "#0072B2"), strict=True):
            sizes = 300 * bins["count"] / bins["count"].sum() + 8
            axes.plot(bins["confidence"], bins["accuracy"], color=colour, linewidth=1)
            axes.scatter(bins["confidence"], bins["accuracy"], s=sizes, color=colour, label=title)
        axes.set(xlabel="Confidence", ylabel="Accuracy", xlim=(0.3, 1.02), ylim=(0, 1.02))
        axes.legend(loc="upper left", frameon=False, fontsize=8)
        _save(figure, path)


def draw_coverage(tables: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Accuracy when only the surest cases are answered."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 3.0), layout="constrained")
        axes = figure.add_subplot()
        for (title, rows), colour in zip(tables.items(), ("#0072B2", "#D55E00"), strict=True):
            shares = [100 * row["coverage"] for row in rows]
            accuracies = [row["accuracy"] for row in rows]
            axes.plot(shares, accuracies, marker="o", markersize=4, color=colour, label=title)
        axes.set(xlabel="Answered, % of cases, the surest first", ylabel="Accuracy", ylim=(0, 1.02))
        axes.legend(loc="lower left", frameon=False, fontsize=8)
        _save(figure, path)


def draw_training(training: pd.DataFrame, path: Path) -> None:
    """What was logged step by step, one line a fold; see ``report.read_curves``."""
    losses = any(name.startswith("loss_") for name in training.columns)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 3.0), layout="constrained")
        axes = figure.add_subplot()
        for column in (name for name in training.columns if name != "step"):
            label = column.rsplit("_", 1)[-1].replace("fold", "fold ")
            axes.plot(training["step"], training[column], label=label, linewidth=1.5)
        if losses:
            axes.set(xlabel="Epoch", ylabel="Training loss (cross-entropy)", ylim=(0, None))
        else:
            axes.set(
                xlabel="Strength tried, strongest regularisation first", xticks=training["step"]
            )
            axes.set(ylabel="Balanced accuracy, inner folds")
        axes.legend(frameon=False, fontsize=8)
        _save(figure, path)


def in_words(result: dict[str, Any], metric: str) -> str:
    """``.84 [.79, .89]``, or a dash where the number does not exist."""
    value, interval = result.get(metric), result.get(f"{metric}_ci")
    if value is None:
        return "-"
    shown = _short(value)
    return f"{shown} [{_short(interval[0])}, {_short(interval[1])}]" if interval else shown


def as_data_uri(path: Path) -> str:
    """A PNG as a ``data:`` address, for pages that stand alone."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 1 else "1.00"


def _save(figure: Figure, path: Path) -> None:
    with fresh(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})
