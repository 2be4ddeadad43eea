"""Cross-validation from cached features against the original procedure.

``python -m benchmarks.training [DATASET]`` runs the stage ``features`` with an empty work cache,
the paper's recipe on all folds, and ``train`` and ``evaluate`` as a trial with other settings
would. Then it measures the original procedure: every epoch runs the whole network on freshly
augmented pictures, in float32, batches of 16, and on the test fold after each epoch. Of that it
runs 50 steps and one evaluation, and scales them to the same epochs and folds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

STEPS, WARM_UP = 50, 3
# Prints what a stage's processes needed at most, in KiB; see benchmarks/scale.py.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    """Print Markdown tables."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else "phantom"
    with TemporaryDirectory() as cache:
        features_s, features_mib = stage("features", dataset, cache)
        best_s = stage("train", dataset, cache)[0]
        trial_s = best_s + stage("evaluate", dataset, cache)[0]
        os.environ["POCUS_CACHE"] = cache
        paper_s = paper(dataset)
    original_s, counts = original(dataset)
    print("| what | wall s | of the original |\n| --- | ---: | ---: |")
    print(f"| original procedure, scaled | {original_s:.0f} | 1 |")
    rows = {
        f"paper's recipe: features {features_s:.0f} s, training {paper_s:.0f} s": features_s
        + paper_s,
        f"recipe best: features {features_s:.0f} s, training {best_s:.0f} s": features_s + best_s,
        "trial, paper's recipe: training again": paper_s,
        "trial, recipe best: training and evaluation again": trial_s,
    }
    for what, took_s in rows.items():
        print(f"| {what} | {took_s:.0f} | 1/{original_s / took_s:.1f} |")
    print(f"\n{counts}")
    folder = Path("data") / dataset / "features"
    frames = len((folder / "rows.csv").read_text().splitlines()) - 1
    disk_mib = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    print(f"Features of 1,000 frames: {1000 * disk_mib / frames:.0f} MiB on disk.")
    print(f"Peak memory of computing features: {features_mib:.0f} MiB.")


def stage(name: str, dataset: str, cache: str) -> tuple[float, float]:
    """Seconds and peak MiB of one stage."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, "-m", f"pipelines.{name}", dataset],
        env=os.environ | {"POCUS_CACHE": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return time.perf_counter() - started, int(done.stdout) / 1024


def paper(dataset: str) -> float:
    """Seconds of the paper's recipe on all folds, from features."""
    from pocus_data.classifier.features import FeatureStore
    from pocus_data.classifier.train import train_network
    from pocus_data.params import load_params
    from pocus_data.tables import read_folds

    recipe, weights = load_params().optimism, Path("models/vgg16_imagenet_notop.weights.h5")
    folds = read_folds(Path("data") / dataset / "folds.csv")
    store = FeatureStore(Path("data") / dataset / "features")
    started = time.perf_counter()
    for fold in sorted(set(folds["fold"])):
        training = folds[folds["fold"] != fold].reset_index(drop=True)
        train_network(store, training, recipe, weights, int(fold))
    return time.perf_counter() - started


def original(dataset: str) -> tuple[float, str]:
    """Seconds of the original procedure, scaled, and from what."""
    from pocus_data.classifier import augment, networks
    from pocus_data.classifier.backend import keras
    from pocus_data.classifier.prefix import to_picture
    from pocus_data.dataset import load_frames
    from pocus_data.params import load_params
    from pocus_data.png import read_png
    from pocus_data.tables import class_numbers

    params, rng = load_params(), np.random.default_rng(1)
    recipe, batch = params.optimism, params.optimism.batch_size
    frames = load_frames(dataset)
    frames = frames[frames["fold"].notna()]
    training, tested = frames[frames["fold"] != 0], frames[frames["fold"] == 0]
    model = networks.pocovid_net(recipe.hidden_units, recipe.dropout)
    networks.copy_weights(networks.convolutions("models/vgg16_imagenet_notop.weights.h5"), model)
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    classes = class_numbers(training["class"])

    def pictures(paths: list[str]) -> np.ndarray:
        return np.stack([to_picture(read_png(Path(path)), networks.IMAGE_SIDE) for path in paths])

    def step() -> None:
        chosen = rng.choice(len(training), batch, replace=False)
        paths = list(training["path"].iloc[chosen])
        digests = [f"{rng.integers(2**60):015x}" for _ in chosen]
        one_copy = params.features.model_copy(update={"augmentations": 1})
        moves = [augment.matrices(one_copy, digest, networks.IMAGE_SIDE)[1] for digest in digests]
        moved = np.array(augment.transform(pictures(paths), np.stack(moves)))
        model.train_on_batch(keras.applications.vgg16.preprocess_input(moved), classes[chosen])

    for _ in range(WARM_UP):
        step()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    step_s = (time.perf_counter() - started) / STEPS
    started = time.perf_counter()
    shown = keras.applications.vgg16.preprocess_input(pictures(list(tested["path"])))
    model.predict(shown, batch_size=batch, verbose=0)
    frame_s = (time.perf_counter() - started) / len(tested)
    folds = params.split.folds
    # Over all folds each frame is tested once an epoch, and trained on in all folds but one.
    steps = recipe.epochs * (folds - 1) * len(frames) / batch
    total_s = steps * step_s + recipe.epochs * len(frames) * frame_s
    counts = (
        f"{len(frames)} frames, {folds} folds, {recipe.epochs} epochs. Original: {STEPS} steps of"
        f" {step_s:.2f} s and {len(tested)} frames tested at {1000 * frame_s:.0f} ms were run;"
        f" {steps:.0f} steps and {recipe.epochs * len(frames)} tests would be."
    )
    return total_s, counts


if __name__ == "__main__":
    main()
