"""Random transformations of frames (paper, section 3): rotation, flips, shifts.

Each copy's transformation follows from the seed, the frame's pixels and the copy's number alone,
never from the order of the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pocus_data.params import Features


def matrices(settings: Features, frame_sha256: str, side: int) -> NDArray[np.float32]:
    """Projective transforms of one frame, ``(1 + augmentations, 8)``.

    The first is the identity. Each maps a point of the output to the point of the input that it
    shows, in the layout of TensorFlow's ``ImageProjectiveTransformV3``.
    """
    rng = np.random.default_rng([settings.seed, int(frame_sha256[:15], 16)])
    centre = (side - 1) / 2
    rows = [np.array([1, 0, 0, 0, 1, 0, 0, 0], dtype=np.float32)]
    for _ in range(settings.augmentations):
        angle = np.deg2rad(rng.uniform(-settings.rotation_deg, settings.rotation_deg))
        shift_x, shift_y = rng.uniform(-1, 1, 2) * settings.shift_share * side
        flip_x, flip_y = rng.choice([-1.0, 1.0], 2) if settings.flips else (1.0, 1.0)
        a, b = np.cos(angle) * flip_x, -np.sin(angle) * flip_y
        d, e = np.sin(angle) * flip_x, np.cos(angle) * flip_y
        c = centre - a * (centre + shift_x) - b * (centre + shift_y)
        f = centre - d * (centre + shift_x) - e * (centre + shift_y)
        rows.append(np.array([a, b, c, d, e, f, 0, 0], dtype=np.float32))
    return np.stack(rows)


def transform(images: Any, transforms: NDArray[np.float32]) -> Any:
    """Apply one transform to each image, bilinear; the border repeats outwards.

    ``images`` is ``(n, height, width, channels)`` float32, ``transforms`` is ``(n, 8)``.
    """
    from pocus_data.classifier.backend import tf

    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
