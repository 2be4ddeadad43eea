"""Where a class is seen in a picture: Grad-CAM (Selvaraju et al. 2017).

The last convolution's maps, weighted by the mean gradient of the class's log-probability, what is
negative left out; averaged over the folds' networks.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pocus_data.classifier import networks
from pocus_data.classifier.backend import keras, tf

Heat = NDArray[np.float32]
OPACITY = 0.45


def grad_cam(tails: tuple[Any, ...], features: NDArray[np.float32], number: int) -> Heat:
    """Heat of one class in each picture, ``(n, 14, 14)``, 0…1 within each picture.

    Parameters
    ----------
    tails : the trained part of each fold's network.
    features : ``(n, 14, 14, 512)``.
    number : position of the class in ``CLASS_ORDER``.
    """
    heats = [_scaled(_one(tail, features, number)) for tail in tails]
    return _scaled(np.mean(heats, axis=0))


def overlay(picture: NDArray[np.uint8], heat: Heat) -> Image.Image:
    """The picture, ``(height, width)`` or with three channels, with the heat over it."""
    base = Image.fromarray(picture).convert("RGB")
    large = Image.fromarray(heat).resize(base.size, Image.Resampling.BICUBIC)
    warmth = np.clip(np.asarray(large), 0, 1)
    colours = mpl.colormaps["inferno"](warmth)[..., :3] * 255
    share = (OPACITY * warmth)[..., None]
    mixed = np.asarray(base, dtype=np.float64) * (1 - share) + colours * share
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _one(tail: Any, features: NDArray[np.float32], number: int) -> Heat:
    activity = tf.constant(features)
    if _is_trained_convolution(tail):
        activity = tail.get_layer(networks.LAST_CONVOLUTION)(activity)
    with tf.GradientTape() as tape:
        tape.watch(activity)
        chosen = tf.math.log(_rest(tail, activity)[:, number] + 1e-12)
    gradient = tape.gradient(chosen, activity)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat: Heat = tf.nn.relu(tf.reduce_sum(weights * activity, axis=-1)).numpy()
    return heat


def _rest(tail: Any, activity: Any) -> Any:
    """Run the layers after the last convolution, be it frozen or trained."""
    x = activity
    for layer in tail.layers[2 if _is_trained_convolution(tail) else 1 :]:
        knows = isinstance(layer, keras.layers.BatchNormalization | keras.layers.Dropout)
        x = layer(x, training=False) if knows else layer(x)
    return x


def _is_trained_convolution(tail: Any) -> bool:
    """Whether the tail begins with a convolution, after its input."""
    return bool(tail.layers[1].name == networks.LAST_CONVOLUTION)


def _scaled(heat: Heat) -> Heat:
    top = heat.max(axis=(1, 2), keepdims=True)
    scaled: Heat = (heat / np.maximum(top, 1e-12)).astype(np.float32)
    return scaled
