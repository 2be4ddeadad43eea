"""How much a leak flatters: one recipe under three kinds of folds, and two choices of checkpoint.

Folds that only keep frames, or videos, apart put one patient on both sides. A checkpoint chosen
where it is tested, as the original study's code did, is chosen for its luck.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pocus_data.classifier import metrics
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.metrics import PROBABILITIES, Bootstrap
from pocus_data.classifier.train import Trained, train_network
from pocus_data.params import Split, Train
from pocus_data.splits import assign_folds
from pocus_data.tables import CLASS_ORDER

GROUPS = ("frame", "video", "patient")
LAST, BEST_ON_TEST = "last_epoch", "best_epoch_on_test"


def measure_optimism(
    store: FeatureStore,
    frames: pd.DataFrame,
    near: pd.DataFrame,
    same: pd.DataFrame,
    split: Split,
    recipe: Train,
    weights_file: Path,
    bootstrap: Bootstrap,
) -> dict[str, dict[str, Any]]:
    """Train and test by each kind of folds.

    Parameters
    ----------
    frames : the frames to learn from, as ``assign_folds`` wants them.
    near : pairs of clips that show the same pictures.
    same : pairs of clips of one examination.

    Returns
    -------
    For each kind of folds and choice of checkpoint what ``metrics.summarise`` says of frames and
    of videos by mean probability. Intervals are over patients throughout.
    """
    result: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        folds = assign_folds(frames, group, split.folds, split.seed, near, same)
        chosen: dict[str, list[pd.DataFrame]] = {LAST: [], BEST_ON_TEST: []}
        for fold in sorted(set(folds["fold"])):
            tested = folds[folds["fold"] == fold].reset_index(drop=True)
            training = folds[folds["fold"] != fold].reset_index(drop=True)
            trained = train_network(store, training, recipe, weights_file, int(fold), tested)
            chosen[LAST].append(_predicted(tested, trained, -1))
            chosen[BEST_ON_TEST].append(_predicted(tested, trained, _best(tested, trained)))
        result[group] = {
            name: summarise(pd.concat(parts, ignore_index=True), bootstrap)
            for name, parts in chosen.items()
        }
    return result


def summarise(predictions: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
    """Metrics of frames and videos."""
    by_mean = metrics.by_video(predictions, "mean")
    return {
        "frame": metrics.summarise(predictions, bootstrap, with_areas=False),
        "video_mean": metrics.summarise(by_mean, bootstrap, with_areas=False),
    }


def _best(tested: pd.DataFrame, trained: Trained) -> int:
    """The epoch of the best accuracy on the tested frames; the first of equals."""
    actual = tested["class"].to_numpy(str)
    named = np.array(CLASS_ORDER)[trained.watched.argmax(axis=2)]
    return int((named == actual).mean(axis=1).argmax())


def _predicted(tested: pd.DataFrame, trained: Trained, epoch: int) -> pd.DataFrame:
    table = tested.copy()
    values = trained.watched[epoch]
    table["predicted"] = np.array(CLASS_ORDER)[values.argmax(axis=1)]
    table[PROBABILITIES] = values
    return table
