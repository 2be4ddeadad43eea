"""Stage ``train``: one network per fold."""

import sys

import pandas as pd

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.train import train_fold
from pocus_data.tables import read_folds, write_csv


def main(paths: Paths, params: Params) -> None:
    """Read features and folds, write ``fold{k}.keras`` and the training curves."""
    folds = read_folds(paths.data / "folds.csv")
    store = FeatureStore(paths.data / "features")
    curves = []
    for fold in sorted(folds["fold"].unique()):
        model, curve = train_fold(store, folds, int(fold), params.train, WEIGHTS)
        save_model(model, paths.models / f"fold{fold}.keras")
        curves.append(curve.set_index("epoch").add_suffix(f"_fold{fold}"))
        last = curve.iloc[-1]
        print(f"train: fold {fold}: training loss {last['loss']:.3f}", file=sys.stderr)
    table = pd.concat(curves, axis=1).round(5).reset_index()
    write_csv(table, paths.reports / "training.csv")


if __name__ == "__main__":
    run(main)
