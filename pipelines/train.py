"""Stage ``train``: one network per fold, and what its training frames look like."""

import pandas as pd
from dvclive.live import Live

from pipelines.common import WEIGHTS, Params, Paths, run
from pocus_data.classifier import familiarity
from pocus_data.classifier.archive import save_model
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.linear import choose_line
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
                choices[str(fold)] = chosen.as_json()
                for step, score in enumerate(chosen.inner_balanced_accuracy.values(), start=1):
                    _log(live, int(fold), step, inner_balanced_accuracy=score)
                network = chosen.line.whole(WEIGHTS)
            else:
                network = _as_in_the_paper(store, training, params.train, int(fold), live)
            save_model(network, paths.models / f"fold{fold}.keras")
    write_json(paths.reports / "training" / "chosen.json", choices)
    familiarity.learn(pooled, folds["group"].to_numpy(str)).save(paths.models)


def _as_in_the_paper(
    store: FeatureStore, training: pd.DataFrame, recipe: Train, fold: int, live: Live
) -> object:
    def tell(epoch: int, loss: float, accuracy: float) -> None:
        _log(live, fold, epoch, loss=loss, accuracy=accuracy)

    return train_network(store, training, recipe, WEIGHTS, fold, on_epoch=tell).whole(WEIGHTS)


def _log(live: Live, fold: int, step: int, **values: float) -> None:
    live.step = step
    for name, value in values.items():
        live.log_metric(f"fold{fold}/{name}", round(value, 5))


if __name__ == "__main__":
    run(main)
