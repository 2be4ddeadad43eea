"""From pictures to features: the frozen convolutions, run over frames and their copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from pocus_data.classifier import augment, networks
from pocus_data.classifier.backend import keras, tf
from pocus_data.classifier.precision import keras_policy
from pocus_data.crop import mean_of, scan_area
from pocus_data.params import Features
from pocus_data.png import read_png

BATCH = 16
Pictures = NDArray[np.float32]


@dataclass(frozen=True)
class Computed:
    """What the prefix makes of a clip.

    Attributes
    ----------
    features : ``(frames, 1 + augmentations, 14, 14, 512)``.
    border : of each frame with its scan blacked out, features averaged over their map,
        ``(frames, 512)``: for the control that sees only border and furniture.
    """

    features: NDArray[np.float16]
    border: NDArray[np.float16]


def to_picture(pixels: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """A frame as ``(side, side, 3)`` float32, 0…255, RGB; grey is repeated."""
    resized = Image.fromarray(pixels).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)


def without_scan(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Frames of one clip with the area of the scan blacked out."""
    colours = [frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, 2) for frame in frames]
    scan = scan_area(mean_of(colours))
    return [np.where(scan[..., None], np.uint8(0), frame) for frame in colours]


def compile_prefix(
    weights_file: Path, settings: Features, precision: str
) -> Callable[[pd.DataFrame], Computed]:
    """A function from a clip's rows of ``frames.csv`` to what the prefix makes of them."""
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

    def in_batches(pictures: Pictures, owner: NDArray[np.intp], moves: Pictures) -> Any:
        parts = [
            compiled(pictures[owner[start : start + BATCH]], moves[start : start + BATCH]).numpy()
            for start in range(0, len(moves), BATCH)
        ]
        return np.concatenate(parts)

    def compute(clip: pd.DataFrame) -> Computed:
        side = networks.IMAGE_SIDE
        copies = 1 + settings.augmentations
        frames = [read_png(Path(path)) for path in clip["path"]]
        moves = np.stack([augment.matrices(settings, sha256, side) for sha256 in clip["sha256"]])
        pictures = np.stack([to_picture(frame, side) for frame in frames])
        owner = np.repeat(np.arange(len(clip)), copies)
        features = in_batches(pictures, owner, moves.reshape(-1, 8))
        masked = np.stack([to_picture(frame, side) for frame in without_scan(frames)])
        border = in_batches(masked, np.arange(len(clip)), moves[:, 0])
        pooled = border.astype(np.float32).mean(axis=(1, 2)).astype(np.float16)
        return Computed(features.reshape(len(clip), copies, *networks.FEATURE_SHAPE), pooled)

    return compute
