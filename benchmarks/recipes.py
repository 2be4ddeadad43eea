"""What the recipes are worth: `python -m benchmarks.recipes [DATASET] [SEEDS]`.

Three tables. The first two are what ``best`` was chosen by: balanced accuracy of frames on inner
folds of the training patients, of the paper's recipe after each epoch and of the line for each
strength; no test fold is looked at. The third compares the two recipes on the patient-disjoint
test folds, for several seeds of training; folds stay the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold

from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.linear import choose_line
from pocus_data.classifier.train import train_network
from pocus_data.params import Train, load_params
from pocus_data.tables import class_numbers, read_folds

WEIGHTS = Path("models/vgg16_imagenet_notop.weights.h5")


def main() -> None:
    """Print the tables."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    seeds = range(1, 1 + int(sys.argv[2] if len(sys.argv) > 2 else 3))
    params = load_params()
    folds = read_folds(Path("data") / dataset / "folds.csv")
    store = FeatureStore(Path("data") / dataset / "features")
    pooled = store.pooled(store.locate(folds["frame_id"]))
    paper, best = params.optimism, params.train.model_copy(update={"recipe": "best"})
    numbers = sorted(set(folds["fold"]))

    lines = [inner_strengths(pooled, folds, fold, best) for fold in numbers]
    print("| line, strength | balanced accuracy on inner folds, mean |\n| ---: | ---: |")
    for strength, score in pd.DataFrame(lines).mean().items():
        print(f"| {strength} | {score:.3f} |")
    print("\n| seed | paper, tested | best, tested |\n| ---: | ---: | ---: |")
    for seed in seeds:
        one = tested_paper(store, folds, paper.model_copy(update={"seed": seed}))
        other = tested_best(pooled, folds, best.model_copy(update={"seed": seed}))
        print(f"| {seed} | {one:.3f} | {other:.3f} |", flush=True)
    after = inner_epochs(store, folds, paper, best.best.inner_folds)
    print("\n| paper, after epoch | balanced accuracy on inner folds |\n| ---: | ---: |")
    for epoch, score in enumerate(after, start=1):
        print(f"| {epoch} | {score:.3f} |")


def inner_epochs(
    store: FeatureStore, folds: pd.DataFrame, recipe: Train, inner_folds: int
) -> list[float]:
    """The first inner fold of each fold, predicted after each epoch; scored together."""
    actual, predicted = [], []
    for fold in sorted(set(folds["fold"])):
        training = folds[folds["fold"] != fold].reset_index(drop=True)
        splitter = StratifiedGroupKFold(inner_folds, shuffle=True, random_state=recipe.seed)
        unused = np.zeros(len(training))
        learned, held_out = next(splitter.split(unused, training["class"], training["group"]))
        rest, watch = (training.iloc[rows].reset_index(drop=True) for rows in (learned, held_out))
        trained = train_network(store, rest, recipe, WEIGHTS, 100 + int(fold), watch)
        actual.append(class_numbers(watch["class"]))
        predicted.append(trained.watched.argmax(axis=2))
    numbers, named = np.concatenate(actual), np.concatenate(predicted, axis=1)
    return [float(balanced_accuracy_score(numbers, epoch)) for epoch in named]


def inner_strengths(
    pooled: np.ndarray, folds: pd.DataFrame, fold: int, recipe: Train
) -> dict[float, float]:
    """Scores of all strengths on all inner folds of one fold."""
    rest = (folds["fold"] != fold).to_numpy()
    training = folds[rest].reset_index(drop=True)
    return choose_line(pooled[rest], training, recipe).inner_balanced_accuracy


def tested_paper(store: FeatureStore, folds: pd.DataFrame, recipe: Train) -> float:
    """Balanced accuracy of frames over all test folds."""
    actual, predicted = [], []
    for fold in sorted(set(folds["fold"])):
        training = folds[folds["fold"] != fold].reset_index(drop=True)
        tested = folds[folds["fold"] == fold].reset_index(drop=True)
        trained = train_network(store, training, recipe, WEIGHTS, int(fold), tested)
        actual.append(class_numbers(tested["class"]))
        predicted.append(trained.watched[-1].argmax(axis=1))
    return float(balanced_accuracy_score(np.concatenate(actual), np.concatenate(predicted)))


def tested_best(pooled: np.ndarray, folds: pd.DataFrame, recipe: Train) -> float:
    """Balanced accuracy of frames over all test folds."""
    numbers = class_numbers(folds["class"])
    named = np.zeros(len(folds), dtype=int)
    for fold in sorted(set(folds["fold"])):
        rest = (folds["fold"] != fold).to_numpy()
        training = folds[rest].reset_index(drop=True)
        line = choose_line(pooled[rest], training, recipe).line
        named[~rest] = line.probabilities(pooled[~rest]).argmax(axis=1)
    return float(balanced_accuracy_score(numbers, named))


if __name__ == "__main__":
    main()
