"""The results page: one self-contained HTML file that reads like the paper's results section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pocus_data import figures
from pocus_data.classifier import calibration
from pocus_data.classifier import metrics as levels
from pocus_data.outputs import write_text
from pocus_data.tables import CLASS_ORDER, PHANTOM, write_csv

ROC_POINTS = [step / 200 for step in range(201)]
# How controls and kinds of folds are called on pages, in the order to show them.
CONTROLS = {
    "source_only": "Source only",
    "majority_class": "Commonest class",
    "size_only": "Size of the picture only",
    "frame_rate_only": "Frame rate only",
    "linear_on_border": "Border only, scan blacked out (logistic regression)",
    "linear_on_shuffled_labels": "Labels shuffled among patients (logistic regression)",
    "linear_on_scan": "For measure: logistic regression that sees the scan",
}
FOLDS = {"frame": "frames", "video": "videos", "patient": "patients"}


def read_curves(folder: Path) -> pd.DataFrame:
    """What was logged of each fold's training, step by step.

    Returns
    -------
    Column step, and one a fold: its loss per epoch, or its balanced accuracy on inner folds per
    regularisation strength tried.
    """
    curves = {}
    for name in ("loss", "inner_balanced_accuracy"):
        for path in sorted(folder.glob(f"plots/metrics/fold*/{name}.tsv")):
            table = pd.read_csv(path, sep="\t").set_index("step")
            curves[f"{name}_{path.parent.name}"] = table[name]
    return pd.DataFrame(curves).rename_axis("step").reset_index()


def write_plots(
    predictions: pd.DataFrame, metrics: dict[str, Any], training: pd.DataFrame, folder: Path
) -> None:
    """Tables behind ``dvc plots`` and the same plots as PNG files."""
    roc = levels.roc_table(predictions, ROC_POINTS)
    write_csv(roc, folder / "roc.csv")
    by_mean = levels.by_video(predictions, "mean")
    for name, table in (("frame", predictions), ("video", by_mean)):
        pairs = table[["class", "predicted"]].rename(columns={"class": "actual"})
        write_csv(pairs, folder / f"confusion_{name}.csv")
    figures.draw_roc(roc, metrics, folder / "roc.png")
    shown = {"Frames": predictions, "Videos (mean probability)": by_mean}
    figures.draw_confusions(shown, folder / "confusion.png")
    curves = levels.precision_recall_table(predictions, ROC_POINTS)
    write_csv(curves, folder / "precision_recall.csv")
    figures.draw_precision_recall(curves, metrics, folder / "precision_recall.png")
    temperature = metrics["calibration"]["frame"]["temperature"]
    of_fold = {int(fold): value for fold, value in temperature.items()}
    after = calibration.calibrated(predictions, of_fold)
    bins = {
        "as predicted": calibration.reliability(predictions),
        "with temperature": calibration.reliability(after),
    }
    write_csv(pd.concat(bins, names=["which"]).reset_index("which"), folder / "reliability.csv")
    figures.draw_reliability(bins, folder / "reliability.png")
    surest = {
        title: metrics["calibration"][level]["abstaining"]
        for title, level in (("Frames", "frame"), ("Videos", "video_mean"))
    }
    figures.draw_coverage(surest, folder / "coverage.png")
    figures.draw_training(training, folder / "training.png")


def write_report(dataset: str, metrics: dict[str, Any], plots: Path, path: Path) -> None:
    """Render ``report.html`` from the metrics and the PNG plots; nothing is loaded from afar."""
    write_text(path, _rendered("report.html.j2", dataset, metrics, plots=plots))


def write_model_card(dataset: str, metrics: dict[str, Any], path: Path) -> None:
    """Render ``modelcard.md`` (after Mitchell et al. 2019, "Model Cards for Model Reporting")."""
    write_text(path, _rendered("modelcard.md.j2", dataset, metrics))


def _rendered(template: str, dataset: str, metrics: dict[str, Any], **more: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pocus_data"),
        autoescape=template.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=figures.in_words, picture=figures.as_data_uri)
    text = environment.get_template(template).render(
        dataset=dataset,
        phantom=dataset == PHANTOM,
        metrics=metrics,
        classes={name: figures.CLASS_NAMES[name] for name in CLASS_ORDER},
        controls=CONTROLS,
        folds=FOLDS,
        **more,
    )
    return text + "\n"


def headline(metrics: dict[str, Any]) -> str:
    """The result in one line, with its control."""
    frame, video = metrics["frame"], metrics["video_mean"]
    control = metrics["controls"]["source_only"]["frame"]
    return (
        f"accuracy on frames {figures.in_words(frame, 'accuracy')},"
        f" on videos {figures.in_words(video, 'accuracy')};"
        f" knowing only the source {figures.in_words(control, 'accuracy')}"
    )
