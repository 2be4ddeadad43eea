"""Stage ``evaluate``: predictions of the held-out folds, metrics, plots and the results page."""

import sys

from pipelines.common import Params, Paths, run
from pocus_data.classifier.evaluate import evaluate, predict_folds
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.known import gather_known
from pocus_data.classifier.metrics import Bootstrap
from pocus_data.classifier.protocol import protocol_of, temperatures_of
from pocus_data.outputs import read_json, write_json
from pocus_data.report import (
    headline,
    read_curves,
    write_model_card,
    write_plots,
    write_report,
)
from pocus_data.tables import (
    PREDICTION_COLUMNS,
    read_folds,
    read_index,
    read_videos,
    records,
    write_table,
)


def main(paths: Paths, params: Params) -> None:
    """Read models, features and folds; write ``metrics.json`` and what explains it."""
    store = FeatureStore(paths.data / "features")
    predictions = predict_folds(store, read_folds(paths.data / "folds.csv"), paths.models)
    chosen = read_json(paths.reports / "training" / "chosen.json")
    protocol = protocol_of(params.train, params.split, store, chosen)
    index, videos = read_index(paths.data / "catalog.csv"), read_videos(paths.data / "videos.csv")
    known = gather_known(predictions, index, videos, store, params.evaluate.seed)
    bootstrap = Bootstrap(params.evaluate.bootstrap_samples, params.evaluate.seed)
    reports = paths.reports
    metrics = evaluate(predictions, known, protocol, bootstrap, temperatures_of(chosen))
    metrics["split"] = read_json(reports / "split.json")
    metrics["optimism"] = read_json(reports / "optimism.json")
    write_json(reports / "metrics.json", metrics)
    write_table(records(predictions), reports / "predictions.csv", PREDICTION_COLUMNS)
    write_plots(predictions, metrics, read_curves(reports / "training"), reports / "plots")
    write_report(paths.dataset, metrics, reports / "plots", reports / "report.html")
    write_model_card(paths.dataset, metrics, reports / "modelcard.md")
    print(f"evaluate: {headline(metrics)}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
