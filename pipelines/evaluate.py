"""Stage ``evaluate``: predictions of the held-out folds, metrics, plots and the results page."""

import sys

import pandas as pd

from pipelines.common import Params, Paths, run
from pocus_data.classifier.evaluate import evaluate, predict_folds
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.classifier.precision import resolve
from pocus_data.outputs import write_json
from pocus_data.report import headline, write_plots, write_report
from pocus_data.tables import (
    PREDICTION_COLUMNS,
    read_folds,
    read_frames_table,
    records,
    write_table,
)


def main(paths: Paths, params: Params) -> None:
    """Read models, features and folds; write ``metrics.json`` and what explains it."""
    store = FeatureStore(paths.data / "features")
    predictions = predict_folds(store, read_folds(paths.data / "folds.csv"), paths.models)
    frames = read_frames_table(paths.data / "frames.csv").set_index("frame_id")
    protocol = {
        **params.train.model_dump(),
        "precision": {
            "features": store.settings["precision"],
            "train": resolve(params.train.precision),
        },
        "augmentations": store.copies,
        "split": params.split.model_dump(),
    }
    bootstrap = Bootstrap(params.evaluate.bootstrap_samples, params.evaluate.seed)
    sources = predictions["frame_id"].map(frames["source"])
    metrics = evaluate(predictions, sources, protocol, bootstrap)
    reports = paths.reports
    write_json(reports / "metrics.json", metrics)
    write_table(records(predictions), reports / "predictions.csv", PREDICTION_COLUMNS)
    training = pd.read_csv(reports / "training.csv")
    write_plots(predictions, metrics, training, reports / "plots")
    write_report(paths.dataset, metrics, reports / "plots", reports / "report.html")
    print(f"evaluate: {headline(metrics)}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
