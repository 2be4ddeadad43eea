"""Training: last convolution and head on cached features, one network per fold.

The recipe ``paper``: Adam, cross-entropy, a fixed number of epochs, in every epoch another
augmented copy of each training frame. Nothing of the test fold is looked at: no checkpoint, no
early stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pocus_data.classifier import networks
from pocus_data.classifier.backend import keras, tf
from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.precision import keras_policy, resolve
from pocus_data.errors import DataError
from pocus_data.params import Train
from pocus_data.tables import CLASS_ORDER


def class_numbers(classes: pd.Series) -> NDArray[np.intp]:
    """Position of each class in ``CLASS_ORDER``."""
    unknown = set(classes) - set(CLASS_ORDER)
    if unknown:
        raise DataError(
            f"class {sorted(unknown)[0]} is not one the network tells apart"
            f" ({', '.join(CLASS_ORDER)}); see split.select in params.yaml"
        )
    numbers = [CLASS_ORDER.index(name) for name in classes]
    return np.array(numbers, dtype=np.intp)


def train_fold(
    store: FeatureStore, folds: pd.DataFrame, fold: int, recipe: Train, weights_file: Path
) -> tuple[Any, pd.DataFrame]:
    """Train the network that will be tested on ``fold``, on the frames of all other folds.

    Parameters
    ----------
    folds : table of frames with their class and fold.
    weights_file : ImageNet weights of the convolutions.

    Returns
    -------
    The whole network (image in, float32), and a table epoch, loss, accuracy over the training
    frames.

    Raises
    ------
    DataError
        if the loss stops being a number.
    """
    keras.utils.set_random_seed(1000 * recipe.seed + fold)
    tf.config.experimental.enable_op_determinism()
    training = folds[folds["fold"] != fold].reset_index(drop=True)
    vgg = networks.convolutions(str(weights_file))
    tail = _tail(recipe, vgg)
    tail.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batches = tf.data.Dataset.from_generator(
        lambda: _batches(store, training, fold, recipe),
        output_signature=(
            tf.TensorSpec((None, *networks.FEATURE_SHAPE), tf.float16),
            tf.TensorSpec((None,), tf.int64),
        ),
    ).prefetch(4)
    steps = len(_batch_starts(len(training), recipe.batch_size))
    stop_at_nan = keras.callbacks.TerminateOnNaN()
    history = tail.fit(
        batches,
        epochs=recipe.epochs,
        steps_per_epoch=steps,
        verbose=0,
        shuffle=False,
        callbacks=[stop_at_nan],
    ).history
    if not np.isfinite(history["loss"]).all():
        raise DataError(
            f"train: fold {fold}: the loss is not a number after epoch {len(history['loss'])};"
            " try a lower train.learning_rate, or precision: float32"
        )
    curve = pd.DataFrame({"epoch": range(1, recipe.epochs + 1), **history})
    whole = networks.pocovid_net(recipe.hidden_units, recipe.dropout)
    networks.copy_weights(vgg, whole)
    networks.copy_weights(tail, whole)
    return whole, curve[["epoch", "loss", "accuracy"]]


def _tail(recipe: Train, vgg: Any) -> Any:
    keras.mixed_precision.set_global_policy(keras_policy(resolve(recipe.precision)))
    try:
        tail = networks.tail(recipe.hidden_units, recipe.dropout)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    last = networks.LAST_CONVOLUTION
    tail.get_layer(last).set_weights(vgg.get_layer(last).get_weights())
    return tail


def _batches(
    store: FeatureStore, training: pd.DataFrame, fold: int, recipe: Train
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.intp]]]:
    """All batches of all epochs; order and copies follow from seed, fold and epoch."""
    places = store.locate(training["frame_id"])
    classes = class_numbers(training["class"])
    for epoch in range(recipe.epochs):
        rng = np.random.default_rng([recipe.seed, fold, epoch])
        order = rng.permutation(len(training))
        copies = rng.integers(min(1, store.copies), store.copies + 1, len(training))
        for start, stop in _batch_starts(len(training), recipe.batch_size):
            chosen = order[start:stop]
            yield store.read(places[chosen], copies[chosen]), classes[chosen]


def _batch_starts(count: int, size: int) -> list[tuple[int, int]]:
    """Start and stop of each batch; a last batch of one is left out of the epoch."""
    bounds = [(start, min(start + size, count)) for start in range(0, count, size)]
    # Batch normalisation has no variance over a single sample.
    return [(start, stop) for start, stop in bounds if stop - start > 1]
