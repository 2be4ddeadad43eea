"""The results page: one self-contained HTML file that reads like the paper's results section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pocus_data import figures
from pocus_data.classifier import metrics as levels
from pocus_data.outputs import write_text
from pocus_data.tables import CLASS_ORDER, PHANTOM, write_csv

ROC_POINTS = [step / 200 for step in range(201)]


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
    figures.draw_training(training, folder / "training.png")


def write_report(dataset: str, metrics: dict[str, Any], plots: Path, path: Path) -> None:
    """Render ``report.html`` from the metrics and the PNG plots; nothing is loaded from afar."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pocus_data"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=figures.in_words, picture=figures.as_data_uri)
    template = environment.get_template("report.html.j2")
    text = template.render(
        dataset=dataset,
        phantom=dataset == PHANTOM,
        metrics=metrics,
        classes={name: figures.CLASS_NAMES[name] for name in CLASS_ORDER},
        plots=plots,
    )
    write_text(path, text + "\n")


def headline(metrics: dict[str, Any]) -> str:
    """The result in one line, with its control."""
    frame, video = metrics["frame"], metrics["video_mean"]
    control = metrics["controls"]["source_only"]["frame"]
    return (
        f"accuracy on frames {figures.in_words(frame, 'accuracy')},"
        f" on videos {figures.in_words(video, 'accuracy')};"
        f" knowing only the source {figures.in_words(control, 'accuracy')}"
    )
