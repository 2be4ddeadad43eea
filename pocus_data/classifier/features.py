"""Features: what the frozen part of the network makes of every frame and its augmented copies.

The first 12 convolutions never change, so they run once per picture instead of once per picture,
epoch and fold. One file a clip, ``(frames, 1 + copies, 14, 14, 512)`` in float16; the copy 0 is
the frame as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pocus_data.classifier import augment
from pocus_data.classifier.augment import Augmentation
from pocus_data.classifier.precision import keras_policy, resolve
from pocus_data.errors import DataError
from pocus_data.frames import read_png
from pocus_data.workcache import cached_folder, code_digest, digest_of, file_sha256, place

BATCH = 16

Features = NDArray[np.float16]


class FeatureStore:
    """Features of a dataset, memory-mapped: only what is asked for is read.

    Attributes
    ----------
    settings : how the features were made, among it ``copies`` and ``precision``.
    """

    def __init__(self, folder: Path) -> None:
        """Open what ``write_features`` wrote.

        Raises
        ------
        DataError
            if the folder is not complete.
        """
        table = folder / "rows.csv"
        if not table.exists():
            raise DataError(f"{table}: missing; run 'dvc repro' to make it")
        self.folder = folder
        self.settings: dict[str, Any] = json.loads((folder / "settings.json").read_text())
        rows = pd.read_csv(table).set_index("frame_id")
        self._names = sorted(rows["video_id"].unique())
        numbers = {name: number for number, name in enumerate(self._names)}
        self._shard_of = rows["video_id"].map(numbers)
        self._row_of = rows["row"]
        self._shards: dict[int, Features] = {}

    @property
    def copies(self) -> int:
        """Augmented copies of each frame, numbered from 1; copy 0 is the frame itself."""
        return int(self.settings["copies"])

    def locate(self, frame_ids: pd.Series) -> NDArray[np.intp]:
        """Shard and row of each frame, ``(n, 2)``, for ``read``.

        Raises
        ------
        DataError
            if a frame has no features.
        """
        missing = ~frame_ids.isin(self._row_of.index)
        if missing.any():
            first = frame_ids[missing].iloc[0]
            raise DataError(
                f"{self.folder}: no features of {missing.sum()} frames ({first}, …);"
                " run 'dvc repro'"
            )
        places = np.stack([self._shard_of[frame_ids], self._row_of[frame_ids]], axis=1)
        return places.astype(np.intp)

    def read(self, places: NDArray[np.intp], copies: NDArray[np.intp]) -> Features:
        """Features of the frames at ``places``, one copy of each, ``(n, 14, 14, 512)``."""
        parts = [
            self._shard(int(shard))[row, copy]
            for (shard, row), copy in zip(places, copies, strict=True)
        ]
        return np.stack(parts)

    def _shard(self, number: int) -> Features:
        if number not in self._shards:
            path = self.folder / f"{self._names[number]}.npy"
            self._shards[number] = np.load(path, mmap_mode="r")
        return self._shards[number]


def write_features(
    frames: pd.DataFrame,
    weights_file: Path,
    augmentation: Augmentation,
    precision: str,
    folder: Path,
) -> None:
    """Compute the features of all frames, clip by clip, into ``folder``.

    A clip whose frames, weights, augmentation and precision were seen before is taken from the
    work cache.
    """
    folder.mkdir(parents=True, exist_ok=True)
    numbers = resolve(precision)
    settings = {**asdict(augmentation), "precision": numbers}
    made_by = digest_of(file_sha256(weights_file), settings, code_digest(augment), _RECIPE)
    compute: Callable[[pd.DataFrame], Features] | None = None
    rows = []
    clips = frames.sort_values("frame_id").groupby("video_id", sort=True)
    for video_id, clip in tqdm(clips, "features", disable=None):

        def make(into: Path, clip: pd.DataFrame = clip) -> None:
            nonlocal compute
            compute = compute or _prefix(weights_file, augmentation, numbers)
            np.save(into / "features.npy", compute(clip))

        cached = cached_folder("features", digest_of(made_by, list(clip["sha256"])), make)
        place(cached / "features.npy", folder / f"{video_id}.npy")
        rows += [
            {"frame_id": frame_id, "video_id": video_id, "row": row}
            for row, frame_id in enumerate(clip["frame_id"])
        ]
    pd.DataFrame(rows).to_csv(folder / "rows.csv", index=False, lineterminator="\n")
    (folder / "settings.json").write_text(json.dumps(settings, sort_keys=True, indent=1) + "\n")


# Changes to how pixels become features must change this, or old features would be reused.
_RECIPE = "resize 224 bilinear antialiased; VGG caffe preprocessing; block5_conv2; float16"


def load_picture(path: Path, side: int) -> NDArray[np.float32]:
    """A frame as ``(side, side, 3)`` float32, 0…255, RGB; grey is repeated."""
    with Image.fromarray(read_png(path)) as image:
        resized = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(resized, dtype=np.float32)


def _prefix(
    weights_file: Path, augmentation: Augmentation, precision: str
) -> Callable[[pd.DataFrame], Features]:
    """A function from a clip's rows to its features."""
    from pocus_data.classifier import networks
    from pocus_data.classifier.backend import keras, tf

    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy(keras_policy(precision))
    model = networks.prefix(networks.convolutions(str(weights_file)))
    keras.mixed_precision.set_global_policy(before)

    def run(pictures: Any, transforms: Any) -> Any:
        moved = augment.transform(pictures, transforms)
        prepared = keras.applications.vgg16.preprocess_input(moved)
        return tf.cast(model(prepared, training=False), tf.float16)

    compiled = tf.function(run, reduce_retracing=True)

    def compute(clip: pd.DataFrame) -> Features:
        side = networks.IMAGE_SIDE
        copies = 1 + augmentation.copies
        pictures = np.stack([load_picture(Path(path), side) for path in clip["path"]])
        moves = np.stack([augment.matrices(augmentation, sha, side) for sha in clip["sha256"]])
        flat = moves.reshape(-1, 8)
        owner = np.repeat(np.arange(len(clip)), copies)
        parts = [
            compiled(pictures[owner[start : start + BATCH]], flat[start : start + BATCH]).numpy()
            for start in range(0, len(flat), BATCH)
        ]
        return np.concatenate(parts).reshape(len(clip), copies, *networks.FEATURE_SHAPE)

    return compute
