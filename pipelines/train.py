"""Stage ``train``: one network per fold."""

import sys

import pandas as pd

from pipelines.common import Paths, load_params, run
from pipelines.weights import WEIGHTS
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.train import Recipe, train_fold
from pocus_data.splits import read_folds


def main(paths: Paths) -> None:
    """Read features and folds, write ``fold{k}.keras`` and the training curves."""
    recipe = Recipe(**load_params("train"))
    folds = read_folds(paths.data / "folds.csv")
    store = FeatureStore(paths.data / "features")
    curves = []
    for fold in sorted(folds["fold"].unique()):
        model, curve = train_fold(store, folds, int(fold), recipe, WEIGHTS)
        save_model(model, paths.models / f"fold{fold}.keras")
        curves.append(curve.set_index("epoch").add_suffix(f"_fold{fold}"))
        last = curve.iloc[-1]
        print(f"train: fold {fold}: training loss {last['loss']:.3f}", file=sys.stderr)
    paths.reports.mkdir(parents=True, exist_ok=True)
    table = pd.concat(curves, axis=1).round(5)
    table.to_csv(paths.reports / "training.csv", lineterminator="\n")


if __name__ == "__main__":
    run(main)
