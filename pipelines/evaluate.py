"""Stage ``evaluate``: predictions of the held-out folds, metrics, plots and the results page."""

import json
import sys

import pandas as pd

from pipelines.common import Paths, load_params, run
from pocus_data.classifier.evaluate import evaluate, predict_folds
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.report import headline, write_plots, write_report
from pocus_data.sample import read_frames_table
from pocus_data.splits import read_folds
from pocus_data.tables import PREDICTION_COLUMNS, records, write_table


def main(paths: Paths) -> None:
    """Read models, features and folds; write ``metrics.json`` and what explains it."""
    params, train, split = load_params("evaluate"), load_params("train"), load_params("split")
    store = FeatureStore(paths.data / "features")
    predictions = predict_folds(store, read_folds(paths.data / "folds.csv"), paths.models)
    frames = read_frames_table(paths.data / "frames.csv").set_index("frame_id")
    protocol = {
        **train,
        "precision": store.settings["precision"],
        "augmentations": store.copies,
        "split": split,
    }
    bootstrap = Bootstrap(params["bootstrap_samples"], params["seed"])
    sources = predictions["frame_id"].map(frames["source"])
    metrics = evaluate(predictions, sources, protocol, bootstrap)
    reports = paths.reports
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    write_table(records(predictions), reports / "predictions.csv", PREDICTION_COLUMNS)
    training = pd.read_csv(reports / "training.csv")
    write_plots(predictions, metrics, training, reports / "plots")
    print(f"evaluate: {headline(metrics)}", file=sys.stderr)
    write_report(paths.dataset, metrics, reports / "plots", reports / "report.html")


if __name__ == "__main__":
    run(main)
