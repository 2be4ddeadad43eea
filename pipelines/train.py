"""Stage ``train``: one network per fold, and what its training frames look like."""

import sys
from functools import partial

import pandas as pd
from dvclive.live import Live

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data.classifier import familiarity
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.linear import Chosen, choose_line
from pocus_data.classifier.train import train_network
from pocus_data.outputs import write_json
from pocus_data.params import Train
from pocus_data.tables import read_folds


def main(paths: Paths, params: Params) -> None:
    """Read features and folds, write ``fold{k}.keras``, ``familiar.npz`` and the curves."""
    folds = read_folds(paths.data / "folds.csv")
    store = FeatureStore(paths.data / "features")
    pooled = store.pooled(store.locate(folds["frame_id"]))
    choices = {}
    with Live(
        str(paths.reports / "training"), save_dvc_exp=False, dvcyaml=None, report=None
    ) as live:
        for fold in sorted(set(folds["fold"])):
            rest = (folds["fold"] != fold).to_numpy()
            training = folds[rest].reset_index(drop=True)
            if params.train.recipe == "best":
                chosen = choose_line(pooled[rest], training, params.train)
                choices[str(fold)] = _said(live, int(fold), chosen)
                network = chosen.line.whole(WEIGHTS)
            else:
                network = _as_in_the_paper(store, training, params.train, int(fold), live)
            save_model(network, paths.models / f"fold{fold}.keras")
    write_json(paths.reports / "training" / "chosen.json", choices)
    familiarity.learn(pooled, folds["group"].to_numpy(str)).save(paths.models)


def _as_in_the_paper(
    store: FeatureStore, training: pd.DataFrame, recipe: Train, fold: int, live: Live
) -> object:
    tell = partial(_log, live, fold)
    trained = train_network(store, training, recipe, WEIGHTS, fold, on_epoch=tell)
    print(f"train: fold {fold}: loss {trained.curve['loss'].iloc[-1]:.3f}", file=sys.stderr)
    return trained.whole(WEIGHTS)


def _log(live: Live, fold: int, epoch: int, loss: float, accuracy: float) -> None:
    live.step = epoch
    live.log_metric(f"fold{fold}/loss", round(loss, 5))
    live.log_metric(f"fold{fold}/accuracy", round(accuracy, 5))


def _said(live: Live, fold: int, chosen: Chosen) -> dict[str, object]:
    for number, score in enumerate(chosen.inner_balanced_accuracy.values(), start=1):
        live.step = number
        live.log_metric(f"fold{fold}/inner_balanced_accuracy", round(score, 5))
    best = chosen.inner_balanced_accuracy[chosen.strength]
    print(f"train: fold {fold}: balanced accuracy on inner folds {best:.3f}", file=sys.stderr)
    return {
        "strength": chosen.strength,
        "inner_balanced_accuracy": {
            str(strength): round(score, 5)
            for strength, score in chosen.inner_balanced_accuracy.items()
        },
        "temperature": {level: round(value, 5) for level, value in chosen.temperatures.items()},
    }


if __name__ == "__main__":
    run(main)
