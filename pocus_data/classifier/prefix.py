"""From pictures to features: the frozen convolutions, run over frames and their copies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from pocus_data.classifier import augment, networks
from pocus_data.classifier.backend import keras, tf
from pocus_data.classifier.precision import keras_policy
from pocus_data.params import Features
from pocus_data.png import read_png

BATCH = 16


def load_picture(path: Path, side: int) -> NDArray[np.float32]:
    """A frame as ``(side, side, 3)`` float32, 0…255, RGB; grey is repeated."""
    with Image.fromarray(read_png(path)) as image:
        resized = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(resized, dtype=np.float32)


def compile_prefix(
    weights_file: Path, settings: Features, precision: str
) -> Callable[[pd.DataFrame], NDArray[np.float16]]:
    """A function from a clip's rows of ``frames.csv`` to its features.

    It returns ``(frames, 1 + augmentations, 14, 14, 512)``.
    """
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy(keras_policy(precision))
    try:
        model = networks.prefix(networks.convolutions(str(weights_file)))
    finally:
        keras.mixed_precision.set_global_policy(before)

    def run(pictures: Any, transforms: Any) -> Any:
        moved = augment.transform(pictures, transforms)
        prepared = keras.applications.vgg16.preprocess_input(moved)
        return tf.cast(model(prepared, training=False), tf.float16)

    compiled = tf.function(run, reduce_retracing=True)

    def compute(clip: pd.DataFrame) -> NDArray[np.float16]:
        side = networks.IMAGE_SIDE
        copies = 1 + settings.augmentations
        pictures = np.stack([load_picture(Path(path), side) for path in clip["path"]])
        moves = np.stack([augment.matrices(settings, sha256, side) for sha256 in clip["sha256"]])
        flat = moves.reshape(-1, 8)
        owner = np.repeat(np.arange(len(clip)), copies)
        parts = [
            compiled(pictures[owner[start : start + BATCH]], flat[start : start + BATCH]).numpy()
            for start in range(0, len(flat), BATCH)
        ]
        return np.concatenate(parts).reshape(len(clip), copies, *networks.FEATURE_SHAPE)

    return compute
