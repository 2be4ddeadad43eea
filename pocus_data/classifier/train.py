"""Training: last convolution and head on cached features.

The recipe ``paper``: Adam, cross-entropy, a fixed number of epochs, in every epoch another
augmented copy of each training frame. Nothing of the test fold is looked at: no checkpoint, no
early stop.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from pocus_data.tables import class_numbers
from pocus_data.workcache import cached_folder, code_digest, digest_of, file_sha256

Probabilities = NDArray[np.float64]
OnEpoch = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Trained:
    """What training gave.

    Attributes
    ----------
    tail : last convolution and head, features in.
    curve : epoch, loss and accuracy over the training frames.
    watched : class probabilities of the frames that were watched, ``(epochs, n, classes)``.
    """

    tail: Any
    curve: pd.DataFrame
    watched: Probabilities

    def whole(self, weights_file: Path) -> Any:
        """The whole network, image in, float32."""
        units = self.tail.get_layer("hidden").units
        whole = networks.pocovid_net(units, self.tail.get_layer("dropout").rate)
        networks.copy_weights(networks.convolutions(str(weights_file)), whole)
        networks.copy_weights(self.tail, whole)
        return whole


def train_network(
    store: FeatureStore,
    training: pd.DataFrame,
    recipe: Train,
    weights_file: Path,
    stream: int,
    watch: pd.DataFrame | None = None,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Train one network, or take it from the work cache if the very same was trained before.

    Parameters
    ----------
    training : frames to learn from, with frame_id, class and group.
    weights_file : ImageNet weights of the convolutions.
    stream : number of this training among those of one seed; another draws otherwise.
    watch : frames to predict after each epoch; training does not heed them.
    on_epoch : is told the number, loss and accuracy of each epoch.

    Raises
    ------
    DataError
        if there is nothing to learn from, or the loss stops being a number.
    """
    if training["class"].nunique() < 2:
        raise DataError(f"train: {training['class'].nunique()} classes to learn from; need two")
    digest = digest_of(
        recipe.model_dump(exclude={"recipe", "best"}),
        [resolve(recipe.precision), stream],
        [store.fingerprint(table["frame_id"]) for table in (training, watch) if table is not None],
        training["class"].tolist(),
        file_sha256(weights_file),
        code_digest(sys.modules[__name__], networks),
        keras.__version__,
        tf.__version__,
    )

    told: list[int] = []

    def tell(epoch: int, loss: float, accuracy: float) -> None:
        told.append(epoch)
        if on_epoch:
            on_epoch(epoch, loss, accuracy)

    def make(folder: Path) -> None:
        trained = _fit(store, training, recipe, weights_file, stream, watch, tell)
        np.savez(folder / "tail.npz", *trained.tail.get_weights())
        np.save(folder / "watched.npy", trained.watched)
        trained.curve.to_csv(folder / "curve.csv", index=False)

    folder = cached_folder("trainings", digest, make)
    tail = networks.tail(recipe.hidden_units, recipe.dropout)
    with np.load(folder / "tail.npz") as weights:
        tail.set_weights([weights[name] for name in weights.files])
    curve = pd.read_csv(folder / "curve.csv")
    if not told:
        for epoch, loss, accuracy in curve.itertuples(index=False):
            tell(epoch, loss, accuracy)
    return Trained(tail, curve, np.load(folder / "watched.npy"))


def _fit(
    store: FeatureStore,
    training: pd.DataFrame,
    recipe: Train,
    weights_file: Path,
    stream: int,
    watch: pd.DataFrame | None,
    tell: OnEpoch,
) -> Trained:
    keras.utils.set_random_seed(1000 * recipe.seed + stream)
    tf.config.experimental.enable_op_determinism()
    tail = _tail(recipe, weights_file)
    steps = len(_batch_starts(len(training), recipe.batch_size))
    tail.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    watcher = _Watcher(store, watch, tell)
    history = tail.fit(
        _dataset(store, training.reset_index(drop=True), recipe, stream),
        epochs=recipe.epochs,
        steps_per_epoch=steps,
        verbose=0,
        shuffle=False,
        callbacks=[keras.callbacks.TerminateOnNaN(), watcher],
    ).history
    if not np.isfinite(history["loss"]).all():
        raise DataError(
            f"train: the loss is not a number after epoch {len(history['loss'])};"
            " try a lower train.learning_rate, or precision: float32"
        )
    curve = pd.DataFrame({"epoch": range(1, recipe.epochs + 1), **history})
    watched = np.stack(watcher.seen) if watcher.seen else np.zeros((0, 0, 0))
    return Trained(tail, curve[["epoch", "loss", "accuracy"]], watched)


class _Watcher(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Predicts frames after each epoch, for curves; training does not heed it."""

    def __init__(self, store: FeatureStore, watch: pd.DataFrame | None, tell: OnEpoch) -> None:
        super().__init__()
        self.seen: list[Probabilities] = []
        self._tell = tell
        self._store = store
        self._places = None if watch is None else store.locate(watch["frame_id"])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Predict, with the weights as they now are."""
        self._tell(epoch + 1, logs["loss"], logs["accuracy"])
        if self._places is not None:
            self.seen.append(predict_frames(self.model, self._store, self._places))


def predict_frames(tail: Any, store: FeatureStore, places: NDArray[np.intp]) -> Probabilities:
    """Class probabilities of unchanged frames, ``(n, classes)``; a hundred or so at a time."""
    parts = []
    for start in range(0, len(places), 128):
        part = places[start : start + 128]
        features = store.read(part, np.zeros(len(part), dtype=np.intp))
        parts.append(tail.predict_on_batch(features))
    return np.concatenate(parts).astype(np.float64)


def _tail(recipe: Train, weights_file: Path) -> Any:
    keras.mixed_precision.set_global_policy(keras_policy(resolve(recipe.precision)))
    try:
        tail = networks.tail(recipe.hidden_units, recipe.dropout)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    last = networks.LAST_CONVOLUTION
    vgg = networks.convolutions(str(weights_file))
    tail.get_layer(last).set_weights(vgg.get_layer(last).get_weights())
    return tail


def _dataset(store: FeatureStore, training: pd.DataFrame, recipe: Train, stream: int) -> Any:
    """All batches of all epochs, read from the memory map while the last one is learned."""
    return tf.data.Dataset.from_generator(
        lambda: _batches(store, training, recipe, stream),
        output_signature=(
            tf.TensorSpec((None, *networks.FEATURE_SHAPE), tf.float16),
            tf.TensorSpec((None,), tf.int64),
        ),
    ).prefetch(4)


def _batches(
    store: FeatureStore, training: pd.DataFrame, recipe: Train, stream: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.intp]]]:
    """Order and copies follow from seed, stream and epoch."""
    places = store.locate(training["frame_id"])
    classes = class_numbers(training["class"])
    for epoch in range(recipe.epochs):
        rng = np.random.default_rng([recipe.seed, stream, epoch])
        order = rng.permutation(len(training))
        copies = rng.integers(min(1, store.copies), store.copies + 1, len(training))
        for start, stop in _batch_starts(len(order), recipe.batch_size):
            chosen = order[start:stop]
            yield store.read(places[chosen], copies[chosen]), classes[chosen]


def _batch_starts(count: int, size: int) -> list[tuple[int, int]]:
    """Start and stop of each batch; a last batch of one is left out of the epoch."""
    bounds = [(start, min(start + size, count)) for start in range(0, count, size)]
    # Batch normalisation has no variance over a single sample.
    return [(start, stop) for start, stop in bounds if stop - start > 1]
